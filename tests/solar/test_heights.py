"""Height of a building: given, of its storeys, or of its use."""

import numpy as np
import pandas as pd
import pytest

from data import parameters
from data.codes import USES
from solar.heights import SOURCES, building_heights


def stock(rows):
    return pd.DataFrame(rows, columns=["use", "floors", "height_m"], index=[f"b{n}" for n in range(len(rows))]).astype(
        {"floors": float, "height_m": float}
    )


def test_the_surest_source_stands():
    buildings = stock([("apartment", 6, 20.5), ("apartment", 6, np.nan), ("apartment", np.nan, np.nan)])
    before = buildings.copy()
    heights = building_heights(buildings)
    assert heights.index.equals(buildings.index)
    assert tuple(heights["height_source"]) == SOURCES
    assert list(heights["height_m"]) == [
        20.5,
        pytest.approx(6 * parameters.value("horizon", "storey_m_apartment")),
        parameters.value("horizon", "height_m_apartment"),
    ]
    pd.testing.assert_frame_equal(buildings, before)


@pytest.mark.parametrize("use", USES)
def test_every_use_has_a_storey_and_a_height(use):
    heights = building_heights(stock([(use, 1, np.nan), (use, np.nan, np.nan)]))["height_m"]
    assert heights.between(2.4, 33).all()
    assert heights.iloc[1] >= heights.iloc[0] - 0.5, "a typical building has one storey or more"


def test_no_buildings_and_strange_uses():
    assert building_heights(stock([])).empty
    with pytest.raises(ValueError, match="castle"):
        building_heights(stock([("castle", 1, 1)]))
