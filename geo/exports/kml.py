"""KML 2.2: places in WGS 84, one folder a layer, typed fields, everything a person wrote as plain text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape as _escape
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd
import shapely

from data.errors import Fault
from data.schemas import IDENTIFIERS
from geo.exports.parts import Part, texts, unique
from geo.exports.vectors import finite
from geo.geometry import blank
from geo.styles import PALETTES, aliases, words

_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DIGITS: Final = 9  # 0.1 mm
# Fields that GDAL's reader makes of KML's own elements.
_OWN: Final = (
    *("id", "name", "description", "timestamp", "begin", "end", "altitudemode", "tessellate", "extrude"),
    *("visibility", "draworder", "icon", "snippet", "address", "phonenumber"),
)
_PLAIN: Final = "#4A4A4A"
_SHAPES: Final = {0: "Point", 1: "LineString", 2: "LinearRing"}


def escape(said: str) -> str:
    """Return text that XML gives back letter by letter, returns and tabs at its ends included."""
    return _escape(said, {"\r": "&#13;", "\t": "&#9;"})


def _clean(part: Part) -> tuple[Part, list[Fault]]:
    """Leave out the control characters that XML cannot bear, not even escaped."""
    faults: list[Fault] = []
    changed = {}
    for name in texts(part):
        bad = part.frame[name].str.contains(_ILLEGAL.pattern, regex=True).fillna(value=False).to_numpy(dtype=bool)
        if bad.any():
            changed[name] = part.frame[name].str.replace(_ILLEGAL.pattern, "\ufffd", regex=True)
            faults += part.finding("export_characters", "repaired", bad, column=name)
    return part.altered(part.frame.assign(**changed)), faults


def _colour(colour: str, alpha: str = "ff") -> str:
    return f"{alpha}{colour[5:7]}{colour[3:5]}{colour[1:3]}".lower()


def _styles(number: int, palette: Mapping[str, str]) -> Iterator[str]:
    for at, colour in enumerate([*palette.values(), _PLAIN]):
        yield (
            f'<Style id="s{number}_{at}"><IconStyle><color>{_colour(colour)}</color><scale>0.6</scale></IconStyle>'
            f"<LabelStyle><scale>0.7</scale></LabelStyle>"
            f"<LineStyle><color>{_colour(colour)}</color><width>2</width></LineStyle>"
            f"<PolyStyle><color>{_colour(colour, 'b0')}</color></PolyStyle></Style>\n"
        )


def _kind(cells: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(cells.dtype):
        return "bool"
    if pd.api.types.is_integer_dtype(cells.dtype):
        return "int" if not len(cells.dropna()) or cells.abs().max() < 2**31 else "string"
    return "double" if pd.api.types.is_float_dtype(cells.dtype) else "string"


def _said(cells: pd.Series, kind: str) -> list[str | None]:
    """Return each cell as it stands between the tags, or None where it is empty."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return [None if pd.isna(cell) else cell.isoformat() for cell in cells]
    known = cells.notna().to_numpy(dtype=bool)
    if kind == "bool":
        return [str(int(cell)) if here else None for cell, here in zip(cells, known, strict=True)]
    if kind == "double":
        return [repr(float(cell)) if here else None for cell, here in zip(cells, known, strict=True)]
    return [escape(str(cell)) if here else None for cell, here in zip(cells, known, strict=True)]


def _places(shape: shapely.Geometry) -> str:
    points = shapely.get_coordinates(shape)
    return " ".join(f"{round(x, _DIGITS)!r},{round(y, _DIGITS)!r}" for x, y in points.tolist())


def _geometry(shape: Any) -> str:
    """Return one shape; several of one kind are a MultiGeometry."""
    if hasattr(shape, "geoms"):
        return f"<MultiGeometry>{''.join(map(_geometry, shape.geoms))}</MultiGeometry>"
    if shape.geom_type != "Polygon":
        tag = _SHAPES[int(shapely.get_dimensions(shape))]
        return f"<{tag}><coordinates>{_places(shape)}</coordinates></{tag}>"
    outer, inner = _places(shape.exterior), [_places(ring) for ring in shape.interiors]
    ring = "<LinearRing><coordinates>{}</coordinates></LinearRing>"
    holes = "".join(f"<innerBoundaryIs>{ring.format(one)}</innerBoundaryIs>" for one in inner)
    return f"<Polygon><outerBoundaryIs>{ring.format(outer)}</outerBoundaryIs>{holes}</Polygon>"


def _schema(part: Part, number: int) -> str:
    tags = _tags(part)
    titles = aliases(part.layer, list(tags), part.ask.language)
    fields = "".join(
        f"<SimpleField type={quoteattr(_kind(part.frame[name]))} name={quoteattr(tag)}>"
        f"<displayName>{escape(_named(titles[name]))}</displayName></SimpleField>\n"
        for name, tag in tags.items()
    )
    return f'<Schema id="f{number}" name={quoteattr(_named(part.layer))}>\n{fields}</Schema>\n'


def _named(name: str) -> str:
    return _ILLEGAL.sub("", name)


def _titles(part: Part) -> list[str | None]:
    """Return what each place is called on the map: its name where the layer has such a column, else its identifier.

    A column of names stands there alone: programs take a second one for another column.
    """
    own = _name_column(part) or IDENTIFIERS.get(part.layer, "")
    return _said(part.frame[own], "string") if own in part.fields else [None] * len(part.frame)


def _name_column(part: Part) -> str:
    return next((name for name in part.fields if name.lower() == "name"), "")


def _tags(part: Part) -> dict[str, str]:
    """Return the tag of each field besides the name; words that KML itself uses get an underscore."""
    tags: dict[str, str] = {}
    for name in part.fields:
        if name != _name_column(part):
            tags[name] = unique(_named(name), (*_OWN, *tags.values()))
    return tags


def _classes(part: Part) -> tuple[Sequence[int], Mapping[str, str]]:
    palette: Mapping[str, str] = {}
    for column, colours in PALETTES.get(part.layer, {}).items():
        if column in part.fields:
            places = {code: at for at, code in enumerate(colours)}
            said = {label_: code for code, label_ in words(part.layer, column, part.ask.language).items()}
            cells = part.frame[column].astype(object)
            return [places.get(said.get(cell, cell), len(colours)) for cell in cells], colours
    return [len(palette)] * len(part.frame), palette


def _folder(part: Part, number: int, out: io.StringIO) -> None:
    columns = [(quoteattr(tag), _said(cells := part.frame[name], _kind(cells))) for name, tag in _tags(part).items()]
    shapes = part.shapes if part.shapes is not None else np.full(len(part.frame), None, dtype=object)
    drawn = ["" if empty else _geometry(shape) for shape, empty in zip(shapes, blank(shapes), strict=True)]
    classes, _ = _classes(part)
    out.write(f"<Folder><name>{escape(_named(part.layer))}</name>\n")
    for at, (name, style, shape) in enumerate(zip(_titles(part), classes, drawn, strict=True)):
        data = "".join(
            f"<SimpleData name={field}>{said[at]}</SimpleData>" for field, said in columns if said[at] is not None
        )
        out.write(
            f"<Placemark>{f'<name>{name}</name>' if name is not None else ''}<styleUrl>#s{number}_{style}</styleUrl>"
            f'<ExtendedData><SchemaData schemaUrl="#f{number}">{data}</SchemaData></ExtendedData>{shape}</Placemark>\n'
        )
    out.write("</Folder>\n")


def kml(parts: list[Part]) -> tuple[bytes, list[Fault]]:
    """Return all layers in one KML.

    Attributes are typed fields (``ExtendedData``), never a balloon's HTML, so that nothing in them is run. An empty
    cell is left out, an empty text stays one.

    References
    ----------
    OGC 12-007r2, KML 2.3, sections 9 and 16.
    """
    faults: list[Fault] = []
    out = io.StringIO()
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n')
    ready = []
    for part in parts:
        plain, infinite = finite(part)
        clean, told = _clean(plain)
        ready.append(clean)
        faults += [*infinite, *told]
    ask = parts[0].ask
    out.write(f"<name>{escape(_named(ask.file))}</name>\n")
    if ask.mark:
        out.write(f"<description>{escape(ask.mark)}</description>\n")
    for number, part in enumerate(ready):
        out.writelines(_styles(number, _classes(part)[1]))
        out.write(_schema(part, number))
    for number, part in enumerate(ready):
        _folder(part, number, out)
    out.write("</Document></kml>\n")
    return out.getvalue().encode(), faults
