"""KML for GDAL: its text in UTF-8, the names of its extra data kept, and the columns that say nothing left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pandas as pd

from geo.readers.markup import CHINESE, declared_encoding

_SCHEMA: Final = re.compile(r"<((?:\w+:)?)Schema\b[^<>]*?(?:/>|>.*?</\1Schema\s*>)", re.DOTALL)
_WRAPPER: Final = re.compile(r"</?(?:\w+:)?SchemaData\b[^<>]*>")
_EMPTY: Final = re.compile(r"<((?:\w+:)?)SimpleData\b([^<>]*)/>")
_OPENED: Final = re.compile(r"<((?:\w+:)?)SimpleData\b([^<>]*)>")
_CLOSED: Final = re.compile(r"</((?:\w+:)?)SimpleData\s*>")
_DATA: Final = re.compile(r"""(<(?:\w+:)?Data\b[^<>]*?\bname\s*=\s*)("[^"<>]*"|'[^'<>]*')""")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_STYLE: Final = (
    *("id", "timestamp", "begin", "end", "altitudeMode"),
    *("tessellate", "extrude", "visibility", "drawOrder", "icon"),
)
_IDLE: Final = (-1, 0)
_ENTITIES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A KML document as GDAL can read it, and the names that its columns will have stood for."""

    content: bytes
    names: dict[str, str]


def prepared(content: bytes) -> Prepared:
    """Write a KML document in UTF-8, with all its extra data in one form and under plain names.

    GDAL drops ``Data`` where there is ``SimpleData`` too, and replaces every letter that is not ASCII in the names of
    ``Data``, so that 层数 and 户数 would become one column.

    Parameters
    ----------
    content : bytes
        A document that was let in.
    """
    encoding = declared_encoding(content[:200])
    codec = "gb18030" if encoding in CHINESE else encoding.replace("utf-8", "utf-8-sig")
    said = _DECLARATION.sub('<?xml version="1.0" encoding="UTF-8"?>', content.decode(codec))
    said = _WRAPPER.sub("", _SCHEMA.sub("", said))
    said = _EMPTY.sub(r"<\1Data\2><\1value></\1value></\1Data>", said)
    said = _CLOSED.sub(r"</\1value></\1Data>", _OPENED.sub(r"<\1Data\2><\1value>", said))
    names: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        name = _unescaped(found.group(2)[1:-1])
        return f'{found.group(1)}"{names.setdefault(name, f"data_{len(names) + 1}_")}"'

    done = _DATA.sub(plain, said)
    return Prepared(done.encode(), {token: name for name, token in names.items()})


def _unescaped(name: str) -> str:
    for entity, sign in _ENTITIES.items():
        name = name.replace(entity, sign)
    return name


def tidied(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the columns under their own names, without those of style and time in which no row says anything."""
    idle = [name for name in _STYLE if name in frame and (frame[name].isna() | frame[name].isin(_IDLE)).all()]
    idle += [name for name in ("Name", "description") if name in frame and frame[name].isna().all()]
    taken = {str(name).lower() for name in frame if name not in idle}
    own = {token: f"{name} (2)" if name.lower() in taken else name for token, name in names.items()}
    return frame.drop(columns=idle).rename(columns=own)
