"""Laws of the quality report: order does not matter, inputs stay, keys are those of the things themselves."""

from hypothesis import given, settings
from hypothesis import strategies as st
from test_quality import PLANTED, YEAR, clean

from geo.quality import examine


@settings(max_examples=4, deadline=None)
@given(st.permutations(["buildings", "boilers", "networks", "villages"]), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_and_layers_does_not_matter(order, seed):
    city = clean()
    for name in ("building_overlap", "boiler_twice", "pipe_gap", "coarse_place", "village_twice"):
        city = PLANTED[name][0](city)
    expected = examine(city, this_year=YEAR)
    mixed = {layer: city[layer].sample(frac=1, random_state=seed) for layer in order}
    mixed |= {layer: frame for layer, frame in city.items() if layer not in mixed}
    assert examine(mixed, this_year=YEAR) == expected


def test_inputs_stay_as_they_were_and_keys_do_not_hang_on_rows():
    city = PLANTED["building_overlap"][0](clean())
    before = {layer: one.copy() for layer, one in city.items()}
    first = examine(city, this_year=YEAR)
    for layer, one in city.items():
        assert one.equals(before[layer])
    later = {layer: one.assign(source_row=one["source_row"] + 100) for layer, one in city.items()}
    again = examine(later, this_year=YEAR)
    assert [one.key for one in again] == [one.key for one in first]
    assert len({one.key for one in first}) == len(first)
