"""Pieces that several pages show: the notice on synthetic data, legends, cards, filters and downloads."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from data import parameters
from data.catalog import UNKNOWN, ZONES, label
from geo.export import csv_bytes, gpkg_bytes, xlsx_bytes
from heating import rates
from heating.assessment import Assessment
from heating.report import county_names, stamped
from heating.wording import labelled, rounded
from ui.gate.masks import offered
from ui.links import keep_among
from ui.texts import enumerated, language, t

_LOG = logging.getLogger(__name__)
TARGET_YEAR: Final = parameters.constants("policy")["target_urban"].valid_to[:4]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def heading(title: str, done: Assessment, *, lead: str = "") -> None:
    """Show the page's title, and the notice while the data is synthetic."""
    st.header(t(title), anchor=False)
    if done.layers.synthetic:
        st.markdown(f":orange-badge[:material/science: **{t('app.synthetic')}**] :small[{t('app.synthetic_long')}]")
    if lead:
        st.caption(t(lead, year=TARGET_YEAR))


def legend(entries: Iterable[tuple[str, str]], *, round_: bool = False) -> None:
    """Show colours and their words in one line that wraps; points have round marks."""
    radius = "50%" if round_ else "3px"
    items = "".join(
        f'<span style="display:inline-flex;align-items:center;margin:0 14px 4px 0;font-size:0.85rem">'
        f'<span style="width:14px;height:14px;border-radius:{radius};background:{html.escape(colour)};'
        f'margin-right:6px;display:inline-block"></span>{html.escape(words)}</span>'
        for colour, words in entries
    )
    st.html(f'<div style="line-height:1.9">{items}</div>')


def figure_card(title: str, figure: str, note: str) -> None:
    """Show one figure with its title and what it leaves out."""
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{title}**")
        st.markdown(f"#### {figure}")
        st.caption(note)


def zone_cards(done: Assessment) -> None:
    """Show one card a zone: the rate's interval, the target, whether it is met, and the gap."""
    table = done.clean_heating
    whole = table[table["county_code"] == rates.ALL].set_index("zone")
    for place, zone in zip(st.columns(len(ZONES)), ZONES, strict=True):
        with place, st.container(border=True, gap="xxsmall", height="stretch"):
            if zone not in whole.index:
                st.markdown(f"**{label('zone', zone, language())}**")
                st.markdown(t("ui.nothing_heated"))
                continue
            row: dict[Any, Any] = whole.loc[zone].to_dict()
            low, high = (rates.shown_percent(float(row[name])) for name in ("rate_low", "rate_high"))
            colour = {"met": "green", "missed": "red", "open": "orange"}.get(row["standing"], "gray")
            target = t("ui.card_target", target=rates.shown_percent(float(row["target"]), digits=0))
            st.markdown(
                f"**{label('zone', zone, language())}** · {target} "
                f":{colour}-badge[{label('standing', row['standing'], language())}]"
            )
            st.markdown(f"### {low}" if low == high else f"### {low} – {high}")
            st.caption(
                t(
                    "ui.card_gap",
                    low=row["gap_low_m2"] / 1e4,
                    high=row["gap_high_m2"] / 1e4,
                    households_low=row["gap_low_households"],
                    households_high=row["gap_high_households"],
                )
            )


def rate_notes(done: Assessment) -> None:
    """Say what stands behind the rates: area without a zone, and areas of different kinds."""
    table = done.clean_heating
    whole = table[table["county_code"] == rates.ALL].set_index("zone")
    _unplaced(whole)
    _mixed_areas(whole)


def _unplaced(whole: pd.DataFrame) -> None:
    """Say how much heated area has no zone: it is counted apart, in no card."""
    if UNKNOWN in whole.index:
        row: dict[Any, Any] = whole.loc[UNKNOWN].to_dict()
        area = sum(float(row[f"{part}_area_m2"]) for part in ("clean", "not_clean", "unknown"))
        low, high = (rates.shown_percent(float(row[name])) for name in ("rate_low", "rate_high"))
        st.caption(t("ui.zone_unknown", area=area / 1e4, low=low, high=high))


def _mixed_areas(whole: pd.DataFrame) -> None:
    """Say that areas of different kinds are added up, which the Plan's statistics ask not to do (FACTS §B2)."""
    bases = sorted({basis for row in whole["area_bases"] for basis in str(row).split(";") if basis})
    if len(bases) > 1:
        st.caption(t("ui.area_mixed", bases=enumerated(label("area_basis", basis, language()) for basis in bases)))


def area_filter(done: Assessment, *, key: str) -> tuple[str | None, str | None]:
    """Show county and zone choices and return them; None stands for all."""
    counties = {rates.ALL: t("county.all")} | county_names(done)
    zones = {rates.ALL: t("zone.all")} | {zone: label("zone", zone, language()) for zone in (*ZONES, UNKNOWN)}
    keep_among(st.session_state, f"{key}_county", counties)
    keep_among(st.session_state, f"{key}_zone", zones)
    left, right = st.columns(2)
    county = left.selectbox(t("column.county"), list(counties), format_func=counties.__getitem__, key=f"{key}_county")
    zone = right.selectbox(t("column.zone"), list(zones), format_func=zones.__getitem__, key=f"{key}_zone")
    return (None if county == rates.ALL else county), (None if zone == rates.ALL else zone)


def within(frame: pd.DataFrame, county: str | None, zone: str | None) -> NDArray[np.bool_]:
    """Return which rows lie in a county and a zone; None stands for all."""
    keep = np.ones(len(frame), dtype=bool)
    if county is not None:
        keep &= (frame["county_code"] == county).fillna(value=False).to_numpy(dtype=bool)
    if zone is not None:
        keep &= (frame["zone"] == zone).to_numpy(dtype=bool)
    return keep


def safely(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return `make` with its failure logged and told, since the browser shows nothing of it."""

    def made() -> bytes:
        try:
            return make()
        except Exception:  # noqa: BLE001 - whatever it was, the person must be told
            _LOG.exception("a download could not be made")
            return t("ui.download_failed").encode("utf-8-sig")

    return made


def downloads(
    done: Assessment,
    name: str,
    table: pd.DataFrame,
    *,
    shapes: Mapping[str, gpd.GeoDataFrame | pd.DataFrame] | None = None,
    title: str = "",
) -> None:
    """Offer a table as xlsx and csv, and layers as GeoPackage; all say so while the data is synthetic.

    Parameters
    ----------
    done : Assessment
        Tells whether the data is synthetic.
    name : str
        Stem of the file names.
    table : pandas.DataFrame
        With codes; written in the session's language.
    shapes : mapping, optional
        Layers for the GeoPackage.
    title : str
        Line above the header row of the workbook.
    """
    spoken = language()
    prefix = f"{t('app.synthetic')}_" if done.layers.synthetic else ""
    head = f"{title}（{t('app.synthetic')}）" if done.layers.synthetic else title

    def readable() -> pd.DataFrame:
        return stamped(offered(labelled(rounded(table), spoken)), done, spoken)

    offers = [
        ("xlsx", XLSX, lambda: xlsx_bytes({name: readable()}, title=head)),
        ("csv", "text/csv", lambda: csv_bytes(readable())),
    ]
    if shapes:
        offers.append(
            (
                "gpkg",
                "application/geopackage+sqlite3",
                lambda: gpkg_bytes({layer: stamped(offered(frame), done, spoken) for layer, frame in shapes.items()}),
            )
        )
    for place, (suffix, mime, make) in zip(st.columns(len(offers)), offers, strict=True):
        place.download_button(
            t("ui.download", format=suffix),
            data=safely(make),
            file_name=f"{prefix}{name}.{suffix}",
            mime=mime,
            key=f"download_{name}_{suffix}",
            on_click="ignore",
            width="stretch",
            icon=":material/download:",
        )
