"""Workbooks of Excel 97 (BIFF8 in an OLE file), written record by record: no library here writes them."""

import struct

from corpus.samples import HEADER, TABLE

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def ole(streams):
    """Return an OLE file that holds streams, each padded to where no small-stream table is needed."""
    padded = {name: content.ljust(4096, b"\x00") for name, content in streams.items()}
    fat, body, entries = [_FAT, _END], b"", []
    at = 2
    for name, content in padded.items():
        sectors = -(-len(content) // _SECTOR)
        fat += [*range(at + 1, at + sectors), _END]
        entries.append(_entry(name, 2, at, len(content)))
        body += content.ljust(sectors * _SECTOR, b"\x00")
        at += sectors
    tree = _entry("Root Entry", 5, _END, 0, child=1)
    links = [
        one[:72] + struct.pack("<I", turn + 2 if turn + 1 < len(entries) else _FREE) + one[76:]
        for turn, one in enumerate(entries)
    ]
    directory = (tree + b"".join(links)).ljust(_SECTOR, b"\x00")
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(_SECTOR, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    head += struct.pack("<109I", 0, *[_FREE] * 108)
    return head + table + directory + body


def _entry(name, kind, start, size, child=_FREE):
    raw = (name + "\x00").encode("utf-16-le")
    head = raw.ljust(64, b"\x00") + struct.pack("<HBB", len(raw), kind, 1)
    return head + struct.pack("<III", _FREE, _FREE, child) + bytes(36) + struct.pack("<IQ", start, size)


def record(kind, content=b""):
    return struct.pack("<HH", kind, len(content)) + content


def _begin(kind):
    return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 0x07CC, 0, 6))


def _text(row, column, said):
    return record(0x204, struct.pack("<HHHHB", row, column, 0, len(said), 1) + said.encode("utf-16-le"))


def _cells(rows):
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, int | float):
                yield record(0x203, struct.pack("<HHHd", row, column, 0, cell))
            else:
                yield _text(row, column, cell)


def stream(rows=(HEADER, *TABLE), name="锅炉", more=b""):
    """Return a workbook stream with one sheet; `more` are records of the book as a whole."""
    sheet = _begin(0x10) + b"".join(_cells(rows)) + record(0x0A)
    said = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
    ahead = _begin(0x05) + more
    start = len(ahead) + 4 + 6 + len(said) + 4
    return ahead + record(0x85, struct.pack("<IH", start, 0) + said) + record(0x0A) + sheet


def xls(salt="", **options):
    rows = (HEADER, *((f"{one[0]}{salt}", *one[1:]) for one in TABLE))
    return ole({"Workbook": stream(rows, **options)})
