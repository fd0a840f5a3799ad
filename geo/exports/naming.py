"""Names that file systems and old formats can bear."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from data.catalog import LANGUAGES, text
from geo.export import as_written

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff<>:"/\\|?*]+')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_NAME_BYTES: Final = 120
FIELD_BYTES: Final = 10
DBF_ENCODING: Final = "gb18030"
FIELDS_MOST: Final = 255  # of a dBase table
KINDS: Final = ("point", "line", "polygon")
_TABLE: Final = ("short", "name", "title", "unit", "values")
_NAME_CHARACTERS: Final = 200
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def cut(said: str, most: int, encoding: str) -> str:
    """Return the longest beginning of a text that has at most so many bytes, no character broken."""
    code = said.encode(encoding)
    return said if len(code) <= most else code[:most].decode(encoding, errors="ignore")


def file_stem(name: str) -> str:
    """Return a name that every file system takes: no separators, no leading dot, no device, at most 120 bytes.

    >>> file_stem("../石嘴山/锅炉?"), file_stem("CON")
    ('_石嘴山_锅炉_', '_CON')
    """
    said = cut(_FORBIDDEN.sub("_", name).strip().lstrip("."), _NAME_BYTES, "utf-8").rstrip(". ")
    return f"_{said}" if _RESERVED.fullmatch(said) else said or "_"


def field_names(names: Iterable[str]) -> dict[str, str]:
    """Return a field name of at most 10 bytes for each column, distinct whatever the case of letters.

    A name that is too long keeps its beginning, by which it can be found again; where two begin alike, a number
    stands at the end of the later one.

    >>> field_names(["heat_source", "heat_sources", "取暖面积合计"])
    {'heat_source': 'heat_sourc', 'heat_sources': 'heat_sour1', '取暖面积合计': '取暖面积合'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        base = re.sub(r"[\x00-\x1f]+", "_", name)
        short, turn = cut(base, FIELD_BYTES, DBF_ENCODING), 0
        while short.lower() in taken:
            turn += 1
            short = cut(base, FIELD_BYTES - len(str(turn)), DBF_ENCODING) + str(turn)
        taken.add(short.lower())
        found[name] = short
    return found


def table_header(language: str) -> list[str]:
    """Return the header of the table of field names that lies beside our Shapefiles."""
    return [text(f"export.field.{one}", language) for one in _TABLE]


def table_suffixes() -> tuple[str, ...]:
    """Return what stands behind a layer's name in the name of its table of field names, in any language."""
    return tuple(f"_{text('export.field.file', language)}.csv" for language in LANGUAGES)


def kind_suffixes() -> tuple[tuple[str, ...], ...]:
    """Return what stands behind a layer's name where its kinds of shape lie apart, one tuple a language."""
    return tuple(tuple(f"_{text(f'export.suffix.{kind}', language)}" for kind in KINDS) for language in LANGUAGES)


def whole_names(content: bytes) -> dict[str, str] | None:
    """Return field name → whole name as a table of field names of ours has them, or None where it is no such table.

    It is ours only if the whole names lead to exactly these field names: so no table can give a column another
    meaning than the beginning of its name has.

    Parameters
    ----------
    content : bytes
        What came as the table; of a size that the caller has bounded.
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    headers = [table_header(language) for language in LANGUAGES]
    if not 1 < len(rows) <= FIELDS_MOST + 1 or rows[0] not in headers or any(len(row) != len(_TABLE) for row in rows):
        return None
    found = {str(as_written(row[1])): str(as_written(row[0])) for row in rows[1:]}
    if len(found) < len(rows) - 1 or not all(map(_speakable, found)) or field_names(found) != found:
        return None
    return {short: name for name, short in found.items()}


def _speakable(name: str) -> bool:
    """Tell whether our exports may write such a column: of letters that can be seen, and not the shapes' own name."""
    seen = not any(unicodedata.category(one) in _UNSEEN for one in name)
    return seen and name == name.strip() and 0 < len(name) <= _NAME_CHARACTERS and name != "geometry"
