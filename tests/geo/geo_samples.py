"""Small files that are right and small files that are wrong."""

import geopandas as gpd
import shapely

from data.schemas import schema
from geo.io import read_layer

BOILER_HEADER = "锅炉编号,单位名称,燃料种类,额定蒸发量(蒸吨/小时),额定功率(MW),用途,经度,纬度"
BOILERS = ["B1,甲厂,煤,20,,供热,106.40,39.01", "B2,乙厂,天然气,,14,生产,106.41,39.02"]


def write_csv(path, header, rows, encoding="utf-8"):
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return path


def square(x=106.4, y=39.0, size=0.001):
    return shapely.box(x, y, x + size, y + size)


def buildings(count=4, crs="EPSG:4326", **columns):
    said = {
        "建筑编号": [f"A{n}" for n in range(count)],
        "用途": ["学校", "厂房", "住宅", "医院"][:count],
        "heating": ["散煤", "燃气锅炉", "热泵", "地热"][:count],
    }
    if "取暖方式" in columns:
        said.pop("heating")
    frame = gpd.GeoDataFrame(
        said | columns,
        geometry=[square(106.4 + n * 0.002) for n in range(count)],
        crs="EPSG:4326",
    )
    return frame.to_crs(crs)


def rules(faults):
    """Give the rules of the faults; the sample ledgers have no column of status, and that is always noted."""
    return {fault.rule for fault in faults} - {"status_not_given"}


def fault(read, rule):
    found = [one for one in read.faults if one.rule == rule]
    assert len(found) == 1, [one.rule for one in read.faults]
    return found[0]


def read(path, layer, **options):
    """Read a layer and hold the promises that every reading makes."""
    done = read_layer(path, layer, **options)
    assert done.rows_in == len(done.frame) + len(done.checked.set_aside)
    schema(layer).validate(done.frame, lazy=True)
    assert done.frame.crs.to_epsg() == 4490
    assert done.frame.geometry.is_valid.all()
    aside = set(done.checked.set_aside["source_row"])
    assert aside.isdisjoint(done.frame["source_row"])
    reported = {row for one in done.faults if one.effect == "row_set_aside" for row in one.rows}
    assert aside == reported, "a row is set aside exactly when a fault says so"
    for one in done.faults:
        for language in ("zh", "en"):
            assert one.message(language)
            assert one.as_row(language)["mend"]
    return done
