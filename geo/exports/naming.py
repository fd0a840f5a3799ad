"""Names that file systems and old formats can bear."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff<>:"/\\|?*]+')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_NAME_BYTES: Final = 120
FIELD_BYTES: Final = 10
DBF_ENCODING: Final = "gb18030"


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
