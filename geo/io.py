"""The only place that opens layers: a file comes in, a checked layer and every fault come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from data.catalog import DATA_DIR, LANGUAGES, LAYERS, text
from data.errors import DataError, Fault
from data.schemas import IDENTIFIERS, MODELS, data_columns
from geo.crs import STORED, Recognition
from geo.exports.parts import SYSTEMS
from geo.geometry import Mask, finding
from geo.placing import Placed, place
from geo.readers.opening import open_raw
from geo.readers.parts import digest
from geo.readers.raw import Raw, parted, refuse
from geo.roles import NOTE_COLUMNS, absent, enrich, is_synthetic
from geo.validate import Checked, Column, check
from geo.vocabulary import (
    GEOMETRY_COLUMNS,
    base_unit,
    columns,
    dimensions,
    guess_layer,
    misfits,
    normalise,
    split_header,
    states_unit,
    unit_of,
    units_for,
)

_CALORIES: Final = ("kcal/h", "万kcal/h")
_MASSES: Final = ("吨", "t")
_OPEN: Final = "?"  # a unit that nobody has stated
_UNIT_NEEDED: Final = ("capacity_t_h",)  # t/h and MW differ by 0.7: a bare number is none of them
_TOLD: Final = 2  # a name column alone tells no layer


@dataclass(frozen=True, slots=True)
class LayerRead:
    """A checked layer with the evidence of how it was read: `mapping` and `units` are by the file's column names.

    `parts` are the sheets that it was joined of, each as it was read; empty for a single one.
    """

    layer: str
    path: Path
    file: str
    checked: Checked
    recognition: Recognition
    mapping: dict[str, str]
    unread: tuple[str, ...]
    rows_in: int
    sha256: str
    synthetic: bool = False
    units: dict[str, str] = field(default_factory=dict)
    sublayer: str | None = None
    parts: tuple[LayerRead, ...] = ()

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """Rows that can be used, in EPSG:4490."""
        return self.checked.frame

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Everything that was found about the file."""
        return self.checked.faults


def _refusals(layer: str, names: list[str], mapping: dict[str, tuple[str, str]], place: dict[str, Any]) -> list[Fault]:
    """Return what cannot be of a person's mapping: headers, columns and units."""
    usable = {*data_columns(layer), *GEOMETRY_COLUMNS}
    return [
        Fault(rule=rule, effect="refused", column=foreign, expected=expected, got=got, **place)
        for foreign, (ours, unit) in mapping.items()
        for rule, expected, got, bad in (
            ("column_missing", ", ".join(names)[:200], ours, foreign not in names),
            ("mapping_unknown", ", ".join(sorted(usable)), ours, ours not in usable),
            ("mapping_unit", " / ".join(units_for(ours)), unit, bool(unit) and not unit_of(unit, dimensions(ours))),
        )
        if bad
    ]


def _mapped(
    file: str,
    layer: str,
    names: list[str],
    mapping: Mapping[str, str | tuple[str, str]],
    *,
    stated: tuple[str, ...] = (),
) -> tuple[dict[str, tuple[str, str]], list[Fault], list[Fault]]:
    """Join the person's mapping with the vocabulary's: what the person maps is theirs alone.

    A unit is the one that the person states, else the header's, else that of the table's caption (`stated`), else the
    one that the vocabulary takes such a column to be in.

    Returns
    -------
    mapped, refused, notes
        Foreign column → our column and the foreign one's unit; why the mapping cannot be used; what was assumed.
    """
    place: dict[str, Any] = {"file": file, "layer": layer}
    said = {foreign: (ours, "") if isinstance(ours, str) else ours for foreign, ours in mapping.items()}
    said = {foreign: (ours, "" if unit == _OPEN else unit) for foreign, (ours, unit) in said.items()}
    said = {foreign: (ours, unit or _written(foreign, ours)) for foreign, (ours, unit) in said.items()}
    refused = _refusals(layer, names, said, place)
    known = columns(layer, names)
    numbered = [name for name, (ours, _) in known.items() if ours == IDENTIFIERS[layer]]
    if len(numbered) > 1:  # a running number is an identifier only where there is no other
        known = {name: entry for name, entry in known.items() if normalise(name) != "序号"}
    taken = {ours for ours, _ in said.values()}
    rest = {name: entry for name, entry in known.items() if name not in said and entry[0] not in taken}
    joined = ({} if refused else said) | rest
    assumed = {
        foreign: unit
        for foreign, (ours, _) in joined.items()
        if not (said.get(foreign, ("", ""))[1] or _written(foreign, ours) or states_unit(layer, foreign))
        for unit in [stated_unit(ours, stated)]
        if unit
    }
    mapped = {
        foreign: (ours, assumed.get(foreign) or unit_of(unit, dimensions(ours)) or unit or fallback)
        for foreign, (ours, unit) in joined.items()
        for fallback in [_OPEN if foreign in said and ours in _UNIT_NEEDED else _own_unit(layer, ours)]
    }
    notes = [
        Fault(
            rule="unit_misfit",
            effect="value_set_aside",
            column=name,
            expected=" / ".join(units_for(ours)),
            got=unit,
            **place,
        )
        for name, (ours, unit) in misfits(layer, names).items()
        if name not in said
    ]
    notes += [
        Fault(rule="unit_overruled", effect="noted", column=name, expected=caption, got=mapped[name][1], **place)
        for name, (ours, unit) in said.items()
        if unit and name in mapped
        for caption in [stated_unit(ours, stated)]
        if caption and caption != mapped[name][1]
    ]
    notes += [
        Fault(rule="unit_assumed", effect="noted", column=name, got=unit, **place) for name, unit in assumed.items()
    ]
    notes += [
        Fault(rule="unit_calories", effect="noted", column=name, got=unit, **place)
        for name, (_, unit) in mapped.items()
        if unit in _CALORIES
    ]
    return mapped, refused, notes


def _written(foreign: str, ours: str) -> str:
    """Return the unit that a header states, whether it can be that of our column or not."""
    said = [unit for _, unit in split_header(foreign)]
    fitting = [unit for unit in said if unit_of(unit, dimensions(ours))]
    return (fitting or (said if foreign.rstrip().endswith((")", "）")) and dimensions(ours) else []) or [""])[0]


def stated_unit(ours: str, stated: tuple[str, ...]) -> str:
    """Return the unit of a caption that is our column's: tonnes alone are a mass and no output of boilers."""
    found = [unit for word in stated if normalise(word) not in _MASSES and (unit := unit_of(word, dimensions(ours)))]
    return found[0] if len(set(found)) == 1 else ""


def _own_unit(layer: str, ours: str) -> str:
    return columns(layer, [ours]).get(ours, ("", ""))[1]


def _notes(raw: Raw, placed: Placed, ours: set[str]) -> tuple[list[Fault], Mask]:
    """Report what a table's form says: a header below a title, slipped rows, a ledger without a status."""
    file, layer = placed.frame.attrs["file"], placed.frame.attrs["layer"]
    slipped = np.zeros(len(raw.frame), dtype=bool)
    slipped[list(raw.overlong)] = True
    faults = finding(placed.frame, slipped, "row_overlong", "row_set_aside")
    faults += [replace(one, file=file, layer=layer) for one in raw.noted]
    if raw.header_row > 1:
        faults.append(Fault(rule="header_below", effect="noted", file=file, layer=layer, row=raw.header_row))
    return faults + absent(placed.frame, ours), slipped


def _with_apart(set_aside: gpd.GeoDataFrame, apart: pd.DataFrame) -> gpd.GeoDataFrame:
    """Add the rows that are no records to those that cannot be used."""
    if apart.empty:
        return set_aside
    every = [set_aside.astype(object), apart.reindex(columns=list(set_aside)).astype(object)]
    rows = pd.DataFrame({name: [cell for one in every for cell in one[name]] for name in set_aside})
    shapes = [*set_aside.geometry, *[None] * len(apart)]
    done = gpd.GeoDataFrame(rows.drop(columns="geometry"), geometry=shapes, crs=set_aside.crs)
    return done.astype({"source_row": "int64"})[list(set_aside)]


def read_layer(
    path: Path,
    layer: str,
    *,
    crs: str | None = None,
    sublayer: str | None = None,
    mapping: Mapping[str, str | tuple[str, str]] | None = None,
    trusted: Mapping[str, gpd.GeoDataFrame] | None = None,
    datum: str | None = None,
) -> LayerRead:
    """Open a user's file and read one layer of it.

    Parameters
    ----------
    path : pathlib.Path
        GeoPackage, GeoJSON, Shapefile (also zipped), FlatGeobuf, GeoParquet, or a CSV, XLSX or XLS table with
        longitude and latitude or WKT.
    layer : str
        Which of `data.catalog.LAYERS` it is.
    crs : str, optional
        The coordinate system, when the file does not say; overrules what it says. Also GCJ-02 or BD-09, a PROJ text
        with seven parameters, or a PROJ pipeline to degrees.
    sublayer : str, optional
        Layer of a GeoPackage, or sheet of a workbook.
    mapping : dict, optional
        Foreign column → our column, or our column and the unit of the foreign one, for headers that the vocabulary
        does not know; an empty column leaves a header out that it does know.
    trusted : mapping, optional
        Layer → frame in EPSG:4490 that the file is held against: a web map's offset that is found with confidence is
        taken off, and a system that the file does not state is used where it is confirmed. Without, nothing is tested.
    datum : {"wgs84", "gcj02", "bd09"}, optional
        The offset that the person says the coordinates have; it overrules the test.

    Returns
    -------
    LayerRead
        With ``rows_in == len(frame) + len(set_aside)``.

    Raises
    ------
    DataError
        If the file as a whole cannot be used, with all that was found of its rows and cells besides; where it can,
        the rows and cells that cannot are in the result.
    """
    if layer not in MODELS:
        raise refuse(path, "layer_unknown", expected=", ".join(LAYERS), got=layer)
    raw = open_raw(path, sublayer=sublayer, layer=layer)
    return read_raw(path, raw, layer, crs=crs, mapping=mapping, trusted=trusted, datum=datum)


def read_raw(
    path: Path,
    raw: Raw,
    layer: str,
    *,
    crs: str | None = None,
    mapping: Mapping[str, str | tuple[str, str]] | None = None,
    name: str = "",
    trusted: Mapping[str, gpd.GeoDataFrame] | None = None,
    datum: str | None = None,
) -> LayerRead:
    """Read one layer of a file that was opened; see `read_layer`.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    raw : Raw
        From `geo.readers.opening.open_raw`.
    name : str
        What the person calls the file, where it lies under another name.
    """
    raw, apart = parted(raw)
    if raw.frame.empty:
        noted = [replace(one, file=name or path.name, layer=layer) for one in raw.noted]
        raise DataError([Fault(rule="no_row_usable", effect="refused", file=name or path.name, layer=layer), *noted])
    said = dict(mapping or {})
    left_out = {header for header, ours in said.items() if ours in ("", ("", ""))}
    names = [str(header) for header in raw.frame if header not in ("geometry", "source_row")]
    usable = [header for header in names if header not in left_out]
    meant = {header: ours for header, ours in said.items() if header not in left_out}
    mapped, refused, assumed = _mapped(name or path.name, layer, usable, meant, stated=raw.units)
    raw.frame.attrs = {"file": name or path.name, "layer": layer, "epoch": raw.epoch}
    coordinates = {ours: foreign for foreign, (ours, _) in reversed(mapped.items()) if ours in GEOMETRY_COLUMNS}
    stated = "" if crs or datum else _stated_system(raw.frame)
    placed = place(
        raw.frame, coordinates, raw.crs, why=raw.why, crs=crs or stated or None, trusted=trusted, datum=datum
    )
    if stated:
        where = {"file": raw.frame.attrs["file"], "layer": layer}
        assumed.append(Fault(rule="crs_by_column", effect="noted", got=stated, **where))
    if trusted is not None and _could_be_shifted(placed.recognition):
        assumed.append(Fault(rule="datum_untested", effect="noted", file=name or path.name, layer=layer))
    assumed += _placed_twice(raw, mapped, coordinates)
    notes, slipped = _notes(raw, placed, {ours for ours, _ in mapped.values()})
    frame, enriched, contradictions = enrich(placed.frame, mapped)
    wanted = [Column(name=ours, foreign=name, unit=unit) for name, (ours, unit) in enriched.items()]
    checked = check(frame, wanted, reported=placed.reported | slipped)
    faults = (*refused, *placed.refused, *assumed, *notes, *placed.faults, *contradictions, *checked.faults)
    if refused or placed.refused:
        raise DataError(faults)
    if not len(checked.frame):
        raise DataError([Fault(rule="no_row_usable", effect="refused", file=name or path.name, layer=layer), *faults])
    return LayerRead(
        layer=layer,
        path=path,
        file=name or path.name,
        checked=Checked(checked.frame, _with_apart(checked.set_aside[list(placed.frame)], apart), faults),
        recognition=placed.recognition,
        mapping={name: ours for name, (ours, _) in mapped.items()},
        unread=tuple(header for header in names if header not in mapped and header not in NOTE_COLUMNS),
        rows_in=len(raw.frame) + len(apart),
        sha256=digest(path),
        synthetic=is_synthetic(raw.frame),
        units={name: unit or base_unit(ours) for name, (ours, unit) in mapped.items() if dimensions(ours)},
    )


def _placed_twice(raw: Raw, mapped: Mapping[str, tuple[str, str]], used: Mapping[str, str]) -> list[Fault]:
    """Tell of columns that would place rows elsewhere than the ones that were used."""
    found = []
    for foreign, (ours, _) in mapped.items():
        first = used.get(ours, foreign)
        if first == foreign:
            continue
        one, other = (raw.frame[name].astype("string").str.strip() for name in (first, foreign))
        differs = (one.notna() & other.notna() & (one != other).fillna(False)).to_numpy(dtype=bool)
        got = ", ".join(map(str, other[differs].head(3)))
        found += finding(raw.frame, differs, "place_twice", "noted", column=foreign, expected=first, got=got)
    return found


def _could_be_shifted(found: Recognition) -> bool:
    """Tell whether degrees may have a web map's offset that nobody has tested or stated."""
    known = found.datum_tested or found.datum_given
    return found.crs is not None and found.crs.is_geographic and not known


def _stated_system(frame: pd.DataFrame) -> str:
    """Return the system that a column of our exports names for every row, or an empty text."""
    for header in {text("export.crs_column", language) for language in LANGUAGES} & set(map(str, frame)):
        names = frame[header].dropna().astype(str).str.strip().unique()
        if len(names) == 1 and names[0] in SYSTEMS:
            return str(names[0])
    return ""


def guess(path: Path, *, sublayer: str | None = None) -> str:
    """Open a file and name the layer that it is by its columns and shapes.

    Raises
    ------
    DataError
        If it cannot be opened, or if its columns speak for no layer or for several.
    """
    raw = open_raw(path, sublayer=sublayer)
    found = guess_raw(raw)
    if not found:
        names = ", ".join(str(name) for name in raw.frame if name not in ("geometry", "source_row"))
        raise refuse(path, "layer_unknown", expected=", ".join(LAYERS), got=names[:200])
    return found


def guess_raw(raw: Raw) -> str:
    """Name the layer that an opened file is by its columns and shapes; empty where they speak for none or several."""
    kinds: Iterable[Any] = raw.frame.geometry.geom_type.dropna() if isinstance(raw.frame, gpd.GeoDataFrame) else ()
    names = [str(name) for name in raw.frame if name not in ("geometry", "source_row")]
    best, score = guess_layer(names, set(kinds))
    return best[0] if score >= _TOLD and len(best) == 1 else ""


def embedded_counties() -> gpd.GeoDataFrame:
    """Return the real outlines of the three counties that come with the program, in EPSG:4490."""
    return gpd.read_file(DATA_DIR / "demo" / "counties.geojson").to_crs(STORED)
