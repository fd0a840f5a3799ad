"""Everything on the map that is not a building, as GeoJSON documents with style and plain-text tooltips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
import streamlit as st

from data.catalog import label, text
from heating import rates
from heating.assessment import Assessment
from heating.wording import coded_label
from ui.map import Kind, VectorLayer
from ui.paint import VERDICT, rate_colour
from ui.store import STORE

Properties = dict[str, Any]
_GRID: Final = 1e-6


def document(frame: gpd.GeoDataFrame, ids: Iterable[object], properties: Iterable[Properties]) -> bytes:
    """Return a GeoJSON document; coordinates have six decimals (0.1 m)."""
    shapes = shapely.to_geojson(shapely.set_precision(frame.geometry.to_numpy(), _GRID, mode="pointwise"))
    features = [
        {"type": "Feature", "id": str(name), "geometry": json.loads(shape), "properties": said}
        for shape, name, said in zip(shapes, ids, properties, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _pair(column: str, cells: pd.Series, language: str, shown: str | None = None) -> list[str]:
    value = coded_label(column, cells[column], language) if shown is None else shown
    return [label("column", column, language), value]


def _boilers(done: Assessment, language: str) -> bytes:
    frame = done.boilers
    said = [
        {
            "_color": "#FFFFFF",
            "_fill": VERDICT[row["verdict"]],
            "_weight": 1.2,
            "_radius": 4 + min(6.0, 0.6 * (row["capacity_t_h"] if pd.notna(row["capacity_t_h"]) else 0) ** 0.5),
            "_fill_opacity": 0.95,
            "_tooltip": [
                [label("column", "name", language), str(row["name"])],
                _pair("capacity_t_h", row, language, _plain(row["capacity_t_h"], 1)),
                _pair("verdict", row, language),
                _pair("distance_m", row, language, _plain(row["distance_m"], 0)),
            ],
        }
        for _, row in frame.iterrows()
    ]
    return document(frame, frame["boiler_id"], said)


def _plain(value: float, digits: int) -> str:
    return "—" if pd.isna(value) else f"{value:,.{digits}f}"


def _plants(done: Assessment, language: str) -> bytes:
    frame = done.plants[done.plants["status"] == "operating"].drop_duplicates("plant_id")
    colours = {"yes": "#1F2D3D", "review": "#8A6D1A", "no": "#8C8C8C"}
    said = [
        {
            "_color": "#FFFFFF",
            "_fill": colours.get(str(row["qualifies"]), "#8C8C8C"),
            "_radius": 8,
            "_weight": 2,
            "_fill_opacity": 1.0,
            "_tooltip": [
                [label("column", "name", language), str(row["name"])],
                [text("column.operating_mw", language), _plain(row["operating_mw"], 0)],
                [text("column.qualifies", language), coded_label("qualifies", row["qualifies"], language)],
            ],
        }
        for _, row in frame.iterrows()
    ]
    return document(frame, frame["plant_id"], said)


def _rings(done: Assessment, language: str) -> bytes:
    frame = done.rings
    said = [
        {
            "_color": "#1F2D3D" if row["qualifies"] == "yes" else "#8A6D1A",
            "_weight": 1.6,
            "_dash": "6 5",
            "_fill_opacity": 0.03,
            "_tooltip": text("map.ring_tooltip", language, name=row["name"], radius=done.scenario.radius_km),
        }
        for _, row in frame.iterrows()
    ]
    return document(frame, frame["plant_id"], said)


_FILLED: Final = {"service_area": 0.08, "substation": 0.9}


def _networks(kind: str) -> Callable[[Assessment, str], bytes]:
    def features(done: Assessment, language: str) -> bytes:
        whole = done.layers.frames["networks"]
        frame = whole[whole["kind"] == kind]
        area = kind == "service_area"
        said = [
            {
                "_color": "#C2185B" if row["status"] == "existing" else "#7E57C2",
                "_fill": "#C2185B",
                "_weight": 1.2 if area else 1.2 + (row["dn_mm"] / 400 if pd.notna(row["dn_mm"]) else 0.5),
                "_dash": "" if row["status"] == "existing" else "5 4",
                "_radius": 4,
                "_fill_opacity": _FILLED.get(kind, 0.0),
                "_tooltip": [
                    [label("column", "name", language), str(row["name"])],
                    [text("column.supplier", language), str(row["supplier"] or "—")],
                    [label("column", "network_spare_mw", language), _plain(row["spare_heat_mw"], 1)],
                ],
            }
            for _, row in frame.iterrows()
        ]
        return document(frame, frame["network_id"], said)

    return features


def _villages(done: Assessment, language: str) -> bytes:
    frame = done.villages
    if frame is None:
        return document(gpd.GeoDataFrame(geometry=[]), [], [])
    said = []
    for _, row in frame.iterrows():
        target = done.scenario.target(row["zone"])
        low = float(row["rate_low"])
        shown = f"{rates.shown_percent(low)} – {rates.shown_percent(float(row['rate_high']))}"
        said.append(
            {
                "_color": "#FFFFFF",
                "_fill": rate_colour(low, float("nan") if target is None else target),
                "_radius": 5,
                "_weight": 1,
                "_fill_opacity": 0.9,
                "_tooltip": [
                    [label("column", "name", language), str(row["name"])],
                    _pair("zone", row, language),
                    [text("column.rate", language), shown],
                ],
            }
        )
    return document(frame, frame["village_code"], said)


def _counties(done: Assessment, language: str) -> bytes:
    frame = done.layers.frames["counties"]
    table = done.clean_heating
    whole = table[table["zone"] == rates.ALL].set_index("county_code")[["rate_low", "rate_high"]].astype(float)
    said = []
    for _, row in frame.iterrows():
        low, high = whole.reindex([row["county_code"]]).to_numpy()[0].tolist()
        said.append(
            {
                "_color": "#4A4A4A",
                "_weight": 1.6,
                "_fill_opacity": 0.02,
                "_tooltip": [
                    [label("column", "county", language), str(row["name"])],
                    [text("column.rate", language), f"{rates.shown_percent(low)} – {rates.shown_percent(high)}"],
                ],
            }
        )
    return document(frame, frame["county_code"], said)


_LAYERS: Final[dict[str, tuple[Callable[[Assessment, str], bytes], Kind]]] = {
    "counties": (_counties, "area"),
    "service_areas": (_networks("service_area"), "area"),
    "rings": (_rings, "ring"),
    "pipes": (_networks("pipe"), "line"),
    "substations": (_networks("substation"), "point"),
    "villages": (_villages, "point"),
    "plants": (_plants, "point"),
    "boilers": (_boilers, "point"),
}
_NEEDS: Final = {"service_areas": "networks", "pipes": "networks", "substations": "networks", "rings": "plants"}


def _has(done: Assessment, layer: str) -> bool:
    """Return whether a run has anything to draw on a layer; substations, which few lists have, are asked for by row."""
    frame = done.layers.get(_NEEDS.get(layer, layer))
    return frame is not None and (layer != "substations" or bool((frame["kind"] == "substation").any()))


@st.cache_resource(max_entries=64, show_spinner=False)
def _document(name: str, layer: str, language: str, _done: Assessment) -> bytes:
    del name
    return _LAYERS[layer][0](_done, language)


def vector_layers(name: str, done: Assessment, shown: Iterable[str], language: str) -> list[VectorLayer]:
    """Return the map's layers of features, the lowest first; those in `shown` are on.

    Parameters
    ----------
    name : str
        Name of the assessment, which documents are kept under.
    done : Assessment
        Where the features come from; layers that it lacks are left out.
    shown : iterable of str
        Layers that are on until the person switches them.
    language : str
        Language of the tooltips.
    """
    wanted = set(shown)
    return [
        VectorLayer(
            name=layer,
            label_key=f"map.layer_{layer}",
            key=STORE.put_vectors(f"{name}-{layer}-{language}", _document(name, layer, language, done)),
            shown=layer in wanted,
            kind=kind,
        )
        for layer, (_, kind) in _LAYERS.items()
        if _has(done, layer)
    ]


def documents(done: Assessment, wanted: Iterable[str], language: str) -> list[tuple[str, Kind, bytes]]:
    """Return name, kind and GeoJSON document of the layers asked for, the lowest first.

    Parameters
    ----------
    done : Assessment
        Where the features come from; layers that it lacks are left out.
    wanted : iterable of str
        Names of the layers.
    language : str
        Language of the tooltips.
    """
    asked = set(wanted)
    return [
        (layer, kind, make(done, language))
        for layer, (make, kind) in _LAYERS.items()
        if layer in asked and _has(done, layer)
    ]
