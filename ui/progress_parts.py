"""The parts of the page 目标进度: the table that is reported, what-if, the rates over time, and contradictions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from data import parameters
from data.catalog import ZONES, label
from data.errors import DataError
from data.schemas import title
from heating import flags, rate_sheet, rates, what_if
from heating.assessment import Assessment
from heating.behind import of_area
from heating.report import county_names
from heating.snapshots import progress
from heating.wording import rounded
from ui import access, behind, emission_parts, tables
from ui.paint import ZONE
from ui.parts import downloads
from ui.state import on_demo, show_faults
from ui.texts import enumerated, language, plain, t
from ui.workspace import snapshots

_MEASURES: Final = "what_if_measures"
_AFTER: Final = ["zone", "target", "rate_low", "rate_high", "rate_low_after", "rate_high_after"]
_GAPS: Final = ["gap_high_m2", "gap_high_m2_after", "standing", "standing_after"]
_SHOWN: Final = 500
_DUE: Final = date.fromisoformat(parameters.cited("policy")["target_urban"].valid_to)


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def table(done: Assessment) -> None:
    """Show the table of FACTS §J4 by area or by household, and offer it."""
    words = {basis: t(f"progress.basis_{basis}") for basis in rate_sheet.MEASURES}
    left, right = st.columns([2, 1])
    basis = left.radio(
        t("progress.basis"), list(words), format_func=words.__getitem__, horizontal=True, key="progress_basis"
    )
    day = right.date_input(t("progress.day"), value=_today(), key="progress_day")
    st.caption(t("progress.basis_note"))
    found = rate_sheet.j4(done, basis)
    shown = rate_sheet.in_words(found, done, basis, day=str(day), language=language())
    chosen = behind.pick_cell(shown, rate_sheet.REPORTED, key=f"j4_{basis}")
    if chosen is not None:
        row, column = found.iloc[chosen[0]], chosen[1]
        keep = of_area(done.buildings, county=row["county_code"], zone=row["zone"], part=column)
        said = [*shown.iloc[chosen[0]][:2], shown.columns[rate_sheet.REPORTED.index(column)]]
        behind.show(done, done.buildings, keep, said=" · ".join(map(str, said)), name=t(f"file.j4_{basis}"))
    downloads(done, t(f"file.j4_{basis}"), shown, title=t(f"file.j4_{basis}"))


def _villages(done: Assessment) -> pd.DataFrame:
    """Return the villages that have heated buildings which are not clean or not known, by code."""
    located = done.buildings[done.buildings["village_code"].notna()]
    open_ones = located[located["clean_heating"].isin(["not_clean", "unknown"])]
    codes = open_ones["village_code"].astype(object).unique()
    villages = done.layers.some("villages").set_index("village_code")
    return pd.DataFrame(villages.loc[[code for code in villages.index if code in set(codes)]])


def what_if_part(done: Assessment) -> None:
    """Let a person convert villages and show the rates before and after."""
    if done.villages is None:
        st.info(t("progress.no_villages"))
        return
    st.caption(t("progress.what_if_lead"))
    _add(done)
    measures: list[what_if.Measure] = st.session_state.setdefault(_MEASURES, [])
    if not measures:
        st.info(t("progress.none_added"))
        return
    found = what_if.effect(done, measures)
    sources = parameters.table("heat_sources")[f"label_{language()}"]
    told = found.measures.assign(
        villages=[len(one.villages) for one in measures],
        to=[sources.loc[one.to] for one in measures],
        which=[t(f"progress.which_{one.which}") for one in measures],
    )
    st.subheader(t("progress.measures"), anchor=False)
    picked = behind.pick_row(rounded(told), key="what_if_by_measure")
    if picked is not None:
        keep = (found.buildings["measure"] == picked + 1).to_numpy(dtype=bool)
        said = f"{t('progress.measures')} {picked + 1}"
        behind.show(done, found.buildings, keep, said=said, name=t("file.what_if"))
    if st.button(t("progress.clear"), icon=":material/delete:", key="what_if_clear"):
        st.session_state[_MEASURES] = []
        st.rerun()
    st.subheader(t("progress.before_after"), anchor=False)
    names = county_names(done) | {rates.ALL: t("county.all")}
    whole = found.table.assign(
        county=found.table["county_code"].map(names).fillna(found.table["county_code"]),
        standing_after=[label("standing", code, language()) for code in found.table["standing_after"]],
    )
    city = whole[(whole["county_code"] == rates.ALL) & whole["zone"].isin(ZONES)]
    tables.show(city[[*_AFTER, *_GAPS]])
    downloads(done, t("file.what_if"), whole.drop(columns="county_code"), title=t("progress.part_what_if"))
    emission_parts.show(done, found.emissions, measures)


def _add(done: Assessment) -> None:
    """Show the choices of one measure and keep it when it is added."""
    villages, names = _villages(done), county_names(done)
    counties = {rates.ALL: t("county.all")} | {
        code: names.get(code, code) for code in sorted(set(villages["county_code"]))
    }
    overrides = done.scenario.clean_overrides
    clean = parameters.table("heat_sources")["clean"] == "yes"
    options = [code for code in clean.index if overrides.get(code, bool(clean[code]))]
    words = parameters.table("heat_sources")[f"label_{language()}"].to_dict()
    county = st.selectbox(t("column.county"), list(counties), format_func=counties.__getitem__, key="what_if_county")
    here = villages if county == rates.ALL else villages[villages["county_code"] == county]
    said = {str(code): f"{row['name']}（{code}）" for code, row in here.iterrows()}
    with st.form("what_if"):
        every = st.checkbox(t("progress.all_with_coal"), key="what_if_every")
        chosen = st.multiselect(
            t("progress.villages"),
            list(said),
            format_func=said.__getitem__,
            placeholder=t("progress.pick_villages"),
            key=f"what_if_villages_{county}",
        )
        left, right = st.columns(2)
        to = left.selectbox(
            t("progress.to"),
            options,
            index=options.index("air_heater") if "air_heater" in options else 0,
            format_func=words.__getitem__,
            key="what_if_to",
        )
        asked = {code: t(f"progress.which_{code}") for code in what_if.WHICH}
        which = right.radio(t("progress.which"), list(asked), format_func=asked.__getitem__, key="what_if_which")
        sent = st.form_submit_button(t("progress.add"), type="primary")
    picked = tuple(said) if every else tuple(chosen)
    if sent and picked:
        one = what_if.Measure(villages=picked, to=to, which=which)
        st.session_state[_MEASURES] = [*st.session_state.get(_MEASURES, []), one]


def series(done: Assessment) -> None:
    """Keep the rates of today, and show those that were kept with the pace that the target asks for."""
    st.caption(t("progress.snapshot_lead"))
    try:
        store = snapshots(demo=on_demo())
        if access.may_edit():
            with st.form("snapshot", clear_on_submit=True):
                left, middle, right = st.columns(3)
                day = left.date_input(t("progress.day"), value=_today())
                name = middle.text_input(t("progress.snapshot_name"), max_chars=60)
                signed = access.signed_in()
                who = access.person() if signed else right.text_input(t("progress.snapshot_who"), max_chars=60)
                sent = st.form_submit_button(t("progress.snapshot_save"), type="primary")
            if sent and not (name.strip() and who.strip()):
                st.error(t("progress.snapshot_missing"))
            elif sent:
                store.save(done, day=str(day), name=name, who=who)
                st.success(t("progress.snapshot_saved", day=str(day), name=plain(name)))
        kept = store.table()
    except DataError as error:
        show_faults(error)
        return
    if kept.empty:
        st.info(t("progress.snapshot_none"))
        return
    _over_time(done, kept)


def _over_time(done: Assessment, kept: pd.DataFrame) -> None:
    said = (kept["day"] + " " + kept["name"]).tolist()
    every = list(dict.fromkeys(said))
    picked = st.multiselect(t("progress.snapshots_of"), every, default=every, help=t("progress.snapshots_of_help"))
    kept = kept[[one in picked for one in said]]
    if kept.empty:
        st.info(t("progress.snapshot_none"))
        return
    whole = kept[(kept["county_code"] == rates.ALL) & kept["zone"].isin(ZONES)]
    named = whole.assign(zone=[label("zone", zone, language()) for zone in whole["zone"]])
    colours = {label("zone", zone, language()): ZONE[zone] for zone in ZONES}
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    base = alt.Chart(named).encode(
        x=alt.X("day:T", title=t("column.day"), axis=alt.Axis(format="%Y-%m")),
        y=alt.Y("rate_low:Q", axis=alt.Axis(format="%"), title=None, scale=alt.Scale(domain=[0, 1])),
        y2="rate_high:Q",
        color=alt.Color("zone:N", title=None, scale=scale),
    )
    st.altair_chart(base.mark_area(opacity=0.3) + base.mark_rule(strokeWidth=4), width="stretch")
    due = st.date_input(t("progress.due"), value=_DUE, help=t("progress.due_help"), key="progress_due")
    paces = progress(whole, due=str(due))
    shown = paces.assign(years_left=paces["years_left"].round(2))
    tables.show(shown)
    if (paces["years_left"] <= 0).any():
        st.caption(t("progress.past_due"))
    names = county_names(done) | {rates.ALL: t("county.all")}
    told = kept.assign(county=kept["county_code"].map(names).fillna(kept["county_code"])).drop(columns="county_code")
    downloads(done, t("file.snapshots"), told, title=t("progress.part_series"))


def contradictions(done: Assessment) -> None:
    """Show the buildings whose papers contradict each other."""
    st.caption(t("progress.flags_lead"))
    counts = flags.counted(done.buildings)
    words = [label("check_flag", code, language()) for code in counts["flag"]]
    picked = behind.pick_row(rounded(counts.assign(flag=words)), key="flags_by_kind")
    blind = counts.loc[counts["rows_known"] == 0, "flag"]
    if len(blind):
        missing = sorted({title("buildings", flags.NEEDS[code], language()) for code in blind})
        st.warning(t("progress.flags_blind", columns=enumerated(missing)))
    found = flags.flagged(done.buildings)
    if found.empty:
        st.info(t("progress.flags_none"))
        return
    if picked is not None:
        found = found[[counts["flag"].iloc[picked] in str(codes).split(";") for codes in found["flags"]]]
        st.caption(t("progress.flags_only", flag=words[picked], count=len(found)))
    rows = pd.DataFrame(found.drop(columns="geometry"))
    names = county_names(done)
    rows = rows.assign(county=rows["county_code"].map(names).fillna(rows["county_code"])).drop(columns="county_code")
    tables.show(rounded(rows.head(_SHOWN)), height=300)
    downloads(done, t("file.flags"), rows, title=t("progress.part_flags"), shapes={"flagged": found})
