"""专项台账: what single clauses ask, how far it is met, where, and the rows behind the figures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import label
from heating.assessment import Assessment
from heating.rates import shown_percent
from heating.registers import REGISTERS, Register
from heating.registers.new_buildings import plan_day
from heating.wording import coded_label, rounded
from ui import tables
from ui.features import document
from ui.gate.results import county_outlines, table_height, zoom_for
from ui.links import keep_among
from ui.map import VectorLayer, city_map
from ui.parts import downloads, heading, legend
from ui.state import current, result_name, scenario
from ui.store import STORE
from ui.texts import enumerated, language, plain, t

COLOURS: Final = {
    "met": "#2A9D8F",
    "missed": "#B01E2E",
    "open": "#E0A21A",
    "younger": "#2A9D8F",
    "aging": "#E0A21A",
    "old": "#B01E2E",
    "unknown": "#9AA5B1",
}
NEEDS: Final = {
    "ultra_low": ("boilers", "plants"),
    "pipes": ("networks",),
    "metering": ("buildings",),
    "institutions": ("institutions",),
    "new_buildings": ("buildings",),
}
AMOUNTS: Final = ("amount_met", "amount_missed", "amount_open")
WHOLE: Final = ("count", "households", "m2")
MOST_SHAPES: Final = 6_000
SHOWN: Final = 500


@st.cache_resource(max_entries=16, show_spinner=False)
def register_of(name: str, which: str, year: int, _done: Assessment) -> Register:
    """Return a register of an assessment, kept under its name."""
    del name
    with parameters.overridden(_done.scenario.parameters):
        return REGISTERS[which](_done, year)


def figures(found: Register) -> None:
    """Show the figures with shares cut off, never rounded up, and a range where some rows are open."""
    tables.show(pd.DataFrame([_figure(row) for row in found.figures.to_dict("records")]))


def _figure(row: dict[Any, Any]) -> dict[str, str]:
    unit = row["measure_unit"]
    return {
        "register_figure": row["register_figure"],
        "reached": row["reached"],
        "share": _range(shown_percent(row["share_low"]), shown_percent(row["share_high"])),
        "share_target": shown_percent(row["share_target"]),
        "amount_gap": _range(_amount(row["amount_gap_low"], unit), _amount(row["amount_gap_high"], unit)),
        "measure_unit": unit,
    } | {name: _amount(row[name], unit) for name in AMOUNTS}


def _amount(value: float, unit: str) -> str:
    return tables.BLANK if pd.isna(value) else f"{value:,.0f}" if unit in WHOLE else f"{value:,.1f}"


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} – {high}"


def tooltip(row: pd.Series, column: str) -> list[list[str]]:
    """Return what the map says of a row."""
    named = row["name"] if "name" in row.index and pd.notna(row["name"]) else row["register_id"]
    return [
        [label("column", "name", language()), str(named)],
        [label("column", column, language()), coded_label(column, row[column], language())],
    ]


def shapes(found: Register, rows: gpd.GeoDataFrame, key: str) -> None:
    """Show the rows on the map by their answer."""
    words = {
        code: label(found.colour_by if found.colour_by == "pipe_age" else "fulfilled", code, language())
        for code in COLOURS
        if code in set(rows[found.colour_by])
    }
    legend([(COLOURS[code], word) for code, word in words.items()])
    drawn = rows.head(MOST_SHAPES)
    said: list[dict[str, Any]] = [
        {
            "_color": COLOURS[row[found.colour_by]],
            "_fill": COLOURS[row[found.colour_by]],
            "_weight": 3,
            "_radius": 5,
            "_fill_opacity": 0.6,
            "_tooltip": tooltip(row, found.colour_by),
        }
        for _, row in drawn.iterrows()
    ]
    stored = STORE.put_vectors(key, document(drawn, drawn["register_id"], said))
    west, south, east, north = drawn.total_bounds
    city_map(
        STORE,
        center=((west + east) / 2, (south + north) / 2),
        zoom=zoom_for(west, south, east, north),
        tile_key=None,
        vectors=[county_outlines(), VectorLayer(name="register", label_key="map.layer_register", key=stored)],
        language=language(),
        map_id=f"registers_map_{which}",
        height=420,
    )


def listing(found: Register) -> None:
    """Show the rows, those of one answer if a person chooses, on the map and as a table to take away."""
    codes = [code for code in COLOURS if code in set(found.rows[found.colour_by])]
    group = found.colour_by if found.colour_by == "pipe_age" else "fulfilled"
    words = {
        code: f"{label(group, code, language())} {int((found.rows[found.colour_by] == code).sum())}" for code in codes
    }
    keep_among(st.session_state, f"registers_only_{which}", words)
    only = st.pills(
        t("registers.only"), codes, format_func=words.__getitem__, selection_mode="multi", key=f"registers_only_{which}"
    )
    rows = found.rows[found.rows[found.colour_by].isin(only or codes)].reset_index(drop=True)
    table = pd.DataFrame(rows.drop(columns="geometry"))
    st.caption(t("registers.rows", shown=min(len(table), SHOWN), total=len(table)))
    first = rounded(table.drop(columns="register_id").head(SHOWN))
    names = [name for name in first if name not in ("source_row", "source_file")]
    tables.show(first[names], height=table_height(len(first)))
    title = t(f"registers.{which}")
    downloads(done, t("file.register", name=title), rounded(table), title=title, shapes={"register": rows})
    shapes(found, rows, f"register-{result_name()}-{which}-{year}-{language()}-{'-'.join(only or codes)}")


done = current()
heading("page.registers", done, lead="registers.lead")
parts = {name: t(f"registers.{name}") for name in REGISTERS}
keep_among(st.session_state, "registers_part", parts)
picked = st.segmented_control(
    t("registers.which"),
    list(parts),
    format_func=parts.__getitem__,
    default=None if "registers_part" in st.session_state else next(iter(parts)),
    key="registers_part",
    required=True,
    label_visibility="collapsed",
)
which = str(picked)
as_of = scenario().as_of
this_year = int(as_of[:4]) if as_of else datetime.now(UTC).astimezone().year
year = this_year
if which == "pipes":
    year = int(
        st.number_input(t("registers.year"), min_value=1980, max_value=2100, value=this_year, key="registers_year")
    )
st.caption(plain(t(f"registers.clause_{which}", day=plan_day())))
found = register_of(result_name(), which, year, done)
counted = {note: count for note, count in found.notes.items() if count}
if found.rows.empty and not counted:
    st.info(t("registers.empty", layers=enumerated(label("layer", name, language()) for name in NEEDS[which])))
else:
    st.subheader(t("registers.figures"), anchor=False)
    figures(found)
    for note, count in counted.items():
        st.caption(t(f"registers.note_{note}", count=count))
if len(found.rows):
    listing(found)
