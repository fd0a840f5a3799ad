"""Heat sources and networks as tables: what each declares, what lies within its reach, and what is not declared."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data import parameters
from data.catalog import UNKNOWN, label
from data.codes import PLANT_STATUS
from heating import plants, verdicts
from heating.assessment import Assessment

OUTSIDE: Final = "outside"
REGISTERED: Final = ("heat_capacity_mw", "heat_load_mw", "heated_area_m2")
"""What the register of heat sources adds up over the running units of a plant, FACTS J5."""
AREA_KIND: Final = "service_area"
_M_PER_KM: Final = 1000.0
_VERDICTS: Final = ("R1", "R2", "R3", "R4", "review", "exempt", "none", "R6", "not_coal", "retired")


def counties_of(frame: gpd.GeoDataFrame, counties: gpd.GeoDataFrame | None) -> pd.Series:
    """Return the codes of the counties that each feature touches, joined by ``;``.

    Parameters
    ----------
    frame, counties : geopandas.GeoDataFrame
        In one CRS.

    Returns
    -------
    pandas.Series
        ``unknown`` without county outlines, ``outside`` beyond them.
    """
    if counties is None:
        return pd.Series(UNKNOWN, index=frame.index, dtype=object)
    at_feature, at_county = shapely.STRtree(counties.geometry.to_numpy()).query(
        frame.geometry.to_numpy(), predicate="intersects"
    )
    codes = counties["county_code"].to_numpy(dtype=object)
    found: list[list[str]] = [[] for _ in range(len(frame))]
    for feature, county in sorted(zip(at_feature, at_county, strict=True)):
        found[feature].append(str(codes[county]))
    return pd.Series([";".join(some) or OUTSIDE for some in found], index=frame.index, dtype=object)


def by_verdict(verdicts: Iterable[str], language: str) -> str:
    """Return how many boilers have each verdict, in words."""
    counts = pd.Series(list(verdicts), dtype=object).value_counts()
    order = [code for code in _VERDICTS if code in counts]
    order += sorted(set(counts.index) - set(order))
    return "；".join(f"{label('verdict', code, language)} {counts[code]}" for code in order)


def _status(codes: pd.Series) -> str:
    """Return the furthest state among a plant's units, in the order of the schema."""
    return next(code for code in PLANT_STATUS if code in set(codes))


def _register(running: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return by plant what FACTS J5 asks of its running units together; null where a unit does not tell."""
    found = {}
    for plant_id, own in running.groupby("plant_id", sort=True):
        sums = {name: math.fsum(own[name]) if name in own else math.nan for name in REGISTERED}
        low = [verdicts.truth(value) for value in own.get("is_ultra_low", [None])]
        words = {
            name: ";".join(sorted(set(own[name].dropna().astype(str)) - {UNKNOWN})) if name in own else ""
            for name in ("source_kind", "supplier")
        }
        found[plant_id] = sums | {"ultra_low": verdicts.all_of(*low)} | words
    columns = [*REGISTERED, "ultra_low", "source_kind", "supplier"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns).rename_axis("plant_id")


def _units(units: gpd.GeoDataFrame, counties: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return what the units of each plant say together, by ``plant_id``."""
    running = units["status"] == plants.OPERATING
    told = pd.DataFrame(units[["plant_id", "status"]]).assign(
        county_code=counties_of(units, counties),
        declared=running & plants.spare_heat(units).notna(),
        by_load=running & units["spare_heat_mw"].isna() & plants.spare_heat(units).notna(),
    )
    grouped = told.groupby("plant_id", sort=True)
    told_together = _register(units[running]).reindex(sorted(set(units["plant_id"])))
    return told_together.assign(
        status=grouped["status"].agg(_status),
        units_total=grouped.size(),
        spare_declared_units=grouped["declared"].sum(),
        spare_by_load_units=grouped["by_load"].sum(),
        county_code=grouped["county_code"].agg(
            lambda codes: ";".join(sorted({part for code in codes for part in code.split(";")}))
        ),
    )


def _roles(plant_ids: pd.Index) -> pd.Series:
    """Return the role that the Plan gives each plant, main or auxiliary; None where it does not name it."""
    return pd.Series(parameters.table("plan_plants")["role"], dtype=object).reindex(plant_ids)


def _areas_of(done: Assessment, plant_ids: pd.Index) -> pd.Series:
    """Return the declared running areas that each plant feeds, joined by ``;``; None where none names it."""
    networks = done.layers.some("networks")
    fed = networks[(networks["kind"] == AREA_KIND) & (networks["status"] == "existing")]
    found = fed["network_id"].astype(str).groupby(fed["plant_id"].astype(object)).agg(";".join)
    return pd.Series(found, dtype=object).reindex(plant_ids)


def plant_table(done: Assessment, *, language: str = "zh") -> pd.DataFrame:
    """Tabulate the plants: units, spare heat as declared, whether each can be a centre, and the boilers in reach.

    Parameters
    ----------
    done : Assessment
        The run.
    language : str
        Of the numbers by verdict.

    Returns
    -------
    pandas.DataFrame
        One row a plant: ``plant_id, name, county_code`` (joined by ``;``), ``status`` (the furthest of its
        units), ``units`` (operating), ``units_total``, ``operating_mw``, ``spare_heat_mw`` [MW] (NaN unless every
        operating unit tells it), ``spare_declared_units`` that do, ``spare_by_load_units`` (of these, by what
        they can deliver less their load), ``heat_capacity_mw, heat_load_mw`` [MW], ``heated_area_m2`` [m2] and
        ``ultra_low`` (three-valued) of all running units, ``source_kind, supplier``, ``role`` in the Plan, ``areas``
        fed (joined by ``;``), ``qualifies``, ``doubt``, ``boilers_within``,
        ``boilers_maybe`` (inside only if the doubt is settled so) [1] and ``boilers_by_verdict`` of both together;
        the three are null for a plant that is no centre, and where the run has no boilers layer.
    """
    units, states = done.layers.some("plants"), done.plant_states
    table = states[["name", "units", "operating_mw", "spare_heat_mw", "qualifies", "doubt"]].join(
        _units(units, done.layers.get("counties"))
    )
    table = table.assign(
        boilers_within=pd.array([pd.NA] * len(table), dtype="Int64"),
        boilers_maybe=pd.array([pd.NA] * len(table), dtype="Int64"),
        boilers_by_verdict=None,
    )
    if done.layers.get("boilers") is not None:
        near = plants.radius(done.boilers, units, states, done.scenario)
        verdicts = done.boilers["verdict"].to_numpy(dtype=object)
        for plant_id, inside in zip(near.plant_id, near.inside, strict=True):
            table.loc[plant_id, "boilers_within"] = int((inside == plants.YES).sum())
            table.loc[plant_id, "boilers_maybe"] = int((inside == plants.REVIEW).sum())
            table.loc[plant_id, "boilers_by_verdict"] = by_verdict(verdicts[inside != plants.NO], language)
    table = table.assign(role=_roles(table.index), areas=_areas_of(done, table.index))
    centre = table["qualifies"].map({"yes": 0, "review": 1, "no": 2})
    order = table.assign(centre=centre).sort_values(["centre", "operating_mw"], ascending=[True, False]).index
    columns = ["plant_id", "name", "county_code", "status", "units", "units_total", "operating_mw", "spare_heat_mw"]
    columns += ["spare_declared_units", "spare_by_load_units", *REGISTERED, "ultra_low", "source_kind", "supplier"]
    columns += ["role", "areas", "qualifies", "doubt", "boilers_within", "boilers_maybe", "boilers_by_verdict"]
    return table.loc[order].reset_index()[columns]


def boilers_within(done: Assessment, plant_id: str) -> pd.DataFrame:
    """Return the boilers that are, or may be, within the radius of one plant, with ``within_radius`` of that plant."""
    near = plants.radius(done.boilers, done.layers.some("plants"), done.plant_states, done.scenario)
    rows = np.flatnonzero(near.plant_id == plant_id)
    inside = near.inside[rows[0]] if len(rows) else np.full(len(done.boilers), plants.NO)
    found = pd.DataFrame(done.boilers.drop(columns="geometry")).assign(
        within_radius=np.where(inside == plants.YES, "yes", "review"),
        distance_m=near.metres[rows[0]] if len(rows) else math.nan,
    )
    kept: pd.DataFrame = found[inside != plants.NO].sort_values("distance_m").reset_index(drop=True)
    return kept


def members(frame: pd.DataFrame) -> pd.Series:
    """Return which network each building or boiler counts for; null outside all of them.

    In an existing area that is the one the run names for it (``network_id``, the best of several, or the one of
    unknown status or out of force that leaves it open), else the planned area (``planned_network_id``).
    """
    found: pd.Series = frame["network_id"].astype(object)
    found = found.where(found.notna(), frame["planned_network_id"].astype(object))
    return found.where(found.notna(), None).rename("network_id")


def _inside(done: Assessment, language: str) -> pd.DataFrame:
    """Return by network what lies inside it: buildings, heated area and boilers."""
    home = members(done.buildings)
    heated = done.buildings["area_m2"].where(done.buildings["clean_heating"] != "not_heated", 0.0)
    boilers = done.boilers["verdict"].astype(object).groupby(members(done.boilers))
    return pd.DataFrame(
        {
            "buildings": home.groupby(home).size(),
            "heated_area_m2": heated.groupby(home).sum(),
            "boilers": boilers.size(),
            "boilers_by_verdict": boilers.agg(lambda verdicts: by_verdict(verdicts, language)),
        }
    )


def _sources(frame: pd.DataFrame, states: pd.DataFrame) -> list[str | None]:
    """Return the name of each network's plant; its code where the plants layer lacks it, None where none is given."""
    names = states["name"].to_dict()
    return [None if pd.isna(code) else str(names.get(code, code)) for code in frame["plant_id"]]


def network_table(done: Assessment, *, language: str = "zh") -> pd.DataFrame:
    """Tabulate pipes and service areas: what they declare, and what lies inside the areas.

    Parameters
    ----------
    done : Assessment
        The run.
    language : str
        Of the numbers by verdict.

    Returns
    -------
    pandas.DataFrame
        One row a feature: ``network_id, name, kind, status, county_code`` (joined by ``;``), ``supplier``,
        ``plant_id, source`` (the plant's name), ``medium``, ``dn_mm`` [mm], ``area_km2``, ``length_km``,
        ``spare_heat_mw`` [MW],
        ``buildings``, ``heated_area_m2`` [m2], ``boilers``, ``boilers_by_verdict``, ``document``. A building or
        boiler in several areas counts for one of them, see `members`; pipes hold nothing, so theirs are null, and
        boilers are null where the run has no boilers layer.
    """
    frame = done.layers.some("networks")
    local = frame.to_crs(done.crs)
    area = (frame["kind"] == AREA_KIND).to_numpy(dtype=bool)
    held = _inside(done, language).reindex(frame["network_id"])
    counts = {name: held[name].fillna(0).astype("Int64").mask(~area) for name in ("buildings", "boilers")}
    if done.layers.get("boilers") is None:
        counts["boilers"] = counts["boilers"].mask(np.ones(len(frame), dtype=bool))
    return pd.DataFrame(
        {
            **{name: frame[name].to_numpy() for name in ("network_id", "name", "kind", "status")},
            "county_code": counties_of(frame, done.layers.get("counties")).to_numpy(),
            "supplier": frame["supplier"].to_numpy(),
            "plant_id": frame["plant_id"].to_numpy(),
            "source": pd.Series(_sources(frame, done.plant_states), dtype=object),
            "medium": frame["medium"].to_numpy(),
            "dn_mm": frame["dn_mm"].to_numpy(),
            "area_km2": np.where(area, local.area / _M_PER_KM**2, np.nan),
            "length_km": np.where(area, np.nan, local.length / _M_PER_KM),
            "spare_heat_mw": frame["spare_heat_mw"].to_numpy(),
            "buildings": counts["buildings"].array,
            "heated_area_m2": np.where(area, held["heated_area_m2"].fillna(0.0), np.nan),
            "boilers": counts["boilers"].array,
            "boilers_by_verdict": held["boilers_by_verdict"].to_numpy(),
            "document": frame["document"].to_numpy(),
        }
    )


def findings(plant_rows: pd.DataFrame, network_rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return what the declarations lack, as key of the finding → identifiers; findings without any are left out.

    Parameters
    ----------
    plant_rows, network_rows : pandas.DataFrame
        From `plant_table` and `network_table`.
    """
    areas = network_rows[network_rows["kind"] == AREA_KIND]
    centres = plant_rows[(plant_rows["qualifies"] != "no") & (plant_rows["units"] > 0)]
    strange = network_rows["plant_id"].notna() & ~network_rows["plant_id"].isin(plant_rows["plant_id"])
    found = {
        "area_spare_undeclared": areas.loc[areas["spare_heat_mw"].isna(), "network_id"],
        "area_spare_none": areas.loc[areas["spare_heat_mw"] <= 0, "network_id"],
        "network_source_missing": network_rows.loc[network_rows["plant_id"].isna(), "network_id"],
        "network_source_strange": network_rows.loc[strange, "network_id"],
        "plant_spare_undeclared": centres.loc[centres["spare_heat_mw"].isna(), "plant_id"],
        "plant_doubtful": plant_rows.loc[plant_rows["qualifies"] == "review", "plant_id"],
    }
    return {key: [str(name) for name in names] for key, names in found.items() if len(names)}
