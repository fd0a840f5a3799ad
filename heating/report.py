"""An assessment as tables a person reads and files another program reads."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from data import parameters
from data.catalog import VERSION, label, text
from geo.export import csv_bytes, write_bytes, write_gpkg, write_json, write_parquet
from geo.masking import masked
from heating import rates
from heating.assessment import Assessment
from heating.flips import FLIP_COLUMNS, in_words
from heating.scenario import Scenario, changes, values_in_use
from heating.wording import labelled, rounded
from solar.engine import LOSS_COLUMNS, MONTHS
from solar.system import LOSSES
from solar.weather import Weather

_MW_PER_KW: Final = 1e-3
_LIBRARIES: Final = ("geopandas", "shapely", "pyproj", "pvlib", "pandas", "numpy")
BOILER_COLUMNS: Final = (
    "boiler_id",
    "name",
    "county",
    "zone",
    "capacity_t_h",
    "site_total_t_h",
    "fuel",
    "duty",
    "medium",
    "status",
    "verdict",
    "conclusion",
    "strength",
    "rules_hit",
    "rules_open",
    "exemption",
    "missing",
    "supply_assured",
    "supply_missing",
    "supply_source",
    "need_mw",
    "nearest_plant",
    "distance_m",
    "margin_m",
    "point_distance_m",
    "near_radius_line",
    "within_radius",
    "plant_spare_mw",
    "in_service_area",
    "network_id",
    "network_margin_m",
    "network_spare_mw",
    "planned_network_id",
    "coverage",
    "coverage_basis",
    "coverage_network_id",
    "coverage_margin_m",
    "coverage_spare_mw",
    "p_covered",
    "planned_year",
    "reading_declared",
    "reading_line",
    "reading_street",
    "main_id",
    "main_distance_m",
    "main_dn_mm",
    "main_year",
    "street_main_id",
    "street_distance_m",
    "clause",
    "lead_dept",
    "longitude",
    "latitude",
    "source_row",
    "source_file",
)
_OPTIONAL: Final = ("networks", "counties", "parcels", "transformers", "streets", "institutions")
ROOF_COLUMNS: Final = (
    "building_id",
    "county_code",
    "village_code",
    "zone",
    "use",
    "roof_kind",
    "roof_m2",
    "mounting",
    "surface_tilt",
    "surface_azimuth",
    "gcr",
    "panel_m2",
    "capacity_kw",
    "yield_kwh",
    "specific_yield_kwh_kw",
    "p90_kwh",
    "poa_kwh_m2",
    "sky_view",
    "height_used_m",
    "height_source",
    "load_class",
    *MONTHS,
    "in_plane_kwh",
    *LOSS_COLUMNS,
    "exclusion_reason",
)


def stamped(table: pd.DataFrame, done: Assessment, language: str) -> pd.DataFrame:
    """Mark every row of an export as synthetic while synthetic data is shown."""
    if not done.layers.synthetic:
        return table
    return table.assign(**{text("column.data_note", language): text("app.synthetic", language)})


def county_names(done: Assessment) -> dict[str, str]:
    """Return the names of the counties by code, as far as the run knows them."""
    counties = done.layers.get("counties")
    return {} if counties is None else dict(zip(counties["county_code"], counties["name"], strict=True))


def conclusion(row: pd.Series, language: str) -> str:
    """Return the sentence that states a verdict, in the strength of its clause and no stronger.

    Parameters
    ----------
    row : pandas.Series
        ``verdict, leading_rule, supply_assured, exemption`` of one boiler.
    language : str
        ``zh`` or ``en``.
    """
    verdict, rule = str(row["verdict"]), str(row["leading_rule"])
    if verdict == "review":
        return text("conclusion.review", language, rule=label("rule", rule, language))
    if not rule:
        named = {("none", "plant_spare_short"): "premise_fails", ("exempt", "backup_from_radius"): "exempt_in_radius"}
        keys = [key for (code, lifted), key in named.items() if code == verdict and lifted in str(row["exemption"])]
        return text(f"conclusion.{keys[0] if keys else verdict}", language)
    said = str(parameters.table("boiler_rules")[f"conclusion_{language}"].loc[rule])
    supply = row["supply_assured"]
    return said if supply in ("yes", "none") else text(f"conclusion.supply_{supply}", language, said=said)


def _clause(rule: str, state: str, language: str) -> str:
    """Return the clause of the leading rule in its words, marked where it is not settled that it applies."""
    row = parameters.table("boiler_rules").to_dict("index").get(rule, {})
    if not row.get("clause_text"):
        return ""
    cited = f"{row['source']} {row['section']}：{row['clause_text']}"
    return f"（{label('state', state, language)}）{cited}" if state == "review" else cited


def boiler_table(done: Assessment, *, language: str = "zh", only: str | None = None) -> pd.DataFrame:
    """Return the boiler ledger, or one boiler of it, with verdicts and evidence, coded values still as codes."""
    ledger = done.boilers if only is None else done.boilers[done.boilers["boiler_id"] == only]
    departments = parameters.table("boiler_rules")["lead_dept"]
    leading = list(zip(ledger["leading_rule"], ledger["leading_state"], strict=True))
    table = pd.DataFrame(ledger.drop(columns="geometry")).assign(
        county=ledger["county_code"].map(county_names(done)).fillna(ledger["county_code"]),
        conclusion=[conclusion(row, language) for _, row in ledger.iterrows()],
        clause=[_clause(rule, state, language) for rule, state in leading],
        lead_dept=[departments.get(rule, "") for rule, _ in leading],
        longitude=ledger.geometry.x,
        latitude=ledger.geometry.y,
    )
    return table.reindex(columns=[column for column in BOILER_COLUMNS if column in table])


def flip_table(done: Assessment, *, language: str = "zh") -> pd.DataFrame:
    """Return the boilers whose verdict hangs on an open reading, with owner and county; verdicts as codes."""
    told = done.boilers[["boiler_id", "name", "county_code"]]
    table = in_words(done.boiler_flips, language).merge(pd.DataFrame(told), on="boiler_id", how="left", sort=False)
    table["county"] = table["county_code"].map(county_names(done)).fillna(table["county_code"])
    return table[["boiler_id", "name", "county", *FLIP_COLUMNS[1:]]]


def rate_table(done: Assessment) -> pd.DataFrame:
    """Return the clean-heating table with county names, coded values still as codes."""
    names = county_names(done) | {rates.ALL: rates.ALL}
    table = done.clean_heating
    return table.assign(county=table["county_code"].map(names).fillna(table["county_code"]))


def rate_labels(table: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return the rate table in the reader's words."""
    counties = {rates.ALL: text("county.all", language), "unknown": text("zone.unknown", language)}
    return labelled(table.assign(county=table["county"].replace(counties)), language)


def roof_table(done: Assessment) -> pd.DataFrame:
    """Return the rooftops with capacity and yield."""
    columns = [name for name in ROOF_COLUMNS if name != "source_file" or name in done.buildings]
    return pd.DataFrame(done.buildings).reindex(columns=columns)


def fault_table(done: Assessment, *, language: str = "zh") -> pd.DataFrame:
    """Return every fault of the run's files as a table."""
    columns = [
        "file",
        "layer",
        "row",
        "rows",
        "count",
        "column",
        "rule",
        "effect",
        "expected",
        "got",
        "mend",
        "message",
    ]
    return pd.DataFrame([fault.as_row(language) for fault in done.faults], columns=columns)


def result_layers(done: Assessment, *, language: str = "zh") -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """Return all layers with their results for a GeoPackage, marked where synthetic."""
    optional = {name: done.layers.get(name) for name in _OPTIONAL}
    layers = {
        "buildings": done.buildings,
        "boilers": done.boilers,
        "plants": done.plants,
        "plant_rings": done.rings,
        "villages": done.villages,
        **optional,
        "boiler_findings": done.boiler_findings,
        "boiler_flips": done.boiler_flips,
        "clean_heating": done.clean_heating,
    }
    return {name: stamped(frame, done, language) for name, frame in layers.items() if frame is not None and len(frame)}


def set_aside_layers(done: Assessment, *, language: str = "zh") -> dict[str, gpd.GeoDataFrame]:
    """Return the rows of each file that were set aside, as they were read."""
    return {
        layer: stamped(_as_text(source.set_aside), done, language)
        for layer, source in done.layers.sources.items()
        if source.set_aside is not None and len(source.set_aside)
    }


def _as_text(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Write foreign cells as text under names that a GeoPackage can hold: these are rows that nobody could read."""
    taken = {"fid", "geom", "geometry"}
    names = {}
    for column in frame.columns.drop(["geometry", "source_row"]):
        name = str(column)
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names[column] = name
    words = frame[list(names)].astype(object).map(str, na_action="ignore").rename(columns=names)
    return gpd.GeoDataFrame(words.assign(source_row=frame["source_row"]), geometry=frame.geometry, crs=frame.crs)


def write(done: Assessment, out: Path, *, language: str = "zh", unmasked: bool = False) -> list[Path]:
    """Write an assessment into a folder, each file atomically, and return the files.

    ``assessment.gpkg`` (all layers with results), ``clean_heating.csv``, ``boilers.csv``, ``boiler_flips.csv``,
    ``rooftops.parquet``, ``summary.json``; ``faults.csv`` and ``set_aside.gpkg`` where there are any. Names of persons,
    telephone and identity numbers are hidden unless `unmasked`.
    """

    def shown(table: pd.DataFrame) -> pd.DataFrame:
        return stamped(table if unmasked else masked(table), done, language)

    layers = result_layers(done, language=language)
    boilers = labelled(rounded(boiler_table(done, language=language)), language)
    roofs = gpd.GeoDataFrame(shown(roof_table(done)), geometry=done.buildings.geometry)
    written = [
        write_gpkg(out / "assessment.gpkg", layers if unmasked else _hidden(layers)),
        write_bytes(out / "clean_heating.csv", csv_bytes(shown(rate_labels(rounded(rate_table(done)), language)))),
        write_bytes(out / "boilers.csv", csv_bytes(shown(boilers))),
        write_bytes(
            out / "boiler_flips.csv", csv_bytes(shown(labelled(flip_table(done, language=language), language)))
        ),
        write_parquet(out / "rooftops.parquet", roofs),
        write_json(out / "summary.json", summary(done)),
    ]
    if done.faults:
        faults = labelled(fault_table(done, language=language), language)
        written.append(write_bytes(out / "faults.csv", csv_bytes(shown(faults))))
    if aside := set_aside_layers(done, language=language):
        written.append(write_gpkg(out / "set_aside.gpkg", aside if unmasked else _hidden(aside)))
    for name in {"faults.csv", "set_aside.gpkg"} - {path.name for path in written}:
        # Left by an earlier run, they would be taken for this one's.
        (out / name).unlink(missing_ok=True)
    return written


def _hidden(layers: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return layers without personal data."""
    return {name: masked(frame) for name, frame in layers.items()}


def _city_rates(table: pd.DataFrame) -> dict[str, Any]:
    shown = ["rate_low", "rate_high", "household_rate_low", "household_rate_high", "target", "standing"]
    whole = table[table["county_code"] == rates.ALL].set_index("zone")
    return {
        str(zone): {name: None if pd.isna(row[name]) else row[name] for name in shown} for zone, row in whole.iterrows()
    }


def _constants(scenario: Scenario) -> dict[str, dict[str, float]]:
    """Return every numeric constant by table and name, as the run used them."""
    used = values_in_use(scenario)
    return {table: {name: used[row.key] for name, row in parameters.cited(table).items()} for table in parameters.NAMED}


def _changed(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """Return the constants that the scenario changes: the cited value with its source, and the value used."""
    return {
        change.cited.key: {
            "cited": change.cited.value,
            "used": change.value,
            "unit": change.cited.unit,
            "source_of_cited": change.cited.source,
        }
        for change in changes(scenario)
    }


def _inputs(done: Assessment) -> dict[str, str]:
    """Return the SHA-256 of every file that was read."""
    files = {layer: source.sha256 for layer, source in done.layers.sources.items()}
    return files | dict(done.layers.sha256)


def _weather(cell: Weather) -> dict[str, Any]:
    return {
        "name": cell.name,
        "source": cell.source,
        "synthetic": cell.synthetic,
        "years": list(cell.year_list),
        "notes": list(cell.notes),
        "repairs": [asdict(repair) for repair in cell.repairs],
    }


def summary(done: Assessment) -> dict[str, Any]:
    """Return counts, rates, energy, versions, parameters and input hashes as plain values for JSON."""
    buildings, audit = done.buildings, done.solar.audit
    return {
        "version": VERSION,
        "synthetic": done.layers.synthetic,
        "notice": text("app.synthetic_long") if done.layers.synthetic else "",
        "rows": {
            layer: {"in": source.rows_in, "used": source.rows_used, "set_aside": source.rows_in - source.rows_used}
            for layer, source in done.layers.sources.items()
        },
        "buildings_by_zone": {str(zone): int(count) for zone, count in buildings["zone"].value_counts().items()},
        "clean_heating": _city_rates(done.clean_heating),
        "area_by_basis_m2": {
            str(name): float(area) for name, area in buildings.groupby("area_basis")["area_m2"].sum().items()
        },
        "buildings_by_rung": {str(name): int(n) for name, n in buildings["coverage"].value_counts().items()},
        "boilers_by_rung": {str(name): int(n) for name, n in done.boilers["coverage"].value_counts().items()},
        "boilers_that_hang_on_a_reading": int(done.boiler_flips["boiler_id"].nunique()),
        "boilers_by_verdict": {str(name): int(count) for name, count in done.boilers["verdict"].value_counts().items()},
        "rooftops": {
            "fitted": int((buildings["capacity_kw"] > 0).sum()),
            "capacity_mw": float(buildings["capacity_kw"].sum() * _MW_PER_KW),
            "yield_gwh": float(buildings["yield_kwh"].sum() * 1e-6),
            "audit_roofs": len(audit),
            "audit_worst_relative": float(audit["relative_delta"].abs().max()) if len(audit) else None,
            "p90_gwh": float(buildings["p90_kwh"].sum() * 1e-6),
            "lost_gwh": {name: float(buildings[f"loss_{name}_kwh"].sum() * 1e-6) for name in LOSSES},
            "heights": {str(name): int(n) for name, n in buildings["height_source"].value_counts().items()},
            "notes": list(done.solar.notes()),
        },
        "heat": {
            "peak_mw": float(buildings["peak_kw"].sum() * _MW_PER_KW),
            "annual_tj": float(buildings["heat_gj"].sum() * 1e-3),
            "season": asdict(done.season),
            "buildings_without_index": int(buildings["heat_index_w_m2"].isna().sum()),
        },
        "weather": [_weather(cell) for cell in done.layers.weather],
        "elevation": [path.name for path in done.layers.elevation],
        "working_crs": done.crs.srs,
        "scenario": done.scenario.as_dict(),
        "parameters": _constants(done.scenario),
        "parameters_changed": _changed(done.scenario),
        "parameters_sha256": parameters.digest(),
        "inputs_sha256": _inputs(done),
        "libraries": {name: version(name) for name in _LIBRARIES} | {"python": platform.python_version()},
        "faults": len(done.faults),
    }
