"""The quality report: what is doubtful in the layers, where, and what a person makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import streamlit as st

from data.catalog import label
from data.errors import DataError
from data.schemas import IDENTIFIERS
from geo import gate, keeping, quality
from geo.io import LayerRead
from geo.quality import Finding
from geo.quality.report import what
from geo.workspace import Record
from heating.assessment import Assessment
from ui.access import may_edit, person
from ui.features import document
from ui.gate.masks import offered, unmasked
from ui.gate.results import county_outlines, table_height, zoom_for
from ui.map import VectorLayer, city_map
from ui.parts import XLSX
from ui.state import dataset, show_faults
from ui.store import STORE
from ui.texts import language, paired, t
from ui.workspace import store

SEVERITIES: Final = ("error", "question", "note")
COLOURS: Final = {"error": "#B3261E", "question": "#D98E04", "note": "#5B6B7A"}
_MARKS: Final = {"error": "red", "question": "orange", "note": "gray"}
MOST_SHAPES: Final = 3_000
BRIEF: Final = 50


@st.cache_resource(max_entries=4, show_spinner=False)
def _found(name: str, _frames: Mapping[str, gpd.GeoDataFrame]) -> tuple[Finding, ...]:
    del name
    return gate.doubts(_frames)


def section(done: Assessment) -> None:
    """Examine the kept layers, or the data in use where none is kept, and show every finding."""
    try:
        kept = store().layers()
        frames = gate.frames_of(store()) if kept else dict(done.layers.frames)
    except DataError as error:
        show_faults(error)
        return
    st.caption(t("gate.quality_of_kept" if kept else "gate.quality_of_used"))
    name = "-".join(f"{layer}{record.sha256[:12]}" for layer, record in kept.items()) or dataset()
    with st.spinner(t("gate.examining")):
        findings = _found(name, frames)
    accepted = frozenset(key for record in kept.values() for key in record.accepted)
    if not findings:
        st.success(t("gate.no_findings"))
        return
    _cards(findings, accepted)
    wanted = _filtered(findings, accepted)
    _offer(findings, frames, kept, accepted, synthetic=done.layers.synthetic)
    table = quality.table(wanted, language(), accepted, masked=not unmasked()).drop(columns="key", errors="ignore")
    table = table.rename(columns=lambda name: label("quality.column", name, language()))
    state = st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=table_height(len(table)),
        on_select="rerun",
        selection_mode="single-row",
        key=f"gate_findings_{len(wanted)}",
    )
    chosen = [wanted[row] for row in state.selection.rows if row < len(wanted)]
    if chosen:
        _one(chosen[0], frames, kept, accepted)
    _map(chosen or wanted, frames)


def _cards(findings: tuple[Finding, ...], accepted: frozenset[str]) -> None:
    for place, severity in zip(st.columns(len(SEVERITIES)), SEVERITIES, strict=True):
        own = [finding for finding in findings if finding.severity == severity]
        settled = sum(finding.key in accepted for finding in own)
        with place, st.container(border=True, gap="xxsmall"):
            st.markdown(f":{_MARKS[severity]}-badge[{t(f'quality.severity.{severity}')}]")
            st.markdown(f"### {len(own) - settled}")
            st.caption(t("gate.settled", count=settled))


def _filtered(findings: tuple[Finding, ...], accepted: frozenset[str]) -> list[Finding]:
    severities = {severity: t(f"quality.severity.{severity}") for severity in SEVERITIES}
    present = dict.fromkeys(finding.layer for finding in findings)
    layers = {layer: label("layer", layer, language()) for layer in present}
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    wanted = left.multiselect(
        t("gate.severity"),
        SEVERITIES,
        format_func=severities.__getitem__,
        key="gate_severity",
        placeholder=t("gate.all"),
    )
    of = middle.multiselect(
        t("column.layer"), list(layers), format_func=layers.__getitem__, key="gate_layers", placeholder=t("gate.all")
    )
    open_only = right.checkbox(t("gate.open_only"), value=True, key="gate_open_only")
    return [
        finding
        for finding in findings
        if (not wanted or finding.severity in wanted)
        and (not of or finding.layer in of)
        and not (open_only and finding.key in accepted)
    ]


def _offer(
    findings: tuple[Finding, ...],
    frames: Mapping[str, gpd.GeoDataFrame],
    kept: Mapping[str, Record],
    accepted: frozenset[str],
    *,
    synthetic: bool,
) -> None:
    """Offer the report as a workbook with the rows as the files number them."""
    sources = {layer: record.file for layer, record in kept.items()}
    marked = synthetic if not kept else any(record.synthetic for record in kept.values())
    prefix = f"{t('app.synthetic')}_" if marked else ""
    hide = not unmasked()
    st.download_button(
        t("gate.download_findings"),
        data=lambda: quality.workbook(
            findings,
            frames,
            language(),
            sources=sources,
            synthetic=marked,
            accepted=accepted,
            masked=hide,
        ),
        file_name=f"{prefix}{t('gate.findings_file')}.xlsx",
        mime=XLSX,
        on_click="ignore",
        icon=":material/download:",
        key="gate_download_findings",
    )


def _one(
    finding: Finding, frames: Mapping[str, gpd.GeoDataFrame], kept: Mapping[str, Record], accepted: frozenset[str]
) -> None:
    """Show one finding with the rows that it is about, and what can be done."""
    with st.container(border=True):
        st.markdown(f":{_MARKS[finding.severity]}-badge[{t(f'quality.severity.{finding.severity}')}]")
        st.text(finding.title(language()))
        st.text(what(finding, language(), masked=not unmasked()))
        st.text(paired(t("column.mend"), finding.how(language())))
        frame = frames[finding.layer]
        rows = frame[frame[IDENTIFIERS[finding.layer]].isin(finding.ids)]
        st.dataframe(offered(rows.drop(columns="geometry")), hide_index=True, width="stretch")
        if finding.layer not in kept or not may_edit():
            st.caption(t("gate.only_kept"))
            return
        _acts(finding, kept[finding.layer], accepted)


def _acts(finding: Finding, record: Record, accepted: frozenset[str]) -> None:
    accept, mend = st.columns(2)
    try:
        if finding.key in accepted:
            accept.caption(t("gate.accepted"))
        elif accept.button(t("gate.accept"), icon=":material/check:", key=f"accept_{finding.key}", width="stretch"):
            store().accept(finding.layer, [finding.key], expected=record.version)
            st.rerun()
        if finding.mend and mend.button(
            t(f"quality.mend.{finding.mend}"), icon=":material/build:", key=f"mend_{finding.key}", width="stretch"
        ):
            keeping.mend(store(), finding, who=person(), expected=record.version)
            st.rerun()
    except DataError as error:
        show_faults(error)


@st.fragment
def _map(findings: list[Finding], frames: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Show the findings where they are."""
    shapes = quality.shapes(findings[:MOST_SHAPES], frames)
    shapes = shapes[~(shapes.geometry.isna() | shapes.geometry.is_empty)].head(MOST_SHAPES)
    if shapes.empty:
        return
    said = [
        {
            "_color": COLOURS[row["severity"]],
            "_fill": COLOURS[row["severity"]],
            "_weight": 2,
            "_radius": 6,
            "_fill_opacity": 0.35,
            "_tooltip": [
                [t("gate.finding"), t(f"quality.{row['rule']}")],
                [t("column.source_row"), str(row["source_row"])],
            ],
        }
        for _, row in shapes.iterrows()
    ]
    key = STORE.put_vectors("findings", document(shapes, range(len(shapes)), said))
    west, south, east, north = shapes.total_bounds
    city_map(
        STORE,
        center=((west + east) / 2, (south + north) / 2),
        zoom=zoom_for(west, south, east, north),
        tile_key=None,
        vectors=[county_outlines(), VectorLayer(name="findings", label_key="gate.map_findings", key=key)],
        language=language(),
        map_id="gate_findings_map",
        height=420,
    )


def brief(done: LayerRead) -> None:
    """Show what is doubtful about a layer that was read, held against the layers that are kept."""
    frames = gate.frames_of(store()) | {done.layer: done.frame}
    found = [one for one in gate.doubts(frames) if one.layer == done.layer]
    if not found:
        return
    st.markdown(f"**{t('gate.doubts_of_file')}**")
    if len(found) > BRIEF:
        st.caption(t("gate.doubts_more", count=len(found), shown=BRIEF))
    table = quality.table(found[:BRIEF], language(), masked=not unmasked())
    table = table.drop(columns=["key", "layer", "accepted"], errors="ignore")
    st.dataframe(
        table.rename(columns=lambda name: label("quality.column", name, language())), hide_index=True, width="stretch"
    )
