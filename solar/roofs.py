"""Which roofs take photovoltaics, how they are mounted and how much fits on them.

Every share, tilt, load and smallest size is a row of ``roofs.csv``, ``roof_loads.csv`` or ``pv.csv``; a building's
use and roof kind choose the row. A roof that takes nothing says why.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data import parameters
from data.catalog import UNKNOWN
from solar.roof_loads import load_classes
from solar.roof_options import RoofOptions
from solar.roof_planes import north_excluded, roof_planes, row_pitch
from solar.roof_shapes import net_area, rectangle_share, require_metres, roof_shapes

__all__ = ("EAST_WEST_MOUNTING", "MOUNTINGS", "NO_MOUNTING", "RoofOptions", "design_roofs", "row_pitch")

MOUNTINGS: Final = {"flat_concrete": "tilted_flat", "metal_sheet": "flush_metal", "pitched_tile": "pitched_south"}
"""Mounting of each roof kind."""
EAST_WEST_MOUNTING: Final = "tilted_east_west"
"""Mounting on flat concrete where `RoofOptions.flat_layout` asks for east–west pairs."""
NO_MOUNTING: Final = "none"
_GIVEN: Final = ("roof_tilt_deg", "roof_azimuth_deg")
_SMALLEST_ROOF: Final = dict.fromkeys(
    ("public_flat", "hospital", "village_public", "commercial", "industrial"), "min_roof_public_m2"
)
_SMALLEST_ARRAY: Final = {
    "rural_house": "min_panel_rural_m2",
    "apartment": "min_panel_apartment_m2",
    "unknown": "min_panel_unknown_m2",
}


def design_roofs(
    buildings: gpd.GeoDataFrame, *, latitude: float | None = None, options: RoofOptions | None = None
) -> pd.DataFrame:
    """Lay out each roof by its use and kind.

    Parameters
    ----------
    buildings : geopandas.GeoDataFrame
        Columns ``use``, ``roof_kind`` and the footprint, in a projected system in metres; ``year_built``,
        ``structure``, ``roof_tilt_deg`` and ``roof_azimuth_deg`` where they are known.
    latitude : float, optional
        Latitude [deg] to space the rows for; that of each building if not given.
    options : RoofOptions, optional
        Layout of flat roofs and setbacks; those of the parameter tables if not given.

    Returns
    -------
    pandas.DataFrame
        On the index of `buildings`; excluded roofs have no panels and no capacity:

        ``roof_m2``           footprint without its holes [m2]
        ``usable_m2``         roof that the array may cover, walkways and equipment taken off [m2]
        ``usable_basis``      ``gross_share``, or ``setback`` where the options give one
        ``mounting``          ``flush_metal``, ``tilted_flat``, ``tilted_east_west``, ``pitched_south`` or ``none``
        ``orientation_deg``   azimuth of the long axis [deg from true north, 0 to 180]
        ``surface_tilt``      tilt of the panels [deg]
        ``surface_azimuth``   azimuth of the panels [deg clockwise from true north]; of two slopes the more southern
        ``second_azimuth``    azimuth of the other half of the panels [deg], NaN where all face one way
        ``plane_source``      ``given``, ``footprint`` or ``layout``: where tilt and azimuth come from
        ``plane_doubt``       ``tilt_contradicts_kind`` where a flat roof is given a slope, else empty
        ``gcr``               panel area per area of the array [1]
        ``panel_m2``          panel area [m2]
        ``capacity_kw``       DC power [kW]
        ``load_class``        ``adequate``, ``check``, ``insufficient`` or ``unknown`` (`solar.roof_loads`)
        ``exclusion_reason``  text key, empty where the roof is used
        ``assumed``           whether the roof kind was unknown and taken from ``roofs.csv``

    Raises
    ------
    ValueError
        If the coordinates are not projected metres with true areas, or a use has no row.
    """
    require_metres(buildings)
    chosen = options or RoofOptions()
    kinds, shape = _roof_kinds(buildings, chosen), roof_shapes(buildings)
    phi = shape["latitude"].to_numpy() if latitude is None else np.full(len(buildings), float(latitude))
    given = pd.DataFrame({name: _known(buildings, name) for name in _GIVEN})
    planes = roof_planes(kinds["mounting_kind"], shape, given, phi, chosen)
    roofs = pd.concat([kinds, shape, planes], axis=1)
    roofs["load_class"] = _load_classes(buildings, roofs)
    roofs["usable_m2"] = (_usable_share(buildings, roofs, chosen) * roofs["share"] * roofs["roof_m2"]).fillna(0.0)
    panel = (roofs["usable_m2"] * roofs["gcr"]).fillna(0.0)
    reason = _exclusions(roofs, panel)
    used = reason == ""
    capacity = panel * parameters.value("pv", "module_w_m2") / 1000
    return pd.DataFrame(
        {
            "roof_m2": roofs["roof_m2"],
            "usable_m2": roofs["usable_m2"],
            "usable_basis": "gross_share" if chosen.setback_m is None else "setback",
            "mounting": roofs["mounting"],
            "orientation_deg": roofs["orientation_deg"],
            "surface_tilt": roofs["surface_tilt"],
            "surface_azimuth": roofs["surface_azimuth"],
            "second_azimuth": roofs["second_azimuth"],
            "plane_source": roofs["plane_source"],
            "plane_doubt": roofs["plane_doubt"],
            "gcr": roofs["gcr"],
            "panel_m2": panel.where(used, 0.0),
            "capacity_kw": capacity.where(used, 0.0),
            "load_class": roofs["load_class"],
            "exclusion_reason": reason,
            "assumed": roofs["assumed"],
        }
    )


def _roof_kinds(buildings: gpd.GeoDataFrame, options: RoofOptions) -> pd.DataFrame:
    """Return roof class, the kind to mount on (empty if none), the mounting and whether the kind was assumed."""
    classes = parameters.table("building_uses")["roof_class"]
    strangers = set(buildings["use"]) - set(classes.index)
    if strangers:
        raise ValueError(f"uses without a row in building_uses.csv: {sorted(map(str, strangers))}")
    roof_class = buildings["use"].astype(str).map(classes)
    known = buildings["roof_kind"].isin(tuple(MOUNTINGS))
    assumed_kind = roof_class.map(_assumed_kinds())
    kind = buildings["roof_kind"].astype(str).where(known, assumed_kind).fillna("")
    kind = kind.where(roof_class != NO_MOUNTING, "")
    mountings = MOUNTINGS | ({"flat_concrete": EAST_WEST_MOUNTING} if options.east_west else {})
    return pd.DataFrame(
        {
            "roof_class": roof_class,
            "mounting_kind": kind,
            "mounting": kind.map(mountings).fillna(NO_MOUNTING),
            "assumed": ~known & (kind != ""),
        }
    )


def _assumed_kinds() -> dict[str, str]:
    """Return the roof kind to take for a roof class where it is unknown: rows ``assumed_<class>_<kind>``."""
    found = {}
    for name in parameters.constants("roofs"):
        for kind in MOUNTINGS:
            if name.startswith("assumed_") and name.endswith(f"_{kind}"):
                found[name.removeprefix("assumed_").removesuffix(f"_{kind}")] = kind
    return found


def _known(buildings: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Return an optional number of the layer, NaN where it does not say."""
    return pd.Series(buildings.get(name, np.nan), index=buildings.index, dtype=float)


def _load_classes(buildings: gpd.GeoDataFrame, roofs: pd.DataFrame) -> pd.Series:
    structure = buildings["structure"].astype(object).fillna(UNKNOWN) if "structure" in buildings else UNKNOWN
    return load_classes(
        roofs[["roof_class", "mounting"]].assign(
            roof_kind=roofs["mounting_kind"], structure=structure, year_built=_known(buildings, "year_built")
        )
    )


def _by_row(keys: pd.Series, pattern: str, used: pd.Series) -> pd.Series:
    """Return the row of ``roofs.csv`` that each key names, NaN where the roof has no mounting."""
    values = {key: parameters.value("roofs", pattern.format(key)) for key in keys[used].unique()}
    return keys.where(used).map(values).astype(float)


def _usable_share(buildings: gpd.GeoDataFrame, roofs: pd.DataFrame, options: RoofOptions) -> pd.Series:
    """Return the share of each gross roof that the array may cover [1], NaN without a mounting.

    The shares of FACTS E1 are gross and hold setbacks and equipment together. With a setback of its own the roof
    keeps its net area times what equipment leaves of it; that second factor is the gross share over the share that
    the reference setback of the roof kind leaves of a typical roof of its class, at most 1. A typical roof with the
    reference setback thus comes out as by the gross share.
    """
    mounted = roofs["mounting"] != NO_MOUNTING
    kind, roof_class = roofs["mounting_kind"], roofs["roof_class"]
    gross = _by_row(roof_class + "_" + kind, "usable_{}", mounted)
    if options.setback_m is None:
        return gross
    reference = rectangle_share(
        _by_row(roof_class, "typical_width_{}_m", mounted),
        _by_row(roof_class, "typical_length_{}_m", mounted),
        _by_row(kind, "setback_{}_m", mounted),
    )
    free_of_equipment = (gross / reference).clip(upper=1.0)
    net = net_area(buildings, options.setback_m) / roofs["roof_m2"].where(roofs["roof_m2"] > 0)
    return net * free_of_equipment


def _exclusions(roofs: pd.DataFrame, panel_m2: pd.Series) -> pd.Series:
    """Return why a roof is left out, as a text key; empty where it is used. The first reason counts."""
    roof_class, pitched = roofs["roof_class"], roofs["mounting"] == "pitched_south"
    small = roofs["roof_m2"] < _smallest(roof_class, _SMALLEST_ROOF)
    few = panel_m2 < _smallest(roof_class, _SMALLEST_ARRAY)
    reasons = (
        (roof_class == NO_MOUNTING, "roof.use_excluded"),
        (roofs["mounting"] == NO_MOUNTING, "roof.kind_unknown"),
        (panel_m2 <= 0, "roof.no_area"),
        (roofs["load_class"] == "insufficient", "roof.load_insufficient"),
        (pitched & north_excluded(roofs["surface_tilt"], roofs["surface_azimuth"]), "roof.faces_north"),
        (small | few, "roof.too_small"),
    )
    chosen = np.select([test.to_numpy() for test, _ in reasons], [key for _, key in reasons], default="")
    return pd.Series(chosen, index=roofs.index, dtype=object)


def _smallest(roof_class: pd.Series, rows: dict[str, str]) -> pd.Series:
    return (
        roof_class.map({name: parameters.value("roofs", row) for name, row in rows.items()}).astype(float).fillna(0.0)
    )
