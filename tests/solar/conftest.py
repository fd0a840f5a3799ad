"""The city's typical year and some roofs."""

import numpy as np
import pytest
from solar_samples import house, layer

from solar.roofs import design_roofs
from solar.weather import typical_year


@pytest.fixture(scope="session")
def typical():
    return typical_year()


@pytest.fixture(scope="session")
def city_roofs():
    rng = np.random.default_rng(7)
    kinds = ["flat_concrete", "metal_sheet", "pitched_tile", "unknown"]
    uses = ["factory", "school", "rural_house", "apartment", "unknown", "greenhouse", "hospital", "commercial"]
    rows = [
        (
            rng.choice(uses),
            rng.choice(kinds),
            house(rng.uniform(6, 40), rng.uniform(6, 90), rng.uniform(0, 180), 490_000 + n * 99),
        )
        for n in range(160)
    ]
    return design_roofs(layer(rows))
