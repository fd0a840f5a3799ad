"""All layers examined together, and the findings as a table and as shapes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data.catalog import label, text
from data.schemas import IDENTIFIERS, title
from geo.crs import STORED
from geo.masking import masked_text
from geo.quality.attributes import examine_attributes
from geo.quality.capacities import examine_capacities
from geo.quality.findings import Finding
from geo.quality.footprints import examine_footprints
from geo.quality.ledgers import examine_ledgers
from geo.quality.naming import examine_names
from geo.quality.pipes import examine_networks
from geo.quality.places import examine_places
from geo.quality.sheets import City
from geo.quality.unknowns import examine_unknowns

COLUMNS: Final = ("severity", "rule", "layer", "rows", "count", "ids", "what", "mend", "accepted", "key")
"""Columns of `table`; ``quality.column.<name>`` are their headings."""
_SHOWN_IDS: Final = 10
_CODES: Final = {"plant": "plant_id", "plants": "plant_id", "code": "county_code", "codes": "village_code"}
_OWN_CODES: Final = ("ids", "inner", "outer")


def examine(frames: Mapping[str, gpd.GeoDataFrame], *, this_year: int | None = None) -> tuple[Finding, ...]:
    """Say what is doubtful about the layers at hand.

    Parameters
    ----------
    frames : mapping
        Layer → checked frame as `geo.io.read_layer` gives it; layers may be absent or empty. They are not changed.
        Rows are named by ``source_row``; without such a column, by their turn in the frame.
    this_year : int, optional
        The year that years of construction are held against; today's without one.

    Returns
    -------
    tuple of Finding
        Ordered by severity, rule and row; the same for the same rows in any order.
    """
    city = City(frames)
    year = this_year or dt.datetime.now(tz=dt.UTC).year
    found = [
        *examine_names(city),
        *examine_ledgers(city),
        *examine_capacities(city),
        *examine_footprints(city),
        *examine_attributes(city, this_year=year),
        *examine_places(city),
        *examine_networks(city),
        *examine_unknowns(city),
    ]
    return tuple(sorted(found, key=lambda one: one.order))


def cell(finding: Finding, column: str, said: str, *, masked: bool = True) -> str:
    """Return a text of a column of a finding's layer, without personal data where `masked`."""
    return masked_text(said, column, title(finding.layer, column)) if masked else said


def what(finding: Finding, language: str = "zh", *, masked: bool = True) -> str:
    """Say what is doubtful, with the values.

    Parameters
    ----------
    finding : Finding
        From `examine`.
    language : str
        Of the words.
    masked : bool, default True
        Whether personal data is hidden in the values, each by the column that it is of; see `geo.masking`.

    Returns
    -------
    str
        One sentence.
    """
    if not masked:
        return finding.what(language)
    columns = {**_CODES, **dict.fromkeys(_OWN_CODES, IDENTIFIERS[finding.layer])}
    given = finding.values  # noqa: PD011 the values of a finding, not of a frame
    about = given.get("column", "")
    values = {
        name: masked_text(said, about if name == "example" else columns.get(name, "")) for name, said in given.items()
    }
    return replace(finding, values=values).what(language)


def table(
    findings: Iterable[Finding],
    language: str = "zh",
    accepted: Collection[str] = frozenset(),
    *,
    masked: bool = True,
) -> pd.DataFrame:
    """Return the findings as a table for people.

    Parameters
    ----------
    findings : iterable of Finding
        From `examine`.
    language : str
        Of the words.
    accepted : collection of str
        Keys of the findings that a person has accepted as they are.
    masked : bool, default True
        Whether personal data is hidden; see `geo.masking`.

    Returns
    -------
    pandas.DataFrame
        With `COLUMNS`, one row a finding; ``rows`` are written as runs.
    """
    answer = {state: text(f"quality.{state}", language) for state in ("yes", "no")}
    rows = [
        {
            "severity": text(f"quality.severity.{one.severity}", language),
            "rule": one.title(language),
            "layer": label("layer", one.layer, language),
            "rows": _places(one, masked=masked),
            "count": len(one.rows),
            "ids": _listed(one, masked=masked),
            "what": what(one, language, masked=masked),
            "mend": one.how(language),
            "accepted": answer["yes" if one.key in accepted else "no"],
            "key": one.key,
        }
        for one in findings
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _places(finding: Finding, *, masked: bool) -> str:
    sources = tuple(masked_text(one) for one in finding.sources) if masked else finding.sources
    return replace(finding, sources=sources).places()


def _listed(finding: Finding, *, masked: bool) -> str:
    column = IDENTIFIERS[finding.layer]
    ids = [cell(finding, column, one, masked=masked) for one in finding.ids[:_SHOWN_IDS]]
    return ", ".join(ids) + ("…" if len(finding.ids) > _SHOWN_IDS else "")


def positions(frame: gpd.GeoDataFrame, layer: str) -> dict[str, int]:
    """Return where each identifier of a layer stands in its frame."""
    ids = frame[IDENTIFIERS[layer]].astype("string").fillna("").astype(object)
    return {one: at for at, one in enumerate(ids)}


def shapes(findings: Iterable[Finding], frames: Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return the shapes of the rows that findings are about, for a map.

    Parameters
    ----------
    findings : iterable of Finding
        From `examine`.
    frames : mapping
        The layers that were examined.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a finding and row of it, in EPSG:4490: ``key, severity, rule, layer, id, ids, source_row``. Rows
        that the layers no longer have are left out.
    """
    where = {layer: positions(frame, layer) for layer, frame in frames.items() if layer in IDENTIFIERS}
    rows: list[dict[str, object]] = []
    places: list[object] = []
    stored = {layer: frames[layer].geometry.to_crs(STORED).to_numpy() for layer in where}
    for one in findings:
        ids = "、".join(one.ids[:_SHOWN_IDS]) + ("…" if len(one.ids) > _SHOWN_IDS else "")
        for identifier, row in zip(one.ids, one.rows, strict=True):
            at = where.get(one.layer, {}).get(identifier)
            if at is None:
                continue
            said = {"key": one.key, "severity": one.severity, "rule": one.rule, "layer": one.layer}
            rows.append({**said, "id": identifier, "ids": ids, "source_row": row})
            places.append(stored[one.layer][at])
    columns = ["key", "severity", "rule", "layer", "id", "ids", "source_row"]
    geometry = np.array(places, dtype=object)
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=geometry, crs=STORED)
