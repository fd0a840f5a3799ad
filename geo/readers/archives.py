"""Archives from outside: looked through before anything is taken out, and never unpacked to disk."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data.errors import Fault
from geo.readers.limits import MEGABYTE, Limits

_ARCHIVES: Final = (".zip", ".kmz", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".zst")
_MAGIC: Final = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_OFFICE: Final = (".xlsx", ".xlsm", ".docx", ".pptx", ".ods", ".odt", ".et", ".wps")
_UTF8_FLAG: Final = 0x800
_ENCRYPTED_FLAG: Final = 0x1
_LOCAL_HEADER: Final = 30  # bytes before the name
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.[^/]*)?", re.IGNORECASE)
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name as a person reads it, and the entry that it is."""

    name: str
    info: zipfile.ZipInfo


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name: without the flag of UTF-8 it may be UTF-8 all the same, or GBK."""
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename
    try:
        said = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.orig_filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return said.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def members(path: Path) -> list[Member]:
    """Return the files of an archive, without folders and the shadow files that macOS adds.

    Raises
    ------
    zipfile.BadZipFile
        If it is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        found = [Member(_name(info), info) for info in archive.infolist()]
    return [one for one in found if not one.name.endswith("/") and not _is_shadow(one.name)]


def _is_shadow(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith("._")


def content(path: Path, member: Member) -> bytes:
    """Return what a member holds; no more than the entry says is ever unpacked."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(member.info)


def pack(parts: dict[str, bytes]) -> bytes:
    """Put parts together in an archive without compression, for readers that want neighbouring files."""
    done = io.BytesIO()
    with zipfile.ZipFile(done, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return done.getvalue()


def _unsafe(name: str) -> bool:
    """Tell a name that leads out of the archive's own folder or that no system can store."""
    parts = name.replace("\\", "/").split("/")
    return (
        "\\" in name
        or name.startswith("/")
        or re.match(r"[A-Za-z]:", name) is not None
        or ".." in parts
        or any(_DEVICE.fullmatch(part) for part in parts)
        or any(ord(one) < 32 or ord(one) == 127 for one in name)
    )


def _overlapping(infos: list[zipfile.ZipInfo]) -> list[str]:
    """Return the entries that begin before the one ahead of them can have ended."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    ends = [info.header_offset + _LOCAL_HEADER + info.compress_size for info in ordered]
    return [_name(after) for end, after in zip(ends, ordered[1:], strict=False) if after.header_offset < end]


def _is_special(info: zipfile.ZipInfo) -> bool:
    """Tell links and devices: a member is a plain file or a folder."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return kind not in (0, stat.S_IFREG, stat.S_IFDIR)


def _nested(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, *, office: bool) -> bool:
    """Tell an archive within the archive by its name or its first bytes; office files in a plain one are none."""
    lower = name.lower()
    if lower.endswith(_ARCHIVES) or (office and lower.endswith(_OFFICE)):
        return True
    if lower.endswith(_OFFICE) or info.is_dir() or info.flag_bits & _ENCRYPTED_FLAG:
        return False
    with archive.open(info) as file:
        return file.read(8).startswith(_MAGIC)


def _list(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(repr(name)[1:-1] for name in some[:_SHOWN]) + (" …" if len(some) > _SHOWN else "")


def zip_faults(path: Path, bounds: Limits) -> list[Fault]:
    """Return everything that makes an archive unfit to be opened; nothing but first bytes is unpacked.

    Parameters
    ----------
    path : pathlib.Path
        A ZIP, or an office file or KMZ, which are such.
    bounds : Limits
        How large it may become.

    Raises
    ------
    zipfile.BadZipFile
        If its list of entries cannot be read.
    """
    faults: list[Fault] = []

    def add(rule: str, *, expected: str = "", got: str = "") -> None:
        faults.append(Fault(rule=rule, effect="refused", file=path.name, expected=expected, got=got))

    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > bounds.members:
            add("archive_members", expected=f"≤ {bounds.members}", got=str(len(infos)))
            return faults
        names = [_name(info) for info in infos]
        size = sum(info.file_size for info in infos)
        if size > bounds.unpacked_mb * MEGABYTE:
            add("archive_unpacked", expected=f"≤ {bounds.unpacked_mb} MB", got=f"{size / MEGABYTE:.0f} MB")
        dense = [
            (name, info.file_size / max(info.compress_size, 1))
            for name, info in zip(names, infos, strict=True)
            if info.file_size > bounds.ratio_from_mb * MEGABYTE and info.file_size > bounds.ratio * info.compress_size
        ]
        if dense:
            got = f"{_list(name for name, _ in dense)}: {max(ratio for _, ratio in dense):.0f}"
            add("archive_ratio", expected=f"≤ {bounds.ratio}", got=got)
        folded = Counter(name.casefold() for name in names)
        for rule, found in (
            ("archive_path", [name for name in names if _unsafe(name)]),
            ("archive_link", [name for name, info in zip(names, infos, strict=True) if _is_special(info)]),
            ("archive_duplicate", [name for name in names if folded[name.casefold()] > 1]),
            ("archive_encrypted", [n for n, i in zip(names, infos, strict=True) if i.flag_bits & _ENCRYPTED_FLAG]),
            ("archive_overlap", _overlapping(infos)),
        ):
            if found:
                add(rule, got=_list(found))
        if not faults and bounds.nesting == 0:
            office = path.suffix.lower() not in (".zip", ".kmz")
            inner = [n for n, i in zip(names, infos, strict=True) if _nested(archive, i, n, office=office)]
            if inner:
                add("archive_nested", got=_list(inner))
    return faults
