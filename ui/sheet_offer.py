"""一炉一策 on a page: the sheet of one boiler, or of all that a table lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from heating import sheets
from heating.assessment import Assessment
from ui.gate.masks import unmasked
from ui.parts import safely
from ui.state import on_demo
from ui.texts import language, t
from ui.workspace import checks

MOST: Final = 60
_MIMES: Final = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def _maker(done: Assessment, boiler_ids: Sequence[str], kind: str) -> Callable[[], bytes]:
    """Return what makes the sheets once they are asked for; what this session may see is settled now."""
    store, spoken, shown = checks(demo=on_demo()), language(), unmasked()

    def make() -> bytes:
        day = datetime.now(UTC).astimezone().date().isoformat()
        history = store.table(every=True)
        return sheets.printed(done, boiler_ids, history, day=day, kind=kind, language=spoken, unmasked=shown)

    return make


def _offer(done: Assessment, boiler_ids: Sequence[str], *, name: str, kinds: Sequence[str], key: str) -> None:
    for place, kind in zip(st.columns(len(kinds)), kinds, strict=True):
        place.download_button(
            kind.upper(),
            data=safely(_maker(done, boiler_ids, kind)),
            file_name=f"{name}.{kind}",
            mime=_MIMES[kind],
            key=f"{key}_{kind}",
            on_click="ignore",
            width="stretch",
            icon=":material/print:",
        )


def one(done: Assessment, boiler_id: str) -> None:
    """Offer the sheet of a boiler."""
    prefix = f"{t('app.synthetic')}_" if done.layers.synthetic else ""
    name = prefix + t("sheet.file", id=boiler_id)
    st.caption(t("sheet.make"))
    _offer(done, [boiler_id], name=name, kinds=sheets.FORMATS, key="sheet_one")


def listed(done: Assessment, boiler_ids: Sequence[str]) -> None:
    """Offer the sheets of all boilers listed, as one PDF."""
    prefix = f"{t('app.synthetic')}_" if done.layers.synthetic else ""
    st.caption(t("sheet.batch", count=len(boiler_ids)))
    if len(boiler_ids) > MOST:
        st.caption(t("sheet.batch_most", most=MOST))
    elif boiler_ids:
        _offer(done, boiler_ids, name=prefix + t("sheet.file", id=len(boiler_ids)), kinds=("pdf",), key="sheets_listed")
