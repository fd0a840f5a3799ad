"""The files of ``python -m solar yield`` and what it says on the terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
from rich.console import Console

from data import parameters
from data.catalog import label, text
from geo.export import csv_bytes, write_bytes, write_gpkg, write_parquet
from solar.engine import LOSS_COLUMNS, MONTHS, UNGROUPED
from solar.rooftops import Rooftops
from solar.system import LOSSES
from solar.weather_repair import repair_notes

SUFFIXES: Final = (".parquet", ".gpkg", ".csv")
_YEAR: Final = re.compile(r"y(\d{4})_kwh")
_CODED: Final = {
    "use": "building_uses",
    "roof_kind": "roof_kind",
    "mounting": "mounting",
    "load_class": "load_class",
    "height_source": "height_source",
    "plane_source": "plane_source",
    "plane_doubt": "plane_doubt",
    "usable_basis": "usable_basis",
    "exclusion_reason": "text",
    "assumed": "flag",
}
_KEPT: Final = ("building_id", "name", "use", "roof_kind", "county_code", "village_code", "source_row")


def yield_table(done: Rooftops, buildings: gpd.GeoDataFrame, *, years: bool, note: str) -> gpd.GeoDataFrame:
    """Return one row a building: its names, its roof and what it yields.

    Parameters
    ----------
    done : Rooftops
        The run.
    buildings : geopandas.GeoDataFrame
        What it was made of.
    years : bool
        Whether the yield of each year of the weather stands as ``y<year>_kwh``.
    note : str
        A mark for every row, such as that the data are synthetic; none if empty.
    """
    parts = [pd.DataFrame(buildings)[[name for name in _KEPT if name in buildings]], done.table()]
    if years:
        parts.append(done.found.yearly.rename(columns=lambda year: f"y{year}_kwh"))
    table = pd.concat(parts, axis=1)
    if note:
        table["data_note"] = note
    return gpd.GeoDataFrame(table, geometry=buildings.geometry, crs=buildings.crs)


def write_yields(table: gpd.GeoDataFrame, out: Path, *, language: str) -> Path:
    """Write the table in the format of its suffix, whole or not at all.

    A CSV carries headers in the reader's words and no footprints; the other formats the names of the columns.
    """
    suffix = out.suffix.lower()
    if suffix == ".parquet":
        return write_parquet(out, table)
    if suffix == ".gpkg":
        return write_gpkg(out, {"rooftops": table})
    return write_bytes(out, csv_bytes(worded(pd.DataFrame(table.drop(columns="geometry")), language)))


def worded(table: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return a table with headers and coded values in the reader's words."""
    done = table.copy()
    for name in table.columns.intersection(list(_CODED)):
        words = {code: _word(str(name), code, language) for code in table[name].dropna().unique()}
        done[name] = table[name].map(words).astype(object)
    return done.rename(columns=lambda name: _header(str(name), language))


def _word(name: str, code: object, language: str) -> str:
    kind = _CODED[name]
    if code == "":
        return ""
    if kind == "building_uses":
        return str(parameters.table(kind)[f"label_{language}"].loc[str(code)])
    if kind == "flag":
        return label("state", "yes" if code else "no", language)
    return text(str(code), language) if kind == "text" else label(kind, str(code), language)


def _header(name: str, language: str) -> str:
    year = _YEAR.fullmatch(name)
    return text("column.year_kwh", language, year=year[1]) if year else label("column", name, language)


def group_table(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return roofs, capacity, yield and the whole waterfall of each group, summed; rows of no group are ``unknown``."""
    group = table[by].astype(object).fillna(UNGROUPED).rename(by)
    sums = ["capacity_kw", "panel_m2", "yield_kwh", *MONTHS, "in_plane_kwh", *LOSS_COLUMNS]
    fitted = (table["capacity_kw"] > 0).groupby(group).sum().rename("fitted")
    return pd.concat([fitted, table[sums].groupby(group).sum()], axis=1).reset_index()


def write_beside(
    done: Rooftops, table: pd.DataFrame, out: Path, *, by: str, profiles: Path | None, language: str
) -> list[Path]:
    """Write the audit and the sums of groups beside the yields, and the groups' hours where they are asked for."""
    audit = done.audit.assign(building_id=table["building_id"].reindex(done.audit.index))
    audit = audit.set_index("building_id").reset_index()
    groups = group_table(table, by)
    written = [
        write_bytes(out.with_suffix(".audit.csv"), csv_bytes(worded(audit, language))),
        write_bytes(out.with_suffix(".groups.csv"), csv_bytes(worded(groups, language))),
    ]
    if profiles is not None:
        hours = done.found.profiles
        if by == "use":
            hours = hours.rename(columns=lambda code: _word("use", code, language))
        named = hours.rename_axis(label("column", "mid_hour", language)).reset_index()
        written.append(write_bytes(profiles, csv_bytes(named.astype({named.columns[0]: str}))))
    return written


def say(done: Rooftops, language: str) -> None:
    """Print totals, the waterfall of losses, notes and repairs."""
    console = Console(markup=False, highlight=False, soft_wrap=True)
    table, roofs = done.found.yields, done.roofs
    active = roofs["capacity_kw"] > 0
    told = {"count": int(active.sum()), "mw": roofs["capacity_kw"].sum() / 1e3, "gwh": table["yield_kwh"].sum() / 1e6}
    console.print(text("solar.said.total", language, **told, p90=done.spread["p90_kwh"].sum() / 1e6))
    for reason, count in roofs.loc[~active, "exclusion_reason"].value_counts().items():
        console.print(text("solar.said.left_out", language, count=int(count), reason=text(str(reason), language)))
    light = table["in_plane_kwh"].sum()
    for name in LOSSES:
        lost = table[f"loss_{name}_kwh"].sum()
        if light > 0 and lost > 0:
            console.print(f"  {label('loss', name, language)}: {lost / 1e6:,.3f} GWh ({lost / light:.2%})")
    worst = done.audit["relative_delta"].abs().max() if len(done.audit) else 0.0
    console.print(text("solar.said.audit", language, count=len(done.audit), worst=float(worst)))
    for key in done.notes():
        console.print(f"· {text(key, language)}")
    for cell in done.cells:
        for key, values in repair_notes(cell):
            console.print(f"· {cell.name}: {text(key, language, **values)}")
