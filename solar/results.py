"""The files of ``python -m solar yield`` and what it says on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
from rich.console import Console

from data.catalog import label, text
from geo.export import csv_bytes, write_bytes, write_gpkg, write_parquet
from solar.rooftops import Rooftops
from solar.system import LOSSES
from solar.weather_repair import repair_notes

SUFFIXES: Final = (".parquet", ".gpkg", ".csv")
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
    plain = pd.DataFrame(table.drop(columns="geometry"))
    reason = plain["exclusion_reason"].map(lambda key: text(key, language) if key else "")
    named = plain.assign(exclusion_reason=reason).rename(columns=lambda name: label("column", str(name), language))
    return write_bytes(out, csv_bytes(named))


def write_beside(done: Rooftops, out: Path, ids: pd.Series, *, profiles: Path | None) -> list[Path]:
    """Write the audit beside the yields, and the hourly profiles of groups where they are asked for."""
    audit = done.audit.assign(building_id=ids.reindex(done.audit.index)).set_index("building_id").reset_index()
    written = [write_bytes(out.with_suffix(".audit.csv"), csv_bytes(audit))]
    if profiles is not None:
        hours = done.found.profiles.rename_axis("mid_hour").reset_index()
        written.append(write_bytes(profiles, csv_bytes(hours.assign(mid_hour=hours["mid_hour"].astype(str)))))
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
