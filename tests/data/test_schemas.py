"""Every layer has a model, every column a label in both languages, and nothing has a default."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pandera.errors import SchemaErrors

from data import schemas
from data.catalog import LAYERS, text
from geo.validate import complete


def test_every_layer_is_described():
    assert set(schemas.MODELS) == set(schemas.IDENTIFIERS) == set(schemas.GEOMETRY_TYPES) == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_column_has_a_label_and_its_bounds(layer):
    fields = schemas.schema(layer).columns
    assert schemas.IDENTIFIERS[layer] in fields
    for name, field in fields.items():
        chinese, english = schemas.title(layer, name), schemas.title(layer, name, "en")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), name
        assert english.isascii() or "–" in english, name
        assert field.default is None
        for check in field.checks:
            assert check.error, name
    assert text(f"layer.{layer}", "en")


@pytest.mark.parametrize("layer", LAYERS)
def test_coded_columns_tell_their_codes(layer):
    for name in schemas.schema(layer).columns:
        codes = schemas.allowed(layer, name)
        assert codes is None or len(codes) == len(set(codes)) > 1


def row(layer):
    """Return one row that holds no more than it must."""
    needed = {
        name: "640202001001" if name == "village_code" else "640202" if name == "county_code" else "111"
        for name, field in schemas.schema(layer).columns.items()
        if field.required and not field.nullable and name not in ("geometry", "source_row")
    }
    needed = {
        name: value if not schemas.allowed(layer, name) else schemas.allowed(layer, name)[0]
        for name, value in needed.items()
    }
    frame = gpd.GeoDataFrame({name: [value] for name, value in needed.items()}, geometry=[shapely.Point(106, 39)])
    return gpd.GeoDataFrame(complete(frame.drop(columns="geometry"), layer), geometry=frame.geometry)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_bare_row_passes_and_stays_unknown(layer):
    done = schemas.schema(layer).validate(row(layer), lazy=True)
    for name, field in schemas.schema(layer).columns.items():
        if field.nullable and name in done:
            assert done[name].isna().all(), f"{name} has a default"


@pytest.mark.parametrize(
    ("layer", "column", "value"),
    [
        ("boilers", "capacity_t_h", -1.0),
        ("boilers", "capacity_t_h", 0.0),
        ("boilers", "fuel", "magic"),
        ("buildings", "heat_source", "magic"),
        ("buildings", "village_code", "64020200100"),
        ("buildings", "height_m", 901.0),
        ("plants", "capacity_mw", -330.0),
        ("villages", "ur_class", "113"),
        ("villages", "county_code", "6402021"),
        ("counties", "county_code", "石嘴山"),
    ],
)
def test_values_out_of_bounds_fail(layer, column, value):
    frame = row(layer)
    frame[column] = [value]
    frame = gpd.GeoDataFrame(complete(frame.drop(columns="geometry"), layer), geometry=frame.geometry)
    with pytest.raises(SchemaErrors):
        schemas.schema(layer).validate(frame, lazy=True)


def test_labels_of_what_is_no_column():
    assert schemas.title("buildings", "foo") == "foo"
    assert schemas.allowed("buildings", "name") is None
    with pytest.raises(KeyError):
        schemas.schema("kettles")
    assert not np.isnan(1.0)
