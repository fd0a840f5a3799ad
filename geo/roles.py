"""What a foreign column says beside its own meaning, spelled out as columns of ours."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from data import parameters
from data.schemas import POLYGONS
from geo.cells import is_empty
from geo.vocabulary import coded, normalise

Mapped = dict[str, tuple[str, str]]


def enrich(frame: gpd.GeoDataFrame, mapped: Mapped) -> tuple[gpd.GeoDataFrame, Mapped]:
    """Add the columns that follow from others: duty tells backup and peaking, shape the kind of network.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Foreign columns; ``attrs`` hold the ``layer``.
    mapped : dict
        Foreign column → our column and the foreign one's unit.

    Returns
    -------
    frame, mapped
        With the added columns. A column that the file has is not replaced, save for the names of the plants that the
        Plan names: they are shown as the Plan writes them.
    """
    layer = frame.attrs["layer"]
    ours = {column: foreign for foreign, (column, _) in reversed(mapped.items())}
    said: dict[str, object] = {}
    if layer == "plants":
        said = _plant_roles(frame, ours)
    elif layer == "boilers":
        said = _boiler_roles(frame, ours)
    elif layer == "networks":
        said = {"kind": np.where(frame.geometry.geom_type.isin(POLYGONS), "service_area", "pipe")}
    new = {f"{column} *": (column, values) for column, values in said.items() if column not in ours or column == "name"}
    done = frame.assign(**{key: values for key, (_, values) in new.items()})
    done.attrs = dict(frame.attrs)
    renamed = {column for column, _ in new.values()}
    kept = {foreign: entry for foreign, entry in mapped.items() if entry[0] not in renamed}
    return done, {key: (column, "") for key, (column, _) in new.items()} | kept


def _boiler_roles(frame: gpd.GeoDataFrame, ours: dict[str, str]) -> dict[str, object]:
    """Say what a ledger's form tells: standing where it has no column of status, backup and peaking by duty.

    A header that offers backup and peaking among its duties (FACTS §J1) denies them where another duty is chosen.
    """
    said: dict[str, object] = {} if "status" in ours else {"status": np.full(len(frame), "operating", dtype=object)}
    if "duty" not in ours:
        return said
    duty = frame[ours["duty"]].astype("string").map(normalise, na_action="ignore")
    offered = all(word in ours["duty"] for word in ("备用", "调峰"))
    denied = duty.isin(list(coded("boilers", "duty"))) & ~is_empty(frame[ours["duty"]]) & offered
    for flag in ("is_backup", "is_peaking"):
        told = duty.map(coded("boilers", f"{flag}:duty")).astype(object)
        said[flag] = told.where(told.notna() | ~denied, "false")
    return said


def _plant_roles(frame: gpd.GeoDataFrame, ours: dict[str, str]) -> dict[str, object]:
    """Say what the Plan says of the plants that it names, and captive use as the tracker gives it."""
    if "plant_id" not in ours:
        return {}
    plan = parameters.table("plan_plants").replace("unknown", None)
    ids = frame[ours["plant_id"]].astype("string").str.strip()
    captive = ids.map(plan["is_captive"]).astype(object)
    if "captive_use" in ours:
        captive = captive.where(captive.notna() | is_empty(frame[ours["captive_use"]]), "yes")
    said: dict[str, object] = {"is_chp": ids.map(plan["is_chp"]).astype(object), "is_captive": captive}
    if "name" in ours:
        named = ids.map(plan["name_zh"]).astype(object)
        said["name"] = named.where(named.notna(), frame[ours["name"]])
    return said
