"""Layer styles for QGIS: the colours of the screen's maps, words of the catalogue for fields and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd

from data import parameters
from data.catalog import LAYERS, label, text
from data.schemas import allowed, schema, title

_GREY: Final = "#8C8C8C"
USE: Final = {
    "apartment": "#D98E5F",
    "rural_house": "#B9A36B",
    "government": "#A0354B",
    "school": "#C2598B",
    "hospital": "#D94F70",
    "village_committee": "#8E5BA6",
    "other_public": "#7D7AB8",
    "office": "#4F86B5",
    "commercial": "#3C9BB3",
    "hotel": "#4BA88E",
    "factory": "#5F6F7F",
    "warehouse": "#8796A5",
    "greenhouse": "#8CBF6A",
    "ancillary": "#C9C3B4",
    "unknown": "#A8A8A8",
}
HEAT_SOURCE: Final = {
    "chp": "#1F5FA8",
    "large_coal_ultra_low": "#3E87C8",
    "waste_chp": "#6C7FD8",
    "waste_heat": "#5B4B9A",
    "nuclear": "#9C6BD0",
    "gas_boiler": "#2A9D8F",
    "gas_wall_hung": "#6CC5B0",
    "electric_boiler": "#E0C12A",
    "heat_pump": "#8DBF3F",
    "air_heater": "#B7D77A",
    "electric_heater": "#F0DA7A",
    "geothermal": "#3F8F4F",
    "solar": "#F2A93B",
    "biomass": "#7A9B54",
    "coal_boiler": "#B01E2E",
    "loose_coal": "#6B2A1A",
    "clean_briquette": "#C46A4A",
    "firewood": "#A0744A",
    "none": "#CFC8B8",
    "unknown": _GREY,
}
_FUEL: Final = {
    "coal": "#B01E2E",
    "gas": "#2A9D8F",
    "biomass": "#7A9B54",
    "electricity": "#E0C12A",
    "oil": "#5F6F7F",
    "waste_heat": "#5B4B9A",
    "other": "#8E5BA6",
    "unknown": _GREY,
}
_PLANT: Final = {
    "operating": "#B01E2E",
    "construction": "#E06A1C",
    "permitted": "#E0A21A",
    "pre-permit": "#C2A14D",
    "announced": "#F7C65B",
    "shelved": "#B9A36B",
    "mothballed": "#8796A5",
    "cancelled": "#CFC8B8",
    "retired": "#BDBDBD",
    "unknown": _GREY,
}
_BOILER: Final = {"operating": "#B01E2E", "standby": "#E0A21A", "retired": "#BDBDBD", "unknown": _GREY}
_NETWORK: Final = {"existing": "#C2185B", "planned": "#7E57C2", "unknown": _GREY}
_CLASS: Final = {
    "111": "#7A3E9D",
    "112": "#B07CC6",
    "121": "#2B7BBA",
    "122": "#7FB2DA",
    "123": "#5F6F7F",
    "210": "#4F8F3F",
    "220": "#6FA83C",
}
PALETTES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "buildings": {"heat_source": HEAT_SOURCE, "use": USE},
    "boilers": {"fuel": _FUEL, "status": _BOILER},
    "plants": {"status": _PLANT},
    "networks": {"status": _NETWORK},
    "villages": {"ur_class": _CLASS},
    "counties": {},
    "parcels": {},
    "transformers": {},
    "streets": {},
    "institutions": {},
}
"""Colours of coded values by layer and column; the first column of a layer is what its map shows at first."""
_PLAIN: Final = {
    "counties": "#4A4A4A",
    "parcels": "#8796A5",
    "transformers": "#2B7BBA",
    "streets": "#9AA5B1",
    "institutions": "#5B4B9A",
}
_LABELS: Final = {"use": "building_uses", "heat_source": "heat_sources", "ur_class": "zone_classes"}
_KINDS: Final = {
    "Point": "marker",
    "MultiPoint": "marker",
    "LineString": "line",
    "MultiLineString": "line",
    "Polygon": "fill",
    "MultiPolygon": "fill",
}
_GEOMETRY: Final = {"marker": "0", "line": "1", "fill": "2"}
_SYMBOL: Final = {"marker": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}


@dataclass(frozen=True, slots=True)
class Style:
    """One way to draw a layer in QGIS: `kind` is ``marker``, ``line`` or ``fill``."""

    name: str
    column: str
    kind: str
    qml: str


def words(layer: str, column: str, language: str = "zh") -> dict[str, str]:
    """Return the codes that a column of a layer may hold with their labels, or nothing where it holds none."""
    codes = (allowed(layer, column) or ()) if layer in LAYERS and column in schema(layer).columns else ()
    if column in _LABELS:
        known = parameters.table(_LABELS[column])[f"label_{language}"]
        return {code: str(known.get(code, code)) for code in codes}
    group = "network_kind" if column == "kind" else column
    return {code: label(group, code, language) for code in codes}


def aliases(layer: str, fields: Sequence[str], language: str = "zh") -> dict[str, str]:
    """Return the title of each field, distinct from all others; fields that no schema knows keep their names."""
    said: dict[str, str] = {}
    for field in fields:
        name = title(layer, field, language) if layer in LAYERS else field
        if name == field:
            name = label("column", field, language)
        said[field] = name if name not in said.values() else f"{name} ({field})"
    return said


def _rgba(colour: str, alpha: int = 255) -> str:
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + f",{alpha}"


def _options(parent: ET.Element, values: Mapping[str, str]) -> None:
    """Write the properties of a symbol as QGIS reads them since 3.22, and as it did before."""
    options = ET.SubElement(parent, "Option", type="Map")
    for name, value in values.items():
        ET.SubElement(options, "Option", name=name, type="QString", value=value)
    for name, value in values.items():
        ET.SubElement(parent, "prop", k=name, v=value)


def _properties(kind: str, colour: str, *, hollow: bool) -> dict[str, str]:
    unit = {"outline_width_unit": "MM", "outline_style": "solid"}
    if kind == "line":
        line = {"line_color": _rgba(colour), "line_width": "0.6", "line_width_unit": "MM", "line_style": "solid"}
        return {**line, "capstyle": "round", "joinstyle": "round"}
    if kind == "marker":
        outline = {"outline_color": "255,255,255,255", "outline_width": "0.2"}
        return {"color": _rgba(colour), "name": "circle", "size": "2.4", "size_unit": "MM", **outline, **unit}
    outline = {"outline_color": _rgba(colour if hollow else "#FFFFFF"), "outline_width": "0.5" if hollow else "0.1"}
    return {"color": _rgba(colour, 210), "style": "no" if hollow else "solid", **outline, **unit}


def _symbol(parent: ET.Element, name: str, kind: str, colour: str, *, hollow: bool = False) -> None:
    symbol = ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0")
    drawn = {"class": _SYMBOL[kind], "enabled": "1", "locked": "0", "pass": "0"}
    _options(ET.SubElement(symbol, "layer", drawn), _properties(kind, colour, hollow=hollow))


def _renderer(root: ET.Element, layer: str, column: str, kind: str, language: str) -> None:
    """Write the classes of a coded column and one for every other value, or one symbol for all."""
    palette = PALETTES[layer].get(column)
    shared = {"forceraster": "0", "symbollevels": "0", "enableorderby": "0"}
    if palette is None:
        renderer = ET.SubElement(root, "renderer-v2", {"type": "singleSymbol", **shared})
        hollow = kind == "fill" and layer in ("counties", "parcels")
        _symbol(ET.SubElement(renderer, "symbols"), "0", kind, _PLAIN.get(layer, _GREY), hollow=hollow)
        return
    renderer = ET.SubElement(root, "renderer-v2", {"type": "categorizedSymbol", "attr": column, **shared})
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    said = words(layer, column, language)
    classes = [(code, said.get(code, code), colour) for code, colour in palette.items()]
    for at, (value, name, colour) in enumerate([*classes, ("", text("export.other_values", language), _GREY)]):
        kind_of = {"type": "string", "render": "true"}
        ET.SubElement(categories, "category", {"value": value, "label": name, "symbol": str(at), **kind_of})
        _symbol(symbols, str(at), kind, colour)


def _fields(root: ET.Element, layer: str, fields: Sequence[str], language: str) -> None:
    """Write the titles of the fields, and for coded ones the words that stand for the codes."""
    configured, named = ET.SubElement(root, "fieldConfiguration"), ET.SubElement(root, "aliases")
    for at, (field, alias) in enumerate(aliases(layer, fields, language).items(), start=1):
        ET.SubElement(named, "alias", field=field, index=str(at), name=alias)
        codes = words(layer, field, language)
        if not codes:
            continue
        widget = ET.SubElement(ET.SubElement(configured, "field", name=field), "editWidget", type="ValueMap")
        whole = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
        listed = ET.SubElement(whole, "Option", name="map", type="List")
        for code, said in codes.items():
            entry = ET.SubElement(listed, "Option", type="Map")
            ET.SubElement(entry, "Option", name=said, type="QString", value=code)


def qml(layer: str, column: str, kind: str, fields: Sequence[str], language: str = "zh") -> str:
    """Return a QGIS style: classes by `column` (empty: one symbol), titles of fields, words for codes.

    Parameters
    ----------
    layer : str
        One of `data.catalog.LAYERS`.
    column : str
        A column of `PALETTES` for the layer, or an empty text.
    kind : {"marker", "line", "fill"}
        How the shapes are drawn; QGIS takes a style for shapes of its own kind alone.
    fields : sequence of str
        Fields of the layer as the file has them, without the shape and the identifier of the format.
    language : {"zh", "en"}
        Language of titles and labels.
    """
    kept = "Symbology|Fields|Forms"
    root = ET.Element("qgis", version="3.22.0", styleCategories=kept, hasScaleBasedVisibilityFlag="0")
    _renderer(root, layer, column, kind, language)
    _fields(root, layer, fields, language)
    ET.SubElement(root, "layerGeometryType").text = _GEOMETRY[kind]
    body = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{body}"


def shape_kinds(frame: pd.DataFrame) -> list[str]:
    """Return how the shapes of a layer are drawn, the most frequent way first."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return []
    return [str(kind) for kind in frame.geometry.geom_type.map(_KINDS).value_counts().index]


def styles(layer: str, frame: pd.DataFrame, language: str = "zh") -> list[Style]:
    """Return the styles of a layer, the one to open it with first; none for lists that are no layer of ours."""
    if layer not in PALETTES:
        return []
    own = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    fields = [str(name) for name in frame.columns if name != own]
    chosen = [column for column in PALETTES[layer] if column in fields] or [""]
    found = []
    kinds = shape_kinds(frame)
    for kind in kinds:
        for column in chosen:
            said = title(layer, column, language) if column else label("layer", layer, language)
            name = said if kind == kinds[0] else f"{said} ({text(f'export.kind.{kind}', language)})"
            found.append(Style(name, column, kind, qml(layer, column, kind, fields, language)))
    return found
