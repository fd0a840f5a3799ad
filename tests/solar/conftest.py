"""The city's typical year, a small town and what its roofs yield."""

import numpy as np
import pytest
from solar_samples import house, layer

from solar.rooftops import rooftops
from solar.weather import typical_year

KINDS = ["flat_concrete", "metal_sheet", "pitched_tile", "unknown"]
USES = ["factory", "school", "rural_house", "apartment", "unknown", "greenhouse", "hospital", "commercial"]


@pytest.fixture(scope="session")
def typical():
    return typical_year()


@pytest.fixture(scope="session")
def town():
    """Return 160 buildings on a street grid, near enough to shade each other."""
    rng = np.random.default_rng(7)
    rows = [
        (
            rng.choice(USES),
            rng.choice(KINDS),
            house(
                rng.uniform(6, 30),
                rng.uniform(8, 45),
                rng.uniform(0, 180),
                500_000 + 60 * (n % 13),
                4.33e6 + 60 * (n // 13),
            ),
        )
        for n in range(160)
    ]
    return layer(rows).assign(height_m=rng.uniform(3, 40, 160).round(1), floors=np.nan, year_built=2005.0)


@pytest.fixture(scope="session")
def run(town, typical):
    return rooftops(town, [typical], groups=town["use"])


@pytest.fixture(scope="session")
def city_roofs(run):
    return run.roofs
