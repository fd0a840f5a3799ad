"""目标进度: the table that is reported, what-if, the rates over time, and contradictions."""

from __future__ import annotations

import streamlit as st

from ui import progress_parts
from ui.links import keep_among
from ui.parts import heading, rate_notes
from ui.state import current
from ui.texts import t

PARTS = {
    "table": progress_parts.table,
    "what_if": progress_parts.what_if_part,
    "series": progress_parts.series,
    "flags": progress_parts.contradictions,
}

done = current()
heading("page.progress", done, lead="progress.lead")
rate_notes(done)
words = {part: t(f"progress.part_{part}") for part in PARTS}
keep_among(st.session_state, "progress_part", words)
chosen = st.segmented_control(
    t("progress.part"),
    list(words),
    format_func=words.__getitem__,
    default=None if "progress_part" in st.session_state else next(iter(words)),
    key="progress_part",
    required=True,
    label_visibility="collapsed",
)
PARTS[str(chosen)](done)
