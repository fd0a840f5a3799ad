"""What we hand out comes back: every layer of a city, in every format, without a question and with nothing lost."""

import io
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geo_samples import rules
from hypothesis import given, settings
from hypothesis import strategies as st

from data import demo
from data.catalog import LANGUAGES
from data.errors import DataError
from data.schemas import schema
from geo import gate
from geo.export import as_written
from geo.exports.naming import field_names, whole_names
from geo.exports.shapefiles import field_table
from geo.formats import FORMATS, export, write
from geo.readers.opening import sublayers

ONE_MM = 1e-8  # degrees


@pytest.fixture(scope="module")
def city():
    """Return some rows of every layer, pipes and areas of the networks by turns, unknown values among them."""
    done = {}
    for name, frame in demo.city(buildings=1000).items():
        some = pd.concat([frame.iloc[:8], frame.iloc[-8:]]).drop_duplicates(frame.columns[0])
        if name == "networks":
            kinds = [frame[frame.geom_type.eq(kind)].iloc[:6] for kind in ("Polygon", "LineString")]
            some = pd.concat([one.iloc[[at]] for at in range(6) for one in kinds])
        fields = schema(name).columns
        columns = [one for one in some if one in fields and (fields[one].required or some[one].notna().any())]
        done[name] = gpd.GeoDataFrame(some[columns].reset_index(drop=True))
    parcels = {"parcel_id": ["1", "02"], "owner": ["", "甲，“乙”\n丙"], "land_use": ["=1+1", None]}
    done["parcels"] = gpd.GeoDataFrame(parcels, geometry=shapely.box([106, 107], 39, [106.01, 107.01], 39.01), crs=4490)
    posts = {"transformer_id": ["T1", "T2"], "capacity_kva": [315.0, np.nan], "spare_kva": [1 / 3, 0.0]}
    done["transformers"] = gpd.GeoDataFrame(posts, geometry=shapely.points([106.1, 106.2], 39), crs=4490)
    assert set(done["networks"].geom_type) == {"Polygon", "LineString"}
    return done


def handed_out(folder, frames, **options):
    asked = {"crs": "EPSG:4490", "name": "石嘴山", "synthetic": False, "masked": False} | options
    return write(folder, export(frames, **asked))


def come_back(path, layer, sublayer=None):
    look = gate.look(path, layer=layer, sublayers=[sublayer] if sublayer else ())
    assert [one.foreign for one in look.questions] == []
    done = gate.read(path, look.decision(), raws=look.raws)
    assert not [one for one in done.faults if one.effect in ("row_set_aside", "value_set_aside")]
    assert not set(done.unread) - {"坐标系", "coordinate system", "Name"}, "KML names a place by its identifier"
    return done


def same(before, back, format_):
    assert len(back) == len(before)
    for name in before.columns.drop("geometry"):
        known = before[name].astype(object).replace("", None)  # the gate takes an empty text for none
        found = back[name].astype(object).map(as_written, na_action="ignore")  # a CSV's text that is no formula
        assert known.isna().tolist() == found.isna().tolist(), name
        if pd.api.types.is_float_dtype(before[name].dtype) and format_ == "shp":
            np.testing.assert_allclose(before[name], back[name], rtol=0, atol=1e-15)  # a dBase table has 15 decimals
        else:
            assert known.dropna().tolist() == found.dropna().tolist(), name
    shapes = [shapely.normalize(frame.geometry.to_numpy()) for frame in (before, back)]
    assert shapely.hausdorff_distance(*shapes).max() < ONE_MM
    assert [one.geom_type for one in shapes[0]] == [one.geom_type for one in shapes[1]]


@pytest.mark.parametrize("format_", FORMATS)
def test_every_layer_comes_back_from_every_format(city, tmp_path, format_):
    for name, frame in city.items():
        path = handed_out(tmp_path, {name: frame}, format=format_, name=name)
        same(frame, come_back(path, name).frame, format_)


@pytest.mark.parametrize("format_", ["gpkg", "shp"])
def test_layers_of_one_file_in_english_come_back(city, tmp_path, format_):
    wanted = {name: city[name] for name in ("boilers", "networks")}
    path = handed_out(tmp_path, wanted, format=format_, language="en", synthetic=True)
    assert [one.name for one in sublayers(path)] == list(wanted)
    for name, frame in wanted.items():
        done = come_back(path, name, name)
        same(frame, done.frame, format_)
        assert done.synthetic


@pytest.mark.parametrize("crs", ["EPSG:4545", "GCJ-02"])
def test_parted_shapes_come_back_from_other_systems(city, tmp_path, crs):
    path = handed_out(tmp_path, {"networks": city["networks"]}, format="shp", crs=crs)
    done = come_back(path, "networks")
    apart = shapely.hausdorff_distance(done.frame.geometry.to_numpy(), city["networks"].geometry.to_numpy())
    assert apart.max() < (1e-7 if crs == "GCJ-02" else ONE_MM)
    assert done.frame["network_id"].tolist() == city["networks"]["network_id"].tolist()


def mixed(rows=4):
    shapes = [shapely.box(106.4, 39, 106.41, 39.01), shapely.LineString([(106.4, 39), (106.5, 39)])] * (rows // 2)
    said = {"network_id": [f"N{at}" for at in range(rows)], "supplier": [f"单位{at}" for at in range(rows)]}
    return gpd.GeoDataFrame(said, geometry=shapes, crs=4490)


def repacked(path, change):
    """Write an archive again with its files changed: name → content or None."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in change(held).items():
            archive.writestr(name, content)
    return path


def test_parted_shapes_are_one_layer_and_each_row_is_told(tmp_path):
    path = handed_out(tmp_path, {"networks": mixed()}, format="shp")
    (found,) = sublayers(path)
    assert (found.name, found.rows) == ("networks", 4)
    done = gate.read(path, gate.Decision(layer="networks"))
    assert done.frame["network_id"].tolist() == ["N0", "N1", "N2", "N3"]
    assert done.frame["source_row"].tolist() == [1, 2, 3, 4]
    (told,) = [one for one in done.faults if one.rule == "shapefiles_joined"]
    assert told.got == "networks_线: 2, 4；networks_面: 1, 3"
    alone = gate.read(path, gate.Decision(layer="networks", sublayers=("networks_面",)))
    assert alone.frame["network_id"].tolist() == ["N0", "N2"], "a person may still name one"


def test_without_row_numbers_lines_come_before_areas(tmp_path):
    frame = mixed().assign(source_row=[7, 7, 7, 7])
    done = gate.read(handed_out(tmp_path, {"networks": frame}, format="shp"), gate.Decision(layer="networks"))
    assert done.frame["network_id"].tolist() == ["N1", "N3", "N0", "N2"]
    assert done.frame["source_row"].tolist() == [1, 2, 3, 4]


@pytest.fixture(scope="module")
def parted(tmp_path_factory):
    return handed_out(tmp_path_factory.mktemp("parted"), {"networks": mixed()}, format="shp").read_bytes()


def renamed(old, new):
    return lambda held: {name.replace(old, new): content for name, content in held.items()}


def other_system(held):
    return held | {"networks_线.prj": held["networks_线.prj"].replace(b"China", b"Other")}


def other_fields(held):
    return held | {"networks_线.dbf": held["networks_线.dbf"].replace(b"supplier", b"supplied")}


def with_namesake(held):
    return held | {f"networks{name[-4:]}": held[name] for name in held if name.startswith("networks_线.")}


def with_own_table(held):
    return held | {"networks_线_字段对照.csv": b""}


@pytest.mark.parametrize(
    "change",
    [other_system, other_fields, with_namesake, with_own_table, renamed("_线.", "_点."), renamed("_线.", "_lines.")],
)
def test_only_what_belongs_together_is_read_together(tmp_path, parted, change):
    path = tmp_path / "a.zip"
    path.write_bytes(parted)
    found = sublayers(repacked(path, change))
    assert "networks_面" in [one.name for one in found]
    assert sum(one.rows for one in found) >= 4, "nothing is lost"
    with pytest.raises(DataError) as caught:
        gate.read(path, gate.Decision(layer="boilers"))
    assert rules(caught.value.faults) == {"several_layers"}


def test_layers_of_equal_or_long_names_stay_apart(tmp_path):
    frames = {"a/b": mixed(), "a_b": mixed(2), "长" * 60: mixed(), "a_b_线": mixed()[[False, True] * 2]}
    found = {one.name: one.rows for one in sublayers(handed_out(tmp_path, frames, format="shp"))}
    assert list(found.values()) == [4, 2, 4, 2]


def boilers():
    said = {"boiler_id": ["B1"], "capacity_t_h": [20.0], "position_sigma_m": [5.0]}
    return gpd.GeoDataFrame(said, geometry=[shapely.Point(106.4, 39)], crs=4490)


TABLE = "boilers_字段对照.csv"


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    return handed_out(tmp_path_factory.mktemp("sent"), {"boilers": boilers()}, format="shp").read_bytes()


def sent_with(folder, sent, table):
    path = folder / "boilers.zip"
    path.write_bytes(sent)
    return gate.look(repacked(path, lambda held: held | {TABLE: table(held[TABLE])}), layer="boilers")


@pytest.mark.parametrize(
    "table",
    [
        lambda said: said[:0],
        lambda said: said.replace("字段名".encode(), "字段".encode()),
        lambda said: said.replace(b"capacity_t_h", b"fuel"),
        lambda said: said.replace(b"capacity_t_h", b"capacity_t\xe2\x80\xaeh"),
        lambda said: said.replace(b"capacity_t_h", b"capacity_t" + b"_" * 300),
        lambda said: said + b"x\r\n",
        lambda said: said + b"\xff\xfe",
        lambda said: said + b'"' + b"x" * 200_000,
        lambda said: said + b"\x00" * 2**21,
        lambda said: said + "".join(f"f{at},f{at},,,\r\n" for at in range(300)).encode(),
    ],
)
def test_a_table_that_is_not_ours_is_not_believed(tmp_path, sent, table):
    look = sent_with(tmp_path, sent, table)
    assert {"capacity_t", "position_s"} <= set(look.raws[0].frame)
    assert {one.rule for one in look.raws[0].noted} >= {"field_table_ignored"}
    assert all(one.message(language) for one in look.raws[0].noted for language in LANGUAGES)


def test_a_table_serves_when_columns_were_added_or_taken_away(tmp_path, sent):
    look = sent_with(tmp_path, sent, lambda said: said.replace(b"boiler_id,boiler_id", b"x,x"))
    assert list(look.raws[0].frame.columns.drop("geometry")) == [
        "source_row",
        "boiler_id",
        "capacity_t_h",
        "position_sigma_m",
    ]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=12, unique=True))
@settings(max_examples=10)
def test_a_table_of_ours_says_what_it_was_made_of_or_nothing(names):
    short = field_names(names)
    frame = pd.DataFrame({name: ["x"] for name in names})
    for language in LANGUAGES:
        table = field_table("x", frame, short, language)
        assert whole_names(table) in ({field: name for name, field in short.items()}, None)


def test_a_table_of_names_runs_nothing():
    name = "=HYPERLINK(1)"
    table = field_table("x", pd.DataFrame({name: [1]}), field_names([name]), "zh")
    cells = pd.read_csv(io.BytesIO(table), dtype=str, keep_default_na=False).iloc[0]
    assert not any(cell.startswith("=") for cell in cells)
    assert whole_names(table) == {"=HYPERLINK": name}
