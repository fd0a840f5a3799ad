"""Shapes within shapes: whatever a column holds, reading it neither ends the program nor takes minutes."""

import struct
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from geo_samples import buildings, fault, read, rules
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DataError
from geo.io import read_layer
from geo.nesting import wkb_too_deep, wkt_too_deep

POINT = shapely.to_wkb(shapely.Point(106.4, 39))
SHAPES = st.recursive(
    st.sampled_from(
        [
            shapely.Point(1, 2),
            shapely.Point(1, 2, 3),
            shapely.box(0, 0, 1, 1),
            shapely.LineString([(0, 0), (1, 1), (2, 0)]),
            shapely.MultiPoint([(1, 2), (3, 4)]),
            shapely.box(0, 0, 9, 9).difference(shapely.box(1, 1, 2, 2)),
        ]
    ),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(shapely.GeometryCollection),
    max_leaves=6,
)


def nested(levels, order="<", kind=7, beside=b""):
    """Return a WKB of collections within collections, each with something beside the next."""
    head = struct.pack(f"{order}BI", int(order == "<"), kind)
    head += struct.pack(f"{order}I", 4326) if kind & 0x20000000 else b""
    return (head + struct.pack(f"{order}I", 1 + bool(beside)) + beside) * levels + POINT


@settings(max_examples=30, deadline=None)
@given(
    shape=SHAPES, order=st.sampled_from([0, 1]), flavor=st.sampled_from(["iso", "extended"]), more=st.integers(0, 40)
)
def test_depth_is_that_of_the_collections(shape, order, flavor, more):
    for _ in range(more):
        shape = shapely.GeometryCollection([shapely.Point(0, 0), shape])
    depth, inner = 0, [shape]
    while inner := [part for one in inner if hasattr(one, "geoms") for part in one.geoms]:
        depth += 1
    content = shapely.to_wkb(shape, byte_order=order, flavor=flavor)
    assert wkb_too_deep(content) == (depth > 16)
    if more == 0:
        assert not wkt_too_deep(shape.wkt)
    assert wkt_too_deep(shape.wkt) or more < 16


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", [4, 6, 7, 0xA0000007, 1007, 3007])
@pytest.mark.parametrize("beside", [b"", POINT, shapely.to_wkb(shapely.box(0, 0, 1, 1))])
def test_any_kind_of_collection_counts(order, kind, beside):
    if kind in (1007, 3007, 0xA0000007) and beside:
        beside = b""
    start = time.process_time()
    assert wkb_too_deep(nested(100_000, order, kind, beside))
    assert time.process_time() - start < 1
    assert not wkb_too_deep(nested(3, order, kind, beside))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60))
def test_junk_is_no_deep_shape(content):
    assert wkb_too_deep(content) in (False, True)
    assert not wkb_too_deep(nested(3)[: len(content)])


def test_a_deep_shape_in_a_column_costs_its_row_alone(tmp_path):
    path = tmp_path / "a.parquet"
    said = {"编号": ["B1", "B2", "B3"], "燃料种类": "煤", "蒸吨": 20, "geom": [nested(100_000), POINT, POINT[:9]]}
    pd.DataFrame(said).to_parquet(path)
    done = read(path, "boilers", crs="EPSG:4490")
    assert done.frame["boiler_id"].tolist() == ["B2"]
    assert fault(done, "shape_unreadable").rows == (1, 3)
    path = tmp_path / "a.csv"
    path.write_text(
        f"编号,单位名称,WKT\nB1,甲,POINT (106.4 39)\nB2,乙,{'GEOMETRYCOLLECTION(' * 50}\n", encoding="utf-8"
    )
    done = read(path, "boilers")
    assert fault(done, "shape_unreadable").rows == (3,)


def test_a_number_where_a_shape_belongs_is_reported(tmp_path):
    path = tmp_path / "a.xlsx"
    said = {"编号": ["B1", "B2", "B3"], "单位名称": "甲厂", "WKT": [106.4, "POINT (106.4 39)", True]}
    pd.DataFrame(said).to_excel(path, index=False)
    done = read(path, "boilers")
    assert fault(done, "shape_unreadable").rows == (2, 4)
    assert done.frame["boiler_id"].tolist() == ["B2"]


@pytest.mark.parametrize("shape", ["POINT (0 0)", "MULTIPOINT ((0 0))", "POINT Z (0 0 5)"])
def test_a_place_of_noughts_is_none(tmp_path, shape):
    path = tmp_path / "a.csv"
    path.write_text(f"编号,单位名称,WKT\nB1,甲,POINT (106.4 39)\nB2,乙,{shape}\n", encoding="utf-8")
    done = read(path, "boilers")
    assert fault(done, "geometry_missing").rows == (3,)
    path.write_text(f"编号,单位名称,WKT\nB2,乙,{shape}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_layer(path, "boilers")
    assert "geometry_missing" in rules(caught.value.faults)


def test_a_parquet_of_shapes_within_shapes_is_refused_before_it_ends_the_program(tmp_path):
    path = tmp_path / "deep.parquet"
    buildings(1).to_parquet(path)
    table = pq.read_table(path)
    deep = b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 100_000
    at = table.schema.get_field_index("geometry")
    pq.write_table(table.set_column(at, table.schema.field(at), pa.array([deep], pa.binary())), path)
    with pytest.raises(DataError) as refused:
        read_layer(path, "buildings")
    assert [fault.rule for fault in refused.value.faults] == ["shape_unreadable"]
