"""Keeping a layer that was read: in place of what is kept, beside it, or instead of one of its files."""

from __future__ import annotations

from typing import Final

import streamlit as st

from data.catalog import label
from data.errors import fault_list
from geo import gate, keeping
from geo.io import LayerRead
from geo.workspace import parts_of
from ui.access import person
from ui.gate.staging import Arrival
from ui.texts import language, plain, t
from ui.workspace import store

REPLACE: Final = "replace"
ADD: Final = "add"
MIN_PARTS: Final = 2
_INSTEAD: Final = "instead:"


def keep(arrival: Arrival, look: gate.Look, done: LayerRead, decision: gate.Decision, seen: int | None) -> None:
    """Ask how the layer meets what is kept, and keep it; another version meanwhile is told, never overwritten."""
    kept = st.session_state.get(f"kept_{arrival.token}")
    name = label("layer", done.layer, language())
    current = gate.version_of(store(), done.layer)
    if kept is not None and kept[0] == done.sha256 and kept[2] == decision and kept[1] == current:
        st.success(t("gate.kept", layer=name, version=kept[1]))
        return
    if current != seen:
        st.error(t("fault.workspace_moved"))
        if st.button(t("gate.look_again"), icon=":material/refresh:", key=f"again_{arrival.token}"):
            st.session_state[f"read_{arrival.token}"] = done, decision, gate.version_of(store(), done.layer)
            st.rerun()
        return
    way = REPLACE if seen is None else _way(arrival, done)
    if way is None:
        return
    join = None if way == REPLACE else keeping.Join(instead_of=_sources(done).get(way, ()))
    _foretold(done, decision, join, seen)
    if not st.button(t("gate.keep", layer=name), type="primary", icon=":material/save:", key=f"keep_{arrival.token}"):
        return
    record = keeping.keep(store(), done, decision, signature=look.signature, who=person(), expected=seen, join=join)
    st.session_state[f"kept_{arrival.token}"] = done.sha256, record.version, decision
    st.rerun()


def _sources(done: LayerRead) -> dict[str, tuple[str, ...]]:
    """Return what can give way alone: each file of the kept layer, and each sheet of one that has several."""
    parts = parts_of(store().layers()[done.layer])
    if len(parts) < MIN_PARTS:
        return {}
    files: dict[str, tuple[str, ...]] = {}
    for part in parts:
        files[part.file] = (*files.get(part.file, ()), part.source)
    several = {_INSTEAD + file: sources for file, sources in files.items() if len(sources) > 1 and len(files) > 1}
    return several | {_INSTEAD + part.source: (part.source,) for part in parts}


def _way(arrival: Arrival, done: LayerRead) -> str | None:
    """Ask whether the rows that are kept give way, all or those of one file, or stay; nothing is chosen beforehand."""
    rows = {part.source: part.rows_used for part in parts_of(store().layers()[done.layer])}
    words = {REPLACE: t("gate.way_replace"), ADD: t("gate.way_add")}
    words |= {
        way: t("gate.way_instead", source=plain(way.removeprefix(_INSTEAD)), rows=sum(rows[one] for one in sources))
        for way, sources in _sources(done).items()
    }
    return st.radio(
        t("gate.way_question"), list(words), index=None, format_func=words.__getitem__, key=f"way_{arrival.token}"
    )


def _foretold(done: LayerRead, decision: gate.Decision, join: keeping.Join | None, seen: int | None) -> None:
    """Say what would become of the version that is kept."""
    key, asked = f"foretold_{done.layer}", (done.sha256, decision, join, seen)
    known = st.session_state.get(key)
    if known is None or known[0] != asked:
        known = st.session_state[key] = asked, keeping.change(store(), done, join)
    found = known[1]
    if found is None:
        return
    counts = {"version": found.before.version, "before": found.before.rows_used, "after": found.after}
    st.warning(t("gate.replaces" if join is None else "gate.joins", gone=found.gone, **counts))
    if found.told:
        st.text(fault_list(found.told, language()))
