"""依据: every constant with its clause, source and year; values can be changed in the scenario and restored."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import label, text_keys
from data.errors import DataError
from data.parameters import Parameter
from geo.export import csv_bytes, xlsx_bytes
from heating.scenario import changes, fixed_because, values_in_use, with_values, without_changes
from heating.wording import CODED, TABLE_LABELS, coded_label
from ui.parts import XLSX, heading
from ui.state import current, scenario
from ui.texts import enumerated, language, paired, plain, t

ALL: Final = "all"
LISTED_ROWS: Final = 12
ROW_PX: Final = 35
SYMBOLS: Final = {"degC": "℃", "deg": "°"}


def name_of(row: Parameter) -> str:
    """Return the name of a constant in the session's language."""
    return row.label_zh if language() == "zh" else row.label_en


def unit_of(row: Parameter) -> str:
    """Return the unit of a constant as it is written on paper."""
    if row.unit == "1":
        return t("sources.unit_none")
    return SYMBOLS.get(row.unit, row.unit.replace("m2", "m²").replace("CO2", "CO₂"))


def years(row: Parameter) -> str:
    """Return when a constant holds."""
    if row.valid_from and row.valid_to:
        return row.valid_from if row.valid_from == row.valid_to else f"{row.valid_from} – {row.valid_to}"
    if row.valid_from:
        return t("sources.years_from", start=row.valid_from)
    return t("sources.years_to", end=row.valid_to) if row.valid_to else "—"


def confidence(row: Parameter, used: float) -> str:
    """Return how sure the value in use is: a changed one has no source."""
    return t("confidence.changed" if used != row.value else f"confidence.{row.confidence}")


def listed(rows: list[Parameter], used: dict[str, float]) -> pd.DataFrame:
    """Return constants as the table of the page, a row each."""
    return pd.DataFrame(
        {
            t("sources.column_item"): [name_of(row) for row in rows],
            t("sources.column_used"): [used[row.key] for row in rows],
            t("ui.unit"): [unit_of(row) for row in rows],
            t("sources.column_cited"): [row.value for row in rows],
            t("sources.column_range"): [
                "—" if math.isnan(row.low) else t("sources.range", low=row.low, high=row.high) for row in rows
            ],
            t("ui.confidence"): [confidence(row, used[row.key]) for row in rows],
            t("sources.column_source"): [row.source for row in rows],
            t("ui.valid"): [years(row) for row in rows],
        }
    )


def value_columns() -> dict[str, Any]:
    """Return how the columns of `listed` are shown."""
    return {
        t("sources.column_item"): st.column_config.TextColumn(width="medium", pinned=True),
        t("sources.column_used"): st.column_config.NumberColumn(format="%.6g", required=True, width=120),
        t("sources.column_cited"): st.column_config.NumberColumn(format="%.6g", width="small"),
        t("ui.confidence"): st.column_config.TextColumn(width=130),
        t("sources.column_source"): st.column_config.TextColumn(width="large"),
    }


def keep(values: dict[str, float], *, restore: bool = False) -> None:
    """Put values of constants into the scenario, or back to the cited ones; what cannot be is told, all at once."""
    try:
        made = without_changes(scenario(), values) if restore else with_values(scenario(), values)
    except DataError as error:
        st.error(t("sources.refused"))
        for fault in error.faults:
            known = parameters.row(fault.column or "")
            said = [t(f"fault.{fault.rule}")]
            said += [t("fault.expected", expected=fault.expected)] if fault.expected else []
            said += [t("fault.got", got=fault.got)] if fault.got else []
            st.text(paired(name_of(known) if known else fault.column, enumerated(said, "semicolon")))
        return
    st.session_state["scenario"] = made
    st.session_state["sources_edition"] = edition() + 1
    st.rerun()


def edition() -> int:
    """Return a number that grows with each change, so that the editors forget what was typed."""
    return int(st.session_state.get("sources_edition", 0))


def changed_now() -> None:
    """Show what the scenario changes, old and new, with the way back."""
    found = changes(scenario())
    if not found:
        st.caption(t("sources.unchanged"))
        return
    st.warning(t("sources.changed", count=len(found)), icon=":material/edit_note:")
    st.markdown(f"**{t('sources.changed_list')}**")
    st.dataframe(
        pd.DataFrame(
            {
                t("sources.column_item"): [name_of(one.cited) for one in found],
                t("sources.column_cited"): [f"{one.cited.value:g}" for one in found],
                t("sources.column_used"): [f"{one.value:g}" for one in found],
                t("ui.unit"): [unit_of(one.cited) for one in found],
                t("sources.table"): [t(f"sources.table_{one.cited.table}") for one in found],
            }
        ),
        hide_index=True,
        width="stretch",
    )
    if st.button(t("sources.reset_all"), key="sources_reset_all", icon=":material/undo:"):
        keep({one.cited.key: one.cited.value for one in found}, restore=True)


def chosen_rows() -> dict[str, list[Parameter]]:
    """Show the filters and return the constants that fit, by table."""
    names = {ALL: t("sources.table_all")} | {name: t(f"sources.table_{name}") for name in parameters.NAMED}
    left, middle, right = st.columns([2, 3, 2], vertical_alignment="bottom")
    st.session_state.setdefault("sources_table", "policy")
    table = left.selectbox(t("sources.table"), list(names), format_func=names.__getitem__, key="sources_table")
    wanted = middle.text_input(t("sources.search"), key="sources_search").strip().casefold()
    only_low = right.checkbox(t("sources.only_low"), key="sources_only_low")
    found: dict[str, list[Parameter]] = {}
    for name in parameters.NAMED if table == ALL else (table,):
        rows = [
            row
            for row in parameters.cited(name).values()
            if (not only_low or row.confidence == "low")
            and wanted in f"{row.name} {row.label_zh} {row.label_en} {row.source} {row.unit}".casefold()
        ]
        if rows:
            found[name] = rows
    return found


def editor(table: str, rows: list[Parameter], used: dict[str, float]) -> None:
    """Show the constants of a table; the values of those that a scenario may change can be edited."""
    st.subheader(t(f"sources.table_{table}"), anchor=False)
    low = sum(row.confidence == "low" for row in rows)
    st.caption(t("sources.count", count=len(rows), low=low))
    free = [row for row in rows if not fixed_because(row.key)]
    fixed = [row for row in rows if fixed_because(row.key)]
    if free:
        shown = listed(free, used)
        height = ROW_PX * (min(len(free), LISTED_ROWS) + 1) + 3
        edited = st.data_editor(
            shown,
            hide_index=True,
            width="stretch",
            height=height,
            disabled=[str(name) for name in shown if name != t("sources.column_used")],
            column_config=value_columns(),
            # what was typed belongs to these rows alone
            key=f"sources_edit_{table}_{edition()}_{'_'.join(row.name for row in free)}",
        )
        numbers = edited[t("sources.column_used")].astype(float)
        typed = {
            row.key: float(given) for row, given in zip(free, numbers, strict=True) if float(given) != used[row.key]
        }
        changed_here = {row.key: row.value for row in free if used[row.key] != row.value}
        apply, reset, _ = st.columns([1, 1, 2])
        pressed = apply.button(
            t("sources.apply"), key=f"sources_apply_{table}", type="primary", disabled=not typed, width="stretch"
        )
        back = reset.button(
            t("sources.reset_table"), key=f"sources_reset_{table}", disabled=not changed_here, width="stretch"
        )
        if typed:
            st.caption(t("sources.pending", count=len(typed)))
        if pressed:
            keep(typed)
        if back:
            keep(changed_here, restore=True)
    if fixed:
        st.caption(t("sources.fixed_note"))
        reasons = {t("sources.fixed"): [t(f"sources.fixed_{fixed_because(row.key)}") for row in fixed]}
        shown = listed(fixed, used).drop(columns=t("sources.column_cited")).assign(**reasons)
        st.dataframe(shown, hide_index=True, width="stretch", column_config=value_columns())


def whole() -> pd.DataFrame:
    """Return all named constants for the download."""
    used = values_in_use(scenario())
    rows = [row for name in parameters.NAMED for row in parameters.cited(name).values()]
    table = listed(rows, used)
    table.insert(0, t("sources.table"), [t(f"sources.table_{row.table}") for row in rows])
    table.insert(1, t("sources.column_key"), [row.key for row in rows])
    return table


def downloads() -> None:
    """Offer all constants as workbook and CSV."""
    title, table = t("page.sources"), whole()
    left, right, _ = st.columns([1, 1, 2])
    offers = ((left, "xlsx", XLSX), (right, "csv", "text/csv"))
    for place, suffix, mime in offers:
        made = xlsx_bytes({t("sources.file"): table}, title=title) if suffix == "xlsx" else csv_bytes(table)
        place.download_button(
            t("sources.download", format=suffix),
            data=made,
            file_name=f"{t('sources.file')}.{suffix}",
            mime=mime,
            key=f"download_parameters_{suffix}",
            on_click="ignore",
            width="stretch",
            icon=":material/download:",
        )


def clauses() -> None:
    """Show the policy clauses in their own words, with the rules and constants that rest on them."""
    st.caption(t("sources.clause_lead"))
    rules = parameters.table("boiler_rules")
    rows = [row for name in parameters.NAMED for row in parameters.cited(name).values()]
    documents = list(dict.fromkeys(rules.loc[rules["clause_text"] != "", "source"]))
    quoted: dict[str, list[Parameter]] = {}
    for row in rows:
        if row.source.startswith(tuple(documents)):
            quoted.setdefault(row.source.partition("：")[0], []).append(row)
    for rule, cells in rules[rules["clause_text"] != ""].iterrows():
        with st.container(border=True, gap="xxsmall"):
            st.markdown(f"**{plain(cells['source'])} {plain(cells['section'])}**")
            st.markdown(f"“{plain(cells['clause_text'])}”")
            strength = label("strength", cells["strength"], language())
            named = label("rule", rule, language())
            st.caption(t("sources.clause_rule", rule=rule, name=named, strength=strength))
            st.caption(t("sources.clause_dept", dept=plain(cells["lead_dept"])))
    for place, cited in quoted.items():
        with st.container(border=True, gap="xxsmall"):
            st.markdown(f"**{plain(place)}**")
            for words in dict.fromkeys(row.source.partition("：")[2] for row in cited):
                if words:
                    st.markdown(f"“{plain(words)}”")
            st.caption(t("sources.clause_parameters", names=enumerated(plain(name_of(row)) for row in cited)))
    st.markdown(f"**{t('sources.all_sources')}**")
    by_source: dict[str, list[Parameter]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    groups = list(by_source.values())
    cited_as = {level: t(f"confidence.{level}") for level in parameters.CONFIDENCE}
    table = pd.DataFrame(
        {
            t("sources.column_source"): list(by_source),
            t("ui.confidence"): [
                enumerated(dict.fromkeys(cited_as[row.confidence] for row in all_)) for all_ in groups
            ],
            t("sources.column_parameters"): [enumerated(map(name_of, all_)) for all_ in groups],
        }
    )
    st.dataframe(table, hide_index=True, width="stretch")


def classes() -> None:
    """Show the tables without a value column, read only."""
    st.caption(t("sources.classes_lead"))
    names = {name: t(f"sources.table_{name}") for name in parameters.TABLES if name not in parameters.NAMED}
    table = st.selectbox(t("sources.table"), list(names), format_func=names.__getitem__, key="sources_classes")
    shown = parameters.table(table).reset_index(drop=True)
    spoken, other = language(), "en" if language() == "zh" else "zh"
    shown = shown.drop(columns=[name for name in (f"label_{other}", f"conclusion_{other}") if name in shown])
    known = text_keys()
    headers = {}
    for column in shown:
        if column == "confidence":
            words = {level: t(f"confidence.{level}") for level in parameters.CONFIDENCE}
            shown[column] = shown[column].map(words)
        elif column in TABLE_LABELS or column in CODED:
            shown[column] = [coded_label(column, value, spoken) if value else "" for value in shown[column]]
        key = f"source_column.{column}"
        headers[column] = t(key) if key in known else label("column", column, spoken)
    st.dataframe(shown.rename(columns=headers), hide_index=True, width="stretch")


head = st.container()
st.caption(t("sources.lead"))
changed_now()
values, quotes, tables_of_classes = st.tabs([t(f"sources.tab_{name}") for name in ("values", "clauses", "classes")])
with values:
    fitting = chosen_rows()
    st.caption(t("sources.edit_note"))
    if not fitting:
        st.info(t("sources.none"))
    in_use = values_in_use(scenario())
    for table_name, constants in fitting.items():
        editor(table_name, constants, in_use)
    downloads()
with quotes:
    clauses()
with tables_of_classes:
    classes()
with head:
    # last: constants that stop the assessment can be put right here all the same
    heading("page.sources", current())
