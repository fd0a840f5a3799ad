"""The map as one HTML file: scripts, tiles and features inside, opened by a double click, without any network.

Nothing in it comes from elsewhere, and its content policy forbids the browser to ask for anything: only the
scripts written here run, and pictures are data.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
from xstatic.pkg import leaflet

from data.catalog import label, text
from geo.tiles import TILE_SIZE, TileIndex, empty_tile, tile_bounds
from heating.assessment import Assessment
from ui.features import documents
from ui.paint import METRICS, VERDICT, Paint, metric_label, rate_legend
from ui.server import ASSETS
from ui.standalone_buildings import Packed, pack

Progress = Callable[[float], None]
Entries = tuple[tuple[str, str], ...]

MIN_ZOOM: Final = 10
MAX_ZOOM: Final = 14
# As wide as the margin within which `TileIndex.render` looks for buildings.
_MARGIN: Final = 2 / TILE_SIZE
_FIRST_SHARE: Final = 0.05
_WORDS: Final = (
    "colour_by",
    "no_colour",
    "layers",
    "search",
    "search_hint",
    "nothing_found",
    "more_found",
    "panel",
    "map",
    "ask",
    "ask_not_here",
    "ask_failed",
)


def standalone_html(
    done: Assessment,
    *,
    metrics: Sequence[str],
    layers: Sequence[str],
    language: str,
    max_zoom: int = MAX_ZOOM,
    day: date | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Return the map as one HTML file that needs no network.

    Parameters
    ----------
    done : Assessment
        What to show.
    metrics : sequence of str
        Colourings of the buildings, the first to begin with; each adds its own set of tiles.
    layers : sequence of str
        Layers of features; those that the assessment lacks are left out.
    language : str
        Language of all words.
    max_zoom : int
        Finest tiles; beyond, they are enlarged.
    day : datetime.date, optional
        Day that the page states; today if not given.
    progress : callable, optional
        Told the share done [1].

    Raises
    ------
    KeyError
        If there is no such metric or language.
    """
    told = progress or (lambda _share: None)
    told(0.0)
    content = _frame(done, language, day or datetime.now(tz=UTC).astimezone().date())
    content["layers"] = [
        {
            "name": name,
            "kind": kind,
            "label": text(f"map.layer_{name}", language),
            "legend": _layer_legend(done, name, language),
            "data": json.loads(document),
        }
        for name, kind, document in documents(done, layers, language)
    ]
    content["places"] = _places(done, [layer["name"] for layer in content["layers"]], language)
    paints = [(name, METRICS[name](done.buildings, language)) for name in metrics]
    packed = pack(done.buildings, {name: paint.classes > 0 for name, paint in paints}, language)
    content["buildings"] = packed.head if packed else None
    index = TileIndex(done.buildings.geometry)
    told(_FIRST_SHARE)
    content["zooms"] = [MIN_ZOOM, max_zoom]
    content["paints"] = []
    for number, (name, paint) in enumerate(paints):

        def shared(share: float, before: int = number) -> None:
            told(_FIRST_SHARE + (1 - _FIRST_SHARE) * (before + share) / len(paints))

        content["paints"].append(
            {
                "name": name,
                "label": metric_label(name, language),
                "legend": paint.legend,
                "tiles": tiles(index, paint, max_zoom=max_zoom, progress=shared),
            }
        )
    told(1.0)
    return _page(content, packed, language)


def tiles(index: TileIndex, paint: Paint, *, max_zoom: int, progress: Progress | None = None) -> dict[str, str]:
    """Return every tile that is not empty, as ``z/x/y`` and base64 of its PNG.

    A tile without a building has no child with one, so empty country is never searched twice.
    """
    found: dict[str, str] = {}
    first = list(_first_tiles(index, paint))
    for at, place in enumerate(first):
        pending = [place]
        while pending:
            z, x, y = pending.pop()
            png = index.render(paint.classes, paint.palette, z, x, y)
            if png == empty_tile():
                continue
            found[f"{z}/{x}/{y}"] = base64.b64encode(png).decode("ascii")
            if z < max_zoom:
                pending.extend(_children(z, x, y))
        if progress:
            progress((at + 1) / len(first))
    return found


def _children(z: int, x: int, y: int) -> list[tuple[int, int, int]]:
    return [(z + 1, 2 * x + right, 2 * y + down) for right in (0, 1) for down in (0, 1)]


def _first_tiles(index: TileIndex, paint: Paint) -> Iterator[tuple[int, int, int]]:
    """Give the tiles of the coarsest zoom that may show a building."""
    drawn = paint.classes > 0
    pending = [(0, 0, 0)]
    while pending:
        place = pending.pop()
        if not drawn[index.in_box(*tile_bounds(*place, margin=_MARGIN))].any():
            continue
        if place[0] == MIN_ZOOM:
            yield place
        else:
            pending.extend(_children(*place))


def _frame(done: Assessment, language: str, day: date) -> dict[str, Any]:
    """Return title, notes, words and extent of the page."""
    synthetic = done.layers.synthetic
    files = text("list.comma", language).join(source.file for source in done.layers.sources.values())
    source = text("ui.map_source_demo", language) if synthetic else files
    west, south, east, north = (float(edge) for edge in done.buildings.total_bounds)
    notes = [text("map.note", language)]
    notes += [text("map.source", language, source=source)] if source else []
    return {
        "title": text("ui.subtitle", language),
        "made": text("standalone.made", language, day=day.isoformat()),
        "synthetic": [text("app.synthetic", language), text("app.synthetic_long", language)] if synthetic else None,
        "notes": [*notes, text("standalone.frozen", language)],
        "words": {name: text(f"standalone.{name}", language) for name in _WORDS},
        "zoom_words": [text("map.zoom_in", language), text("map.zoom_out", language)],
        "bounds": [[south, west], [north, east]],
    }


def _layer_legend(done: Assessment, layer: str, language: str) -> Entries:
    """Return colours and words of a layer of points whose colour says something."""
    if layer == "boilers":
        present = set(done.boilers["verdict"])
        return tuple((colour, label("verdict", code, language)) for code, colour in VERDICT.items() if code in present)
    return rate_legend(language) if layer == "villages" else ()


def _places(done: Assessment, layers: Sequence[str], language: str) -> list[list[object]]:
    """Return layer, kind in words, code, name, longitude and latitude [degrees] of what the search finds."""
    frames: dict[str, tuple[gpd.GeoDataFrame | None, str]] = {
        "villages": (done.villages, "village_code"),
        "boilers": (done.boilers, "boiler_id"),
        "plants": (done.plants[done.plants["status"] == "operating"].drop_duplicates("plant_id"), "plant_id"),
    }
    found: list[list[object]] = []
    for layer, (frame, column) in frames.items():
        if frame is None or layer not in layers:
            continue
        words = text(f"map.layer_{layer}", language)
        points = frame.geometry.representative_point()
        found += [
            [layer, words, str(code), str(name), round(float(point.x), 6), round(float(point.y), 6)]
            for code, name, point in zip(frame[column], frame["name"], points, strict=True)
        ]
    return found


def _page(content: dict[str, Any], packed: Packed | None, language: str) -> bytes:
    """Return the HTML; users' texts stand in its JSON only and come on the page as text nodes."""
    library = Path(leaflet.BASE_DIR)
    scripts = [
        re.sub(r"//# sourceMappingURL=\S*", "", _read(library / "leaflet.js")),
        _read(ASSETS / "features.js"),
        _read(ASSETS / "standalone_buildings.js"),
        _read(ASSETS / "standalone.js"),
    ]
    sheets = [_with_pictures(_read(library / "leaflet.css"), library), _read(ASSETS / "standalone.css")]
    seals = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {seals}; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = [
        f'<!doctype html>\n<html lang="{html.escape(language)}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(str(content['title']))}</title>",
        *(f"<style>{sheet}</style>" for sheet in sheets),
        "</head>\n<body>",
        f"<noscript>{html.escape(text('standalone.no_script', language))}</noscript>",
        f'<script type="application/json" id="content">{_script_json(content)}</script>',
        *([_block(packed)] if packed else []),
        *(f"<script>{script}</script>" for script in scripts),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts).encode()


def _block(packed: Packed) -> str:
    data = base64.b64encode(packed.data).decode("ascii")
    return f'<script type="application/octet-stream;base64" id="buildings">{data}</script>'


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _with_pictures(sheet: str, folder: Path) -> str:
    """Return a style sheet with its pictures inside."""

    def inlined(match: re.Match[str]) -> str:
        picture = base64.b64encode((folder / match.group(1)).read_bytes()).decode("ascii")
        return f"url(data:image/png;base64,{picture})"

    return re.sub(r"url\((images/[\w\-]+\.png)\)", inlined, sheet)


def _script_json(content: object) -> str:
    """Return JSON that no text in it can end, since a script holds it."""
    return json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026")
