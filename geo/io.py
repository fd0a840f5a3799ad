"""The only place that opens layers: a file comes in, a checked layer and every fault come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np

from data.catalog import LAYERS
from data.errors import DataError, Fault
from data.schemas import MODELS, schema
from geo.crs import Recognition
from geo.geometry import Mask, finding
from geo.placing import Placed, place
from geo.readers.opening import open_raw
from geo.readers.raw import Raw, file_digest, refuse
from geo.roles import NOTE_COLUMNS, absent, enrich, is_synthetic
from geo.validate import Checked, Column, check
from geo.vocabulary import GEOMETRY_COLUMNS, columns, guess_layer

_TOLD: Final = 2  # a name column alone tells no layer


@dataclass(frozen=True, slots=True)
class LayerRead:
    """A checked layer with the evidence of how it was read."""

    layer: str
    path: Path
    checked: Checked
    recognition: Recognition
    mapping: dict[str, str]
    unread: tuple[str, ...]
    rows_in: int
    sha256: str
    synthetic: bool = False

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """Rows that can be used, in EPSG:4490."""
        return self.checked.frame

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Everything that was found about the file."""
        return self.checked.faults


def _mapped(
    path: Path, layer: str, names: list[str], mapping: dict[str, str]
) -> tuple[dict[str, tuple[str, str]], list[Fault]]:
    """Join the person's mapping with the vocabulary's: what the person maps is theirs alone."""
    usable = {*schema(layer).columns, *GEOMETRY_COLUMNS} - {"geometry", "source_row"}
    faults = [
        Fault(rule=rule, effect="refused", file=path.name, layer=layer, column=foreign, expected=expected, got=ours)
        for foreign, ours in mapping.items()
        for rule, expected, bad in (
            ("column_missing", ", ".join(names)[:200], foreign not in names),
            ("mapping_unknown", ", ".join(sorted(usable)), ours not in usable),
        )
        if bad
    ]
    known = columns(layer, names)
    units = {foreign: unit for foreign, (_, unit) in known.items()}
    taken = set(mapping.values())
    chosen = {foreign: (ours, units.get(foreign, _own_unit(layer, ours))) for foreign, ours in mapping.items()}
    rest = {name: entry for name, entry in known.items() if name not in mapping and entry[0] not in taken}
    return ({} if faults else chosen) | rest, faults


def _own_unit(layer: str, ours: str) -> str:
    return columns(layer, [ours]).get(ours, ("", ""))[1]


def _notes(raw: Raw, placed: Placed, ours: set[str]) -> tuple[list[Fault], Mask]:
    """Report what a table's form says: a header below a title, slipped rows, a ledger without a status."""
    slipped = np.zeros(len(raw.frame), dtype=bool)
    slipped[list(raw.overlong)] = True
    faults = finding(placed.frame, slipped, "row_overlong", "row_set_aside")
    if raw.header_row > 1:
        file, layer = placed.frame.attrs["file"], placed.frame.attrs["layer"]
        faults.append(Fault(rule="header_below", effect="noted", file=file, layer=layer, row=raw.header_row))
    return faults + absent(placed.frame, ours), slipped


def read_layer(
    path: Path,
    layer: str,
    *,
    crs: str | None = None,
    sublayer: str | None = None,
    mapping: dict[str, str] | None = None,
) -> LayerRead:
    """Read one layer of a user's file.

    Parameters
    ----------
    path : pathlib.Path
        GeoPackage, GeoJSON, Shapefile (also zipped), FlatGeobuf, GeoParquet, or a CSV or XLSX table with
        longitude and latitude or WKT.
    layer : str
        Which of `data.catalog.LAYERS` it is.
    crs : str, optional
        The coordinate system, when the file does not say; overrules what it says.
    sublayer : str, optional
        Layer of a GeoPackage, or sheet of a workbook.
    mapping : dict, optional
        Foreign column → our column, for headers that the vocabulary does not know.

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
    names = [str(name) for name in raw.frame if name not in ("geometry", "source_row")]
    mapped, refused = _mapped(path, layer, names, mapping or {})
    raw.frame.attrs = {"file": path.name, "layer": layer}
    coordinates = {ours: foreign for foreign, (ours, _) in reversed(mapped.items()) if ours in GEOMETRY_COLUMNS}
    placed = place(raw.frame, coordinates, raw.crs, why=raw.why, crs=crs)
    notes, slipped = _notes(raw, placed, {ours for ours, _ in mapped.values()})
    frame, enriched, contradictions = enrich(placed.frame, mapped)
    wanted = [Column(name=ours, foreign=name, unit=unit) for name, (ours, unit) in enriched.items()]
    checked = check(frame, wanted, reported=placed.reported | slipped)
    faults = (*refused, *placed.refused, *notes, *placed.faults, *contradictions, *checked.faults)
    if refused or placed.refused:
        raise DataError(faults)
    if not len(checked.frame):
        raise DataError([Fault(rule="no_row_usable", effect="refused", file=path.name, layer=layer), *faults])
    return LayerRead(
        layer=layer,
        path=path,
        checked=Checked(checked.frame, checked.set_aside[list(placed.frame)], faults),
        recognition=placed.recognition,
        mapping={name: ours for name, (ours, _) in mapped.items()},
        unread=tuple(name for name in names if name not in mapped and name not in NOTE_COLUMNS),
        rows_in=len(raw.frame),
        sha256=file_digest(path),
        synthetic=is_synthetic(raw.frame),
    )


def guess(path: Path, *, sublayer: str | None = None) -> str:
    """Open a file and name the layer that it is by its columns and shapes.

    Raises
    ------
    DataError
        If it cannot be opened, or if its columns speak for no layer or for several.
    """
    raw = open_raw(path, sublayer=sublayer)
    kinds: Iterable[Any] = raw.frame.geometry.geom_type.dropna() if isinstance(raw.frame, gpd.GeoDataFrame) else ()
    names = [str(name) for name in raw.frame if name not in ("geometry", "source_row")]
    best, score = guess_layer(names, set(kinds))
    if score < _TOLD or len(best) > 1:
        raise refuse(path, "layer_unknown", expected=", ".join(LAYERS), got=", ".join(names)[:200])
    return best[0]
