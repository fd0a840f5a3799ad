"""The record of one field check on a page: what is known, what a person adds, and what others said meanwhile."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.catalog import label
from data.errors import DataError
from geo.readers.limits import limits
from heating.checks import ANSWERS, LONGEST_NOTE, STATUSES, Check, CheckStore, Subject
from ui import access
from ui.state import show_faults
from ui.texts import language, plain, t

PICTURES = ("jpg", "jpeg", "png", "webp")


def record(store: CheckStore, subject: Subject, subject_id: str, *, said: str, shown: str) -> None:
    """Show what is known of a boiler or building from the field and let an editor add to it.

    Parameters
    ----------
    store : CheckStore
        Where it is kept.
    subject, subject_id : str
        Of what.
    said : str
        What the program says of it now, as `heating.field_queue.said_of` has it.
    shown : str
        The same in words.
    """
    history = store.history(subject, subject_id)
    seen_key = f"check_seen_{id(store)}_{subject}_{subject_id}"
    seen = min(int(st.session_state.get(seen_key, len(history))), len(history))
    st.session_state[seen_key] = seen
    last = history[seen - 1] if seen else Check(subject=subject, subject_id=subject_id, status="open")
    st.subheader(t("checks.record", id=plain(subject_id)), anchor=False)
    st.text(t("checks.present", said=shown))
    if seen and last.said != said:
        st.warning(t("checks.outdated"))
    if len(history) > seen:
        st.warning(t("fault.check_moved"))
        if st.button(t("checks.reload"), key=f"{seen_key}_reload"):
            st.session_state[seen_key] = len(history)
            st.rerun()
    if access.may_edit():
        _form(store, last, seen_key, said)
    else:
        st.caption(t("checks.reader"))
    _history(store, history)


def _form(store: CheckStore, last: Check, seen_key: str, said: str) -> None:
    """Show the form of the version that the person has seen, and keep what is sent."""
    seen = int(st.session_state[seen_key])
    key = f"{seen_key}_{seen}"
    words = {code: label("check_status", code, language()) for code in STATUSES}
    answers = {code: label("check_answer", code, language()) for code in ANSWERS}
    with st.form(key):
        status = st.selectbox(
            t("checks.status"),
            list(words),
            index=STATUSES.index(last.status),
            format_func=words.__getitem__,
            key=f"{key}_status",
        )
        answer = st.radio(
            t("checks.answer"),
            list(answers),
            index=ANSWERS.index(last.answer),
            format_func=answers.__getitem__,
            key=f"{key}_answer",
        )
        note = st.text_area(
            t("checks.note"), value=last.note, max_chars=LONGEST_NOTE, help=t("checks.note_help"), key=f"{key}_note"
        )
        photo = st.file_uploader(
            t("checks.photo"), type=PICTURES, max_upload_size=int(limits().photo_mb), key=f"{key}_photo"
        )
        who = _who(key)
        sent = st.form_submit_button(t("checks.save"), type="primary", icon=":material/save:")
    if not sent:
        return
    if not who.strip():
        st.error(t("checks.who_missing"))
        return
    check = Check(
        subject=last.subject,
        subject_id=last.subject_id,
        status=status,
        answer=answer,
        said=said,
        note=note.strip(),
        photo=last.photo,
        photo_name=last.photo_name if photo is None else photo.name,
        who=who.strip(),
    )
    try:
        done = store.save(check, expected=seen, photo=b"" if photo is None else photo.getvalue())
    except DataError as error:
        show_faults(error)
        return
    st.session_state[seen_key] = done.version
    st.session_state["check_who"] = check.who
    st.session_state["check_saved"] = t("checks.saved", id=plain(done.subject_id), version=done.version)
    st.rerun(scope="app")


def _who(key: str) -> str:
    """Return who checks: the person that is signed in, else whoever writes a name."""
    if access.signed_in():
        return access.person()
    known = str(st.session_state.get("check_who", ""))
    return st.text_input(t("checks.who"), value=known, max_chars=60, key=f"{key}_who") or ""


def _history(store: CheckStore, history: list[Check]) -> None:
    """Show every version, the last one first, and the last picture."""
    if not history:
        return
    with st.expander(t("checks.history", count=len(history)), expanded=True):
        rows = [
            {
                t("column.version"): one.version,
                t("column.check_status"): label("check_status", one.status, language()),
                t("column.answer"): label("check_answer", one.answer, language()),
                t("column.note"): one.note,
                t("column.who"): one.who,
                t("column.at"): one.at.removesuffix("+00:00").replace("T", " "),
                t("column.photo_name"): one.photo_name,
            }
            for one in reversed(history)
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
        if history[-1].photo:
            st.image(store.photo(history[-1].photo), caption=plain(history[-1].photo_name))
