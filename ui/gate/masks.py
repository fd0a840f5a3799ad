"""Names, telephone and identity numbers are masked in what leaves the office, unless an editor asks for them."""

from __future__ import annotations

from typing import TypeVar

import pandas as pd
import streamlit as st

from geo.masking import masked
from ui.access import may_edit
from ui.texts import t

Frame = TypeVar("Frame", bound=pd.DataFrame)
_OPEN = "exports_unmasked"


def unmasked() -> bool:
    """Say whether exports of this session show personal data: only where an editor asked for it."""
    return bool(st.session_state.get(_OPEN)) and may_edit()


def switch() -> None:
    """Let an editor ask for unmasked exports."""
    if may_edit():
        st.session_state[_OPEN] = st.checkbox(t("gate.unmask"), value=unmasked(), help=t("gate.unmask_help"))
    else:
        st.caption(t("gate.masked_note"))


def offered(table: Frame) -> Frame:
    """Return a table as this session may export it."""
    return table if unmasked() else masked(table)
