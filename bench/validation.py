"""Writes VALIDATION.md: the deltas between what the product computes and independent references.

Run it as ``python -m bench.validation VALIDATION.md``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import geopandas as gpd
import numpy as np
import shapely
import typer

from bench.references import plain_distances
from data import demo, parameters
from geo.crs import GEOD, STORED, working_crs
from geo.datum import readings, weigh
from geo.export import write_bytes
from geo.offsets import from_bd09, from_gcj02, to_bd09, to_gcj02
from geo.proximity import Distances
from geo.streets import StreetGraph
from heating import emissions, rate_sheet, rates, report
from heating.assessment import Assessment, assess
from heating.behind import of_area
from heating.inside import probability
from heating.layers import load_folder
from heating.scenario import Scenario
from heating.season import of_table
from solar import validation
from solar.engine import MONTHS

Row = tuple[str, str, str, str]
BUILDINGS: Final = 5000
DRAWS: Final = 40
_SOLAR: Final = """## The solar engine

Written by `python -m solar validate --out VALIDATION.md`.

"""
_HEADER: Final = """# Validation

Written by `make validation`. Row-wise comparisons with independent references; the tests hold the same comparisons to
their tolerances.

## Distances, heat and the whole city

Written by `python -m bench.validation VALIDATION.md`.

| what | reference | measured | remark |
|---|---|---|---|
"""


def distance_rows() -> Iterator[Row]:
    """Compare the radius distances with plain geodesics, and measure the working projection."""
    rng = np.random.default_rng(20221109)
    lon, lat = rng.uniform(106.0, 107.1, 2000), rng.uniform(38.6, 39.5, 2000)
    plants = ((106.3846493, 39.0355196), (106.7890371, 39.2848224), (106.936207, 39.014518))
    places = gpd.GeoDataFrame(geometry=shapely.points(lon, lat), crs=STORED)
    ours = Distances(places)([shapely.Point(point) for point in plants])
    plain = np.column_stack([plain_distances(lon, lat, *point) for point in plants]).min(axis=1)
    same = int(((ours <= 15_000) == (plain <= 15_000)).sum())
    yield (
        "15 km verdicts, 2,000 points, 3 plants",
        "pyproj.Geod(GRS80).inv row by row",
        f"{same} of 2000 equal",
        f"≤ {np.abs(ours - plain).max():.1e} m",
    )
    crs = working_crs(106.5)
    worst = 0.0
    for point in plants:
        for azimuth in range(0, 360, 15):
            x, y, _ = GEOD.fwd(*point, azimuth, 15_000)
            ends = gpd.GeoSeries([shapely.Point(point), shapely.Point(x, y)], crs=STORED).to_crs(crs)
            worst = max(worst, abs(ends.iloc[0].distance(ends.iloc[1]) - 15_000))
    yield (
        "plane distance of 15 km in the working CRS",
        "geodesic, 24 directions at 3 plants",
        f"≤ {worst:.2f} m off",
        "areas and edges only; verdicts use the geodesic",
    )


def coordinate_rows() -> Iterator[Row]:
    """Measure the inverses of the web maps' offsets, and how often a file's offset is told from a trusted layer."""
    rng = np.random.default_rng(20221109)
    lon, lat = rng.uniform(73.5, 135, 200_000), rng.uniform(18, 53.5, 200_000)
    for name, there, back in (("GCJ-02", to_gcj02, from_gcj02), ("BD-09", to_bd09, from_bd09)):
        off = np.abs(np.subtract(back(*there(lon, lat)), (lon, lat))).max()
        yield (f"{name} and back, 200,000 places in China", "the published forward formula", f"≤ {off:.0e}°", "")
    with tempfile.TemporaryDirectory() as folder:
        city = load_folder(demo.build(Path(folder) / "city", buildings=BUILDINGS)).frames["buildings"]
    shapes = city.geometry.to_numpy()
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    right = decided = wrong = 0
    moves = {"wgs84": lambda x, y: (x, y), "gcj02": to_gcj02, "bd09": to_bd09}
    for draw in range(DRAWS * len(moves)):
        datum = tuple(moves)[draw % len(moves)]
        noise = rng.normal(0, 8 / 111_000, (50, 2))
        said = moves[datum](*(centres[rng.choice(len(centres), 50, replace=False)] + noise).T)
        verdict = weigh(readings(*said), shapes)
        right += verdict.best == datum
        decided += verdict.decided
        wrong += verdict.decided and verdict.best != datum
    drawn = DRAWS * len(moves)
    yield (
        f"offset of {drawn} files of 50 places, 8 m noise",
        "the offset they were given (demo buildings trusted)",
        f"{right} right, {decided} decided",
        f"{wrong} decided wrongly",
    )


def heat_rows() -> Iterator[Row]:
    """Compare the annual heat of one square metre with FACTS §G1."""
    for index, wanted in ((30, 0.26), (40, 0.35), (45, 0.39), (60, 0.52)):
        ours = of_table().gj_per_kw * index / 1000
        yield (
            f"annual heat at q = {index} W/m²",
            f"FACTS G1: {wanted:.2f} GJ/m²",
            f"{ours:.4f} GJ/m²",
            f"Δ {ours - wanted:+.4f}",
        )


def street_rows() -> Iterator[Row]:
    """Compare ways along a square grid of streets with the taxicab distance."""
    rng = np.random.default_rng(7)
    step, count, houses = 100.0, 40, 2_000
    at = np.arange(count) * step
    end = at[-1]
    lines = [shapely.LineString([(x, 0), (x, end)]) for x in at] + [shapely.LineString([(0, y), (end, y)]) for y in at]
    graph = StreetGraph(gpd.GeoDataFrame(geometry=lines, crs=working_crs(106.5)))
    corner = rng.integers(0, count, (houses, 2)) * step
    main = np.array([shapely.LineString([(0, 0), (0, end)])], dtype=object)
    ways = graph.ways(graph.spots(shapely.points(corner)), main, hop_m=1.0)
    yield (
        f"way along streets to a main, {houses:,} places",
        "taxicab distance on a grid of 100 m",
        f"≤ {np.abs(ways.metres - corner[:, 0]).max():.1e} m",
        f"{len(graph.edges)} stretches",
    )


def covered_rows() -> Iterator[Row]:
    """Compare P(covered) near a straight edge with how often a place drawn with that accuracy lies inside."""
    rng = np.random.default_rng(11)
    margins, sigma, draws = np.linspace(-60, 60, 25), 20.0, 40_000
    drawn = (margins[:, None] + rng.normal(0, sigma, (len(margins), draws)) >= 0).mean(axis=1)
    ours = probability(margins, np.full(len(margins), sigma))
    yield (
        "P(covered) at 25 distances from an edge, σ = 20 m",
        f"{draws:,} draws of the place each",
        f"≤ {np.abs(ours - drawn).max():.4f}",
        "the error of the draws is ≤ 0.0025 at one standard deviation",
    )


def rate_rows(done: Assessment) -> Iterator[Row]:
    """Add up the rows that the page shows behind every figure of the reported table."""
    worst, cells = 0.0, 0
    columns = {"area_m2": "area_m2", "households": "households_used"}
    for basis, (measure, _) in rate_sheet.MEASURES.items():
        scale = 1e4 if basis == "area" else 1.0
        for row in rate_sheet.j4(done, basis).to_dict("records"):
            for part in ("total", *rate_sheet.CLEAN, *rate_sheet.DIRTY, *rates.PARTS):
                keep = of_area(done.buildings, county=row["county_code"], zone=row["zone"], part=part)
                worst = max(worst, abs(done.buildings.loc[keep, columns[measure]].sum() / scale - row[part]))
                cells += 1
    yield (
        f"{cells} figures of table J4, both bases",
        "the rows shown behind them",
        f"≤ {worst:.1e}",
        "10⁴ m², households",
    )


def emission_rows() -> Iterator[Row]:
    """Work out direct electric heating and loose coal by hand."""
    said = emissions.direct_electric()
    factors = {name: row.value for name, row in parameters.constants("emissions").items()}
    power = parameters.value("heat_conversion", "electric_heater")
    by_hand = factors[emissions.GRID] * 1000 / 3.6 / power
    yield (
        "CO2 of a GJ of direct electric heat, and of loose coal",
        f"{factors[emissions.GRID]} kg/kWh ÷ 3.6 MJ/kWh ÷ {power:g}",
        f"{said['electric_kg_gj']:.1f} kg/GJ, Δ {said['electric_kg_gj'] - by_hand:+.1e}",
        f"loose coal {said['coal_kg_gj']:.1f} ({said['coal_low_kg_gj']:.0f}–{said['coal_high_kg_gj']:.0f}) kg/GJ",
    )


def city_rows() -> Iterator[Row]:
    """Assess a demo city and re-add its totals from the rows."""
    with tempfile.TemporaryDirectory() as folder:
        done = assess(load_folder(demo.build(Path(folder) / "city", buildings=BUILDINGS)), Scenario())
    said = report.summary(done)
    months = done.buildings[list(MONTHS)].to_numpy().sum()
    total = said["rooftops"]["yield_gwh"] * 1e6
    yield (f"sum of months, {BUILDINGS} roofs", "annual yield", f"{months / total - 1:+.1e}", "relative")
    yield (
        "annual yields of the whole run",
        f"plain pvlib in double precision, {said['rooftops']['audit_roofs']} roofs",
        f"≤ {said['rooftops']['audit_worst_relative']:.1e}",
        "the run's self-audit",
    )
    yield from rate_rows(done)


def table() -> str:
    """Return the heating part of the page."""
    rows = [*distance_rows(), *coordinate_rows(), *street_rows(), *covered_rows(), *heat_rows(), *emission_rows()]
    rows += city_rows()
    return _HEADER + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main(out: Annotated[Path, typer.Argument(help="file to write")]) -> None:
    """Write the validation table."""
    old = out.read_text(encoding="utf-8") if out.is_file() else ""
    solar = old[old.index(validation.START) :] if validation.START in old else ""
    write_bytes(out, f"{table()}\n{_SOLAR}{solar}".encode())
    validation.page(out)


if __name__ == "__main__":
    typer.run(main)
