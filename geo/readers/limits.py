"""What a file from outside may be at most, and what its name becomes on disk."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from data import parameters
from data.errors import DataError, Fault

VARIABLE: Final = "NUANGUANG_LIMITS"
MEGABYTE: Final = 2**20
_NAME_CHARACTERS: Final = 120
_NAME_BYTES: Final = 240  # file systems of Linux allow 255
_SUFFIX_CHARACTERS: Final = 16
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*!%]')

Bound = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a file that comes in.

    Parameters
    ----------
    file_mb, unpacked_mb : int
        Size of the file, and of all members of an archive together [MB of 2**20 bytes].
    ratio, ratio_from_mb : int
        Unpacked over packed size of a member [1], for members that are larger than `ratio_from_mb` [MB].
    members : int
        Files in an archive.
    nesting : int
        Levels of archives inside an archive; those inside are counted, never opened.
    rows, columns, cell_characters : int
        Of one layer or sheet.
    shape_vertices : int
        Vertices of one geometry.
    xml_depth, json_depth : int
        Levels of elements, and of arrays and objects.
    photo_mb : int
        Size of a picture taken on site [MB of 2**20 bytes].
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    file_mb: Bound
    unpacked_mb: Bound
    ratio: Bound
    ratio_from_mb: Bound
    members: Bound
    nesting: Annotated[int, Field(ge=0)]
    rows: Bound
    columns: Bound
    cell_characters: Bound
    shape_vertices: Bound
    xml_depth: Bound
    json_depth: Bound
    photo_mb: Bound


def limits() -> Limits:
    """Return the bounds that hold: the rows of ``limits.csv``, changed by the environment's ``NUANGUANG_LIMITS``.

    The variable is a JSON object such as ``{"file_mb": 200}``.

    Raises
    ------
    data.errors.DataError
        If the variable is no such object, or names a bound that does not exist or is no positive whole number.
    """
    cited = {field.name: int(parameters.cited("limits")[field.name].value) for field in fields(Limits)}
    said = os.environ.get(VARIABLE, "")
    if not said.strip():
        return Limits(**cited)
    try:
        changed = TypeAdapter(dict[str, int]).validate_json(said, strict=True)
        return TypeAdapter(Limits).validate_json(json.dumps(cited | changed))
    except ValidationError as error:
        raise DataError(
            [
                Fault(
                    rule="limits_invalid",
                    effect="refused",
                    file=VARIABLE,
                    column=".".join(map(str, one["loc"])),
                    expected=", ".join(cited),
                    got=f"{one['input']!r}: {one['msg']}"[:200],
                )
                for one in error.errors()
            ]
        ) from error


def _plain(name: str) -> str:
    """Return the last part of a name without characters that cannot be seen or that a system takes for orders."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(one for one in last if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    return _FORBIDDEN.sub("_", seen).strip().lstrip(". ").rstrip(". ")


def _shortened(stem: str, characters: int, bytes_: int) -> str:
    cut = stem[:characters]
    while len(cut.encode()) > bytes_:
        cut = cut[:-1]
    return cut.rstrip(". ")


def safe_name(name: str) -> str:
    r"""Return what a file is called on disk, whatever the one who sent it called it.

    Parameters
    ----------
    name : str
        Name as it came; keep it for showing.

    Returns
    -------
    str
        One path part of 1 to 120 characters (240 bytes in UTF-8): no separators, control or invisible characters,
        no leading dot, no name that Windows reserves; the suffix is kept.

    >>> safe_name("../../锅炉台账.XLSX"), safe_name("C:\\x\\con.csv"), safe_name(".."), safe_name(".env")
    ('锅炉台账.XLSX', '_con.csv', 'file', 'env')
    """
    plain = _plain(name)
    suffix = PurePosixPath(plain).suffix
    if len(suffix) > _SUFFIX_CHARACTERS or not suffix[1:].isalnum() or not suffix.isascii():
        suffix = ""
    stem = plain.removesuffix(suffix) if suffix else plain
    stem = _shortened(stem, _NAME_CHARACTERS - len(suffix) - 1, _NAME_BYTES - len(suffix) - 1) or "file"
    whole = stem + suffix
    return f"_{whole}" if _RESERVED.fullmatch(whole) else whole
