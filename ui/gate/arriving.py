"""A file comes in: what it is, what its headers mean, where its coordinates are, what is wrong, and keeping it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st
from pyproj import CRS

from data.catalog import LAYERS, label
from data.errors import DataError
from data.schemas import title
from geo import gate
from geo.mapping import Match, usable_columns
from geo.offsets import DATUMS
from geo.readers.opening import SUFFIXES, sublayers
from geo.template import template
from geo.vocabulary import units_for
from heating.assessment import Assessment
from ui.access import may_edit
from ui.gate.desk import system_name
from ui.gate.doubts import brief
from ui.gate.keeping import keep
from ui.gate.results import shown
from ui.gate.staging import Arrival, arrivals
from ui.parts import XLSX
from ui.state import show_faults
from ui.texts import language, plain, t
from ui.workspace import store

CRS_CHOICES: Final = (
    "auto",
    "EPSG:4490",
    "EPSG:4326",
    "EPSG:4544",
    "EPSG:4545",
    "EPSG:4523",
    "EPSG:4524",
    "EPSG:3857",
    "other",
)
SHIFTS: Final = ("auto", *DATUMS)
TYPES: Final = sorted({suffix.removeprefix(".") for suffix in SUFFIXES} | {"dbf", "shx", "prj", "cpg"})
NOT_USED: Final = ""
_CODE: Final = re.compile(r"EPSG:\d+")


def section(_done: Assessment) -> None:
    """Show the place for files, and the file that is being decided on."""
    st.download_button(
        t("gate.template"),
        data=lambda: template(language()),
        file_name=f"{t('gate.template_file')}.xlsx",
        mime=XLSX,
        on_click="ignore",
        icon=":material/table:",
        key="gate_template",
    )
    if not may_edit():
        st.info(t("gate.readers_look"))
        return
    files = st.file_uploader(t("gate.drop"), type=TYPES, accept_multiple_files=True, key="gate_files")
    here = arrivals(files or [])
    if not here:
        st.caption(t("gate.drop_note"))
        return
    words = {arrival.token: plain(arrival.name) for arrival in here}
    chosen = here[0].token
    if len(here) > 1:
        chosen = st.radio(t("gate.which_file"), list(words), format_func=words.__getitem__, key="gate_file")
    arrival = next(one for one in here if one.token == chosen)
    try:
        _decide(arrival)
    except DataError as error:
        show_faults(error)


def _decide(arrival: Arrival) -> None:
    """Ask what only a person knows of a file, read it, and show what was found."""
    st.subheader(plain(arrival.name), anchor=False)
    parts = _sublayers(arrival)
    if parts is None:
        st.info(t("gate.sublayer"))
        return
    guessed = _looked(arrival, None, parts)
    layer = _layer(arrival, guessed.layer)
    if not layer:
        st.info(t("gate.say_layer"))
        return
    look = _looked(arrival, layer, parts)
    mapping = _mapping(arrival, look)
    crs, datum = _crs(arrival), _datum(arrival)
    decision = gate.Decision(layer=layer, sublayers=parts, mapping=mapping, crs=crs, datum=datum)
    if st.button(t("gate.read"), type="primary", icon=":material/fact_check:", key=f"gate_read_{arrival.token}"):
        with st.spinner(t("gate.reading")):
            _read(arrival, look, decision)
        st.rerun()
    refused = st.session_state.get(f"refused_{arrival.token}")
    if refused is not None and refused[1] == decision:
        show_faults(refused[0])
    done = st.session_state.get(f"read_{arrival.token}")
    if done is None:
        return
    if done[1] != decision:
        st.warning(t("gate.changed_since"))
        return
    shown(done[0])
    brief(done[0])
    keep(arrival, look, *done)


def _read(arrival: Arrival, look: gate.Look, decision: gate.Decision) -> None:
    for kind in ("read", "refused", "kept"):
        st.session_state.pop(f"{kind}_{arrival.token}", None)
    trusted = gate.trusted_layers(store())
    try:
        done = gate.read(arrival.path, decision, raws=look.raws, trusted=trusted, name=arrival.name)
    except DataError as error:
        st.session_state[f"refused_{arrival.token}"] = error, decision
        return
    st.session_state[f"read_{arrival.token}"] = done, decision, gate.version_of(store(), decision.layer)


def _possible(arrival: Arrival) -> list[str]:
    """Return the systems that a file whose own is not stated can be in, as its refusal lists them."""
    refused = st.session_state.get(f"refused_{arrival.token}")
    faults = () if refused is None else refused[0].faults
    if any(fault.rule == "sheets_systems" for fault in faults):  # one answer cannot be right for all of them
        return []
    said = [fault.expected for fault in faults if fault.rule in ("crs_missing", "crs_contradicted")]
    return list(dict.fromkeys(code for one in said for code in _CODE.findall(one)))


def _sublayers(arrival: Arrival) -> tuple[str, ...] | None:
    """Ask which layers or sheets of the file are meant, where it has several; None before any is chosen."""
    found = sublayers(arrival.path)
    if len(found) < 2:
        return tuple(one.name for one in found)
    counts = {one.name: "?" if one.rows is None else one.rows for one in found}
    words = {name: t("gate.sublayer_rows", name=plain(name), rows=rows) for name, rows in counts.items()}
    key = f"sublayer_{arrival.token}"
    st.session_state.setdefault(key, list(words)[:1])
    chosen = st.multiselect(
        t("gate.sublayer"), list(words), format_func=words.__getitem__, key=key, placeholder=t("gate.choose")
    )
    return tuple(name for name in words if name in chosen) or None


def _looked(arrival: Arrival, layer: str | None, parts: tuple[str, ...]) -> gate.Look:
    """Look at a file once for each reading of it."""
    key = f"look_{arrival.token}_{layer}_{parts}"
    if key not in st.session_state:
        with st.spinner(t("gate.reading")):
            st.session_state[key] = gate.look(arrival.path, layer=layer, sublayers=parts, store=store())
    found: gate.Look = st.session_state[key]
    return found


def _layer(arrival: Arrival, guessed: str) -> str | None:
    names = {name: label("layer", name, language()) for name in LAYERS}
    key = f"layer_{arrival.token}"
    if guessed:
        st.session_state.setdefault(key, guessed)
    return st.selectbox(
        t("gate.layer"),
        list(names),
        format_func=names.__getitem__,
        key=key,
        index=None,
        placeholder=t("gate.say_layer"),
    )


def _mapping(arrival: Arrival, look: gate.Look) -> dict[str, tuple[str, str]]:
    """Show what each header is taken for; ask about those that are only alike or whose unit is not stated."""
    open_ones = {match.foreign for match in look.questions}
    known = [match for match in look.matches if match.ours and match.foreign not in open_ones]
    rest = [match for match in look.matches if not match.ours]
    chosen: dict[str, tuple[str, str]] = {}
    cells = gate.samples(look)
    st.markdown(f"**{t('gate.headers')}**")
    st.caption(t("gate.headers_note", known=len(known), open=len(open_ones), rest=len(rest)))
    for match in look.questions:
        chosen[match.foreign] = _asked(arrival, look, match, cells[match.foreign])
    if known:
        with st.expander(t("gate.headers_known", count=len(known))):
            st.dataframe(_told(look.layer, known, cells), hide_index=True, width="stretch")
    others = [*rest, *known]
    with st.expander(t("gate.headers_change", count=len(rest)), expanded=False):
        chosen |= _changed(arrival, look, others, cells)
    remembered = {match.foreign: (match.ours, match.unit) for match in look.matches if match.how == "remembered"}
    return remembered | chosen


def _told(layer: str, matches: Sequence[Match], cells: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            t("gate.header"): [match.foreign for match in matches],
            t("gate.meaning"): [title(layer, match.ours, language()) for match in matches],
            t("ui.unit"): [match.unit for match in matches],
            t("gate.how"): [t(f"gate.how_{match.how}") for match in matches],
            t("gate.readable"): [f"{math.floor(100 * match.readable)} %" for match in matches],
            t("gate.cells"): [cells[match.foreign] for match in matches],
        }
    )


def _words(layer: str) -> dict[str, str]:
    """Return what a header may mean, in the session's words."""
    names = {name: title(layer, name, language()) for name in usable_columns(layer)}
    places = {name: label("gate.column", name, language()) for name in ("longitude", "latitude", "wkt")}
    return {NOT_USED: t("gate.not_used")} | names | {name: word for name, word in places.items() if name in names}


def _asked(arrival: Arrival, look: gate.Look, match: Match, cells: str) -> tuple[str, str]:
    """Ask what one header means, the likeliest meaning chosen beforehand."""
    words = _words(look.layer)
    left, right = st.columns([3, 1])
    key = f"map_{arrival.token}_{look.layer}_{match.foreign}"
    st.session_state.setdefault(key, match.ours)
    ours = left.selectbox(
        t("gate.question", header=plain(match.foreign), cells=plain(cells), likeness=f"{match.likeness:.0f}"),
        list(words),
        format_func=words.__getitem__,
        key=key,
    )
    return ours, _unit(right, ours, match, key)


def _unit(place: Any, ours: str, match: Match, key: str) -> str:
    """Ask for the unit of a column's numbers where it can have several."""
    units = units_for(ours) if ours else []
    if len(units) < 2:
        return match.unit if ours == match.ours and match.unit != "?" else ""
    stated = match.unit if match.unit in units else ""
    words = {"": t("gate.unit_open")} | {unit: unit for unit in units}
    st.session_state.setdefault(f"{key}_unit", stated)
    unit = place.selectbox(t("ui.unit"), list(words), format_func=words.__getitem__, key=f"{key}_unit")
    return str(unit) or ("?" if match.unit == "?" else "")


def _changed(
    arrival: Arrival, look: gate.Look, matches: Sequence[Match], cells: dict[str, str]
) -> dict[str, tuple[str, str]]:
    """Let a person say of one more header at a time what it means."""
    names = {match.foreign: match for match in matches}
    if not names:
        return {}
    picked = st.multiselect(
        t("gate.headers_pick"), list(names), key=f"more_{arrival.token}_{look.layer}", placeholder=t("gate.choose")
    )
    return {name: _asked(arrival, look, names[name], cells[name]) for name in picked}


def _crs(arrival: Arrival) -> str | None:
    """Ask for the coordinate system where the person knows better than the file."""
    key = f"crs_{arrival.token}"
    words = {code: system_name(code) for code in CRS_CHOICES}
    possible = _possible(arrival)
    named = [*possible, st.session_state.get(key, CRS_CHOICES[0])]
    words |= {code: f"{code} {CRS.from_user_input(code).name}" for code in named if code not in words}
    chosen = st.selectbox(t("gate.crs_question"), list(words), format_func=words.__getitem__, key=key)
    _options({code: words[code] for code in possible}, key)
    if chosen == "other":
        return st.text_input(t("gate.crs_other"), placeholder="EPSG:4544", key=f"crs_text_{arrival.token}").strip()
    return None if chosen == "auto" else chosen


def _options(words: dict[str, str], key: str) -> None:
    """Offer the systems that a file can be in, after it was refused because it does not say."""
    if not words:
        return
    st.caption(t("gate.crs_possible"))
    with st.container(horizontal=True):
        for code, name in words.items():
            st.button(name, key=f"{key}_{code}", on_click=st.session_state.update, args=({key: code},))


def _datum(arrival: Arrival) -> str | None:
    """Ask for a web map's offset where the person knows better than the test; a stated one overrules it."""
    words = {code: label("gate.shift", code, language()) for code in SHIFTS}
    chosen = st.selectbox(t("gate.shift_question"), SHIFTS, format_func=words.__getitem__, key=f"shift_{arrival.token}")
    return None if chosen == "auto" else chosen
