"""Archives: bombs, lies, names that lead elsewhere, and the harmless oddities that must not be refused."""

import io
import random
import stat
import struct
import zipfile

from corpus.entry import Shelf, bytes_of
from corpus.samples import geojson, xlsx, zipped
from corpus.shapes import parts, shapefile, shp

SHELF = Shelf()
refused, let_in, clean, either = SHELF.refused, SHELF.let_in, SHELF.clean, SHELF.either
_MEGABYTE = 2**20


def _bomb(size_mb, name="锅炉.dbf"):
    """Write a member of zeros without ever holding it whole."""

    def build(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for part, content in parts().items():
                if part != name:
                    archive.writestr(part, content)
            with archive.open(name, "w", force_zip64=True) as file:
                for _ in range(size_mb):
                    file.write(bytes(_MEGABYTE))

    return build


def _lying(unpacked, packed=None):
    """Return a Shapefile's archive whose list of entries states other sizes than there are."""
    whole = bytearray(shapefile())
    at = whole.find(b"PK\x01\x02")
    while at >= 0:
        if packed is not None:
            struct.pack_into("<I", whole, at + 20, packed)
        struct.pack_into("<I", whole, at + 24, unpacked)
        at = whole.find(b"PK\x01\x02", at + 4)
    return bytes(whole)


def _named(name, mode=0, flag=0):
    info = zipfile.ZipInfo("x" * len(name))
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    info.flag_bits |= flag
    return info


def _with(name, content=b"x", mode=0):
    return zipped([*parts().items(), (_named(name, mode), content)])


def _link():
    return _with("secret.shp", b"../../secret.txt", stat.S_IFLNK | 0o777)


def _encrypted():
    whole = bytearray(shapefile())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.find(mark)
        while at >= 0:
            whole[at + offset] |= 1
            at = whole.find(mark, at + 4)
    return bytes(whole)


def _overlapping(count=40):
    """Return an archive whose entries all lead to the same packed bytes (D. Fifield, "A better zip bomb", 2019)."""
    one = zipped({"a.shp": bytes(200_000)})
    start, end = one.find(b"PK\x01\x02"), one.find(b"PK\x05\x06")
    central = one[start:end]
    many = b"".join(
        central.replace(b"a.shp", f"{chr(97 + at // 26)}.{at % 26 + 10:03d}"[:5].encode()) for at in range(count)
    )
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(many), start, 0)
    return one[:start] + many + tail


def _zip64_lie():
    """Return an archive that claims 2**40 bytes for a member, in a zip64 field."""
    whole = bytearray(shapefile())
    end = whole.find(b"PK\x05\x06")
    at = whole.find(b"PK\x01\x02")
    name, extra = struct.unpack_from("<HH", whole, at + 28)
    struct.pack_into("<I", whole, at + 24, 0xFFFFFFFF)
    struct.pack_into("<H", whole, at + 30, extra + 12)
    added = struct.pack("<HHQ", 1, 8, 2**40)
    where = at + 46 + name
    whole[where:where] = added
    (size,) = struct.unpack_from("<I", whole, end + 12 + 12)
    struct.pack_into("<I", whole, end + 12 + 12, size + 12)
    return bytes(whole)


def _gbk_raw():
    """Write names byte by byte: `zipfile` would set the mark of UTF-8."""
    done = io.BytesIO()
    with zipfile.ZipFile(done, "w") as archive:
        for name, part in parts(stem="GLTZ").items():
            archive.writestr(name, part)
    return done.getvalue().replace(b"GLTZ", "锅炉".encode("gbk"))


def _many(count):
    done = io.BytesIO()
    with zipfile.ZipFile(done, "w") as archive:
        for at in range(count):
            archive.writestr(f"{at}", b"")
    return done.getvalue()


def _duplicate():
    return zipped([*parts().items(), (_named("锅炉.SHP"), shp(places=[(1.0, 1.0)] * 3))])


refused("ratio.zip", _bomb(64), "archive_ratio")
refused("ratio_far.zip", _bomb(300, name="其他.bin"), "archive_ratio")
refused("nested.zip", bytes_of(lambda: zipped({"inner.zip": shapefile(), "a.shp": shp()})), "archive_nested")
refused(
    "nested_deep.zip",
    bytes_of(lambda: zipped({"1.zip": zipped({"2.zip": zipped({"3.zip": shapefile()})})})),
    "archive_nested",
)
refused(
    "nested_disguised.zip", bytes_of(lambda: zipped({"锅炉.shp": shapefile()})), "archive_nested", "content_not_suffix"
)
refused("nested_gz.zip", bytes_of(lambda: zipped({**parts(), "x.tar.gz": b"\x1f\x8b\x08"})), "archive_nested")
refused("many.zip", bytes_of(lambda: _many(10_001)), "archive_members")
refused("overlap.zip", bytes_of(_overlapping), "archive_overlap")
refused("traversal.zip", bytes_of(lambda: _with("../../traversed.txt")), "archive_path")
refused("traversal_inside.zip", bytes_of(lambda: _with("a/../../../b.shp")), "archive_path")
refused("absolute.zip", bytes_of(lambda: _with("/etc/cron.d/x")), "archive_path")
refused("drive.zip", bytes_of(lambda: _with("C:/Windows/x.dll")), "archive_path")
refused("unc.zip", bytes_of(lambda: _with("\\\\server\\share\\x.shp")), "archive_path")
refused("backslash.zip", bytes_of(lambda: _with("..\\..\\x.shp")), "archive_path")
refused("device.zip", bytes_of(lambda: _with("NUL.shp")), "archive_path")
refused("device_folder.zip", bytes_of(lambda: _with("aux/x.shp")), "archive_path")
refused("control.zip", bytes_of(lambda: _with("a\r\nb.shp")), "archive_path")
refused("link.zip", bytes_of(_link), "archive_link")
refused("fifo_member.zip", bytes_of(lambda: _with("pipe.shp", b"", stat.S_IFIFO | 0o666)), "archive_link")
refused("encrypted.zip", bytes_of(_encrypted), "archive_encrypted")
refused("duplicate.zip", bytes_of(_duplicate), "archive_duplicate")
refused("truncated.zip", bytes_of(lambda: shapefile()[:-40]), "file_broken")
refused("truncated_half.zip", bytes_of(lambda: shapefile()[:300]), "file_broken")
refused("zip64.zip", bytes_of(_zip64_lie), "archive_unpacked", "archive_ratio", "file_broken")
refused("says_less.zip", bytes_of(lambda: _lying(10)), "file_broken")
refused("says_more.zip", bytes_of(lambda: _lying(2**31)), "archive_unpacked", "archive_ratio", "file_broken")
refused(
    "crc.zip",
    bytes_of(
        lambda: shapefile().replace(b"GEOGCS", b"GEOGCX")[::1].replace(b"PK\x03\x04\x14", b"PK\x03\x04\x15", 1)[:-1]
    ),
    "file_broken",
)
refused("no_members.zip", bytes_of(lambda: zipped({})), "file_empty", "file_broken")
refused("readme_only.zip", bytes_of(lambda: zipped({"说明.txt": "无图层".encode()})), "file_empty")
refused("folders_only.zip", bytes_of(lambda: zipped({"a/": b"", "a/b/": b""})), "file_empty")
refused(
    "dbf_only.zip", bytes_of(lambda: zipped({k: v for k, v in parts().items() if k.endswith(".dbf")})), "file_empty"
)
refused("magic_only.zip", bytes_of(lambda: b"PK\x03\x04" + random.Random(1).randbytes(500)), "file_broken")  # noqa: S311 - chance, not secrets
refused("workbook_inside.zip", bytes_of(lambda: zipped({"锅炉.xlsx": xlsx("inside")})), "archive_of_tables")
refused(
    "two_kinds.zip", bytes_of(lambda: zipped({"a.geojson": geojson("a"), "b.geojson": geojson("b")})), "several_layers"
)
refused("disguised.zip", bytes_of(lambda: zipped({"a.gpkg": b"#!/bin/sh\n"})), "content_not_suffix")

clean("right.zip", bytes_of(shapefile), 3)
clean("lzma.zip", bytes_of(lambda: zipped(parts(), zipfile.ZIP_LZMA)), 3)
clean("gbk_names.zip", bytes_of(_gbk_raw), 3, holds=("甲厂",))
clean("folder.zip", bytes_of(lambda: zipped({f"成果/2023年/{k}": v for k, v in parts().items()})), 3)
clean("mac.zip", bytes_of(lambda: zipped({**parts(), "__MACOSX/._锅炉.shp": b"\x00\x05\x16\x07"})), 3)
clean("comment.zip", bytes_of(lambda: shapefile()[:-2] + struct.pack("<H", 5) + b"hello"), 3)
clean("geojson_inside.zip", bytes_of(lambda: zipped({"a.geojson": geojson("z")})), 3)
clean("emoji_member.zip", bytes_of(lambda: zipped(parts(stem="🔥锅炉"))), 3)
either("trailing.zip", bytes_of(lambda: shapefile() + b"\x00" * 300), 3)
either("leading.zip", bytes_of(lambda: b"MZ" + b"\x00" * 300 + shapefile()), 3)
either("bidi_member.zip", bytes_of(lambda: zipped(parts(stem="a\u202epiz"))), 3)
