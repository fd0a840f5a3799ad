"""帮助: the tasks step by step, how to read the figures, the map's keys, and what the program does not know."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import LAYERS, VERSION, label
from heating import supply_tables
from heating.assessment import Assessment
from ui.parts import TARGET_YEAR, heading
from ui.state import current
from ui.texts import enumerated, language, t

TABS = ("tasks", "read", "map", "terms", "about")
TASKS = {"building": 4, "boiler": 5, "roofs": 5, "import": 5, "compare": 5, "share": 5}
READING = ("interval", "standing", "cut", "area", "synthetic")
MARKS = {
    "review": ("verdict.review", "orange"),
    "doubt": ("help.mark_doubt", "orange"),
    "unknown": ("clean.unknown", "gray"),
    "exempt": ("verdict.exempt", "gray"),
    "synthetic": ("app.synthetic", "orange"),
}
GESTURES = ("hover", "click", "drag", "wheel", "keys", "box", "layers", "search", "measure")
UNKNOWNS = ("sources", "spare", "plants", "roofs", "terrain", "plan")
TERMS = (
    "rate",
    "zone_urban",
    "zone_county_town",
    "zone_rural",
    "gap",
    "clean",
    "ultra_low",
    "small_boiler",
    "radius",
    "coverage",
    "chp",
    "spare",
    "t_h",
    "service_area",
    "kwp",
    "p90",
    "cgcs2000",
)
POLICY_TERMS = {"zone_urban": "target_urban", "zone_county_town": "target_county_town", "zone_rural": "target_rural"}
POLICY_TERMS |= {"chp": "chp_min_mw", "t_h": "mw_per_t_h"}
RULE_TERMS = {"ultra_low": "R1", "small_boiler": "R2", "radius": "R3", "coverage": "R4"}


def names() -> dict[str, str]:
    """Return the words of pages, buttons and columns that the help speaks of."""
    pages = ("overview", "coverage", "boilers", "rooftops", "networks", "scenarios", "files", "sources")
    said = {page: t(f"page.{page}") for page in pages}
    said |= {
        "colour_by": t("ui.colour_by"),
        "readings": t("ui.scenario"),
        "facts": t("ui.facts"),
        "county": t("column.county"),
        "village": t("column.village"),
        "verdict": t("column.verdict"),
        "use": t("column.use"),
        "least_kw": t("rooftops.least_kw"),
        "losses": t("roof.waterfall"),
        "missing": t("column.missing"),
        "read": t("gate.read"),
        "crs": t("gate.crs_question"),
        "bring": t("gate.part_arriving"),
        "kept": t("gate.part_kept"),
        "doubts": t("gate.part_doubts"),
        "use_kept": t("gate.use"),
        "xlsx": t("ui.download", format="xlsx"),
        "gpkg": t("ui.download", format="gpkg"),
        "back": t("files.back_to_demo"),
        "save": t("scenarios.save"),
        "compare": t("scenarios.compare"),
        "include_35": t("ui.include_35"),
        "layers": t("map.layers"),
        "search": t("map.search"),
        "zoom_in": t("map.zoom_in"),
        "distance": t("map.distance"),
        "area": t("map.area"),
        "clear": t("map.clear"),
        "synthetic": t("app.synthetic"),
        "buildings": label("layer", "buildings", language()),
        "optional": enumerated(label("layer", layer, language()) for layer in LAYERS[1:]),
        "met": label("standing", "met", language()),
        "missed": label("standing", "missed", language()),
        "open": label("standing", "open", language()),
        "year": TARGET_YEAR,
    }
    return said


def tasks() -> None:
    """Show each task as numbered steps."""
    for at, (task, steps) in enumerate(TASKS.items()):
        with st.expander(t(f"help.task_{task}"), expanded=at == 0):
            lines = [f"{step}. " + t(f"help.task_{task}_{step}", **words) for step in range(1, steps + 1)]
            st.markdown("\n".join(lines))


def points(group: str, parts: tuple[str, ...], values: dict[str, str]) -> None:
    """Show one text after another as a list."""
    st.markdown("\n".join("- " + t(f"help.{group}_{part}", **values) for part in parts))


def marks() -> None:
    """Show the marks that the pages carry, and what each means."""
    for mark, (key, colour) in MARKS.items():
        st.markdown(f":{colour}-badge[{t(key)}]　{t(f'help.mark_{mark}_means', **words)}")


def counts(found: Assessment) -> dict[str, str]:
    """Return how much is not known in the data that is looked at."""
    buildings, states = found.buildings, found.plant_states
    networks = found.layers.some("networks")
    areas = networks[networks["kind"] == supply_tables.AREA_KIND]
    return {
        "unknown_sources": f"{int((buildings['clean_heating'] == 'unknown').sum()):,}",
        "buildings_in_all": f"{len(buildings):,}",
        "areas": str(len(areas)),
        "areas_undeclared": str(int(areas["spare_heat_mw"].isna().sum())),
        "plants": str(len(states)),
        "plants_open": str(int((states["qualifies"] == "review").sum())),
        "to_check": str(int((found.boilers["verdict"] == "review").sum())) if len(found.boilers) else "0",
        "terrain": t("help.terrain_flat" if found.solar.scene.terrain is None else "help.terrain_given"),
    }


def clause(term: str) -> str:
    """Return where a term stands: the source of its constant or rule; a dash where neither defines it."""
    if term in POLICY_TERMS:
        return parameters.constants("policy")[POLICY_TERMS[term]].source
    if term in RULE_TERMS:
        cells = parameters.table("boiler_rules").loc[RULE_TERMS[term]]
        return f"{cells['source']} {cells['section']}"
    if term == "clean":
        return str(parameters.table("heat_sources")["source"].loc["chp"])
    return "—"


def glossary() -> pd.DataFrame:
    """Return terms, their meanings and clauses."""
    return pd.DataFrame(
        {
            t("help.term"): [t(f"help.term_{term}") for term in TERMS],
            t("help.meaning"): [t(f"help.term_{term}_means", **words) for term in TERMS],
            t("help.clause"): [clause(term) for term in TERMS],
        }
    )


done = current()
words = names()
heading("page.help", done, lead="help.lead")
how, read, on_map, terms, about = st.tabs([t(f"help.tab_{name}") for name in TABS])
with how:
    tasks()
with read:
    points("read", READING, words)
    st.subheader(t("help.marks"), anchor=False)
    marks()
with on_map:
    points("map", GESTURES, words)
with terms:
    st.dataframe(glossary(), hide_index=True, width="stretch", height=36 * (len(TERMS) + 1) + 2, row_height=36)
with about:
    st.subheader(t("help.unknown"), anchor=False)
    points("unknown", UNKNOWNS, words | counts(done))
    st.subheader(t("help.where"), anchor=False)
    points("where", ("machine", "requests", "uploads", "exports"), words)
    st.subheader(t("help.program"), anchor=False)
    st.markdown(t("help.version", version=VERSION))
