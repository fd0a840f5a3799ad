"""What differs between two runs: nothing with itself, the opposite the other way round, and nothing left out."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from data.catalog import UNKNOWN
from heating import compare, rates
from heating.assessment import assess
from heating.scenario import Scenario

OTHER = Scenario(
    name="other",
    include_35=True,
    distance_from="point",
    fringe_as_urban=True,
    other_towns_as_rural=True,
    target_rural=0.7,
    clean_overrides={"biomass": False},
)


@pytest.fixture(scope="module")
def pair(city):
    a = assess(city, Scenario())
    return a, assess(city, OTHER, solar=a.solar)


def test_a_run_does_not_differ_from_itself(pair):
    for run in pair:
        table = compare.differences(run, run)
        assert not table["moved"].any()
        assert (table["change"].dropna() == 0).all()
        assert table["change"].isna().sum() == (table["figure"] == "standing").sum()
        assert compare.flips(run, run).empty
        assert compare.building_flips(run, run).empty
        assert compare.choices(run.scenario, run.scenario).empty


def test_the_other_way_round_every_change_is_the_opposite(pair):
    a, b = pair
    there, back = compare.differences(a, b), compare.differences(b, a)
    assert there[["scope", "figure"]].equals(back[["scope", "figure"]])
    np.testing.assert_array_equal(there["change"], -back["change"])
    assert there["moved"].equals(back["moved"])
    assert there["moved"].any()
    assert there["a"].equals(back["b"])


def test_figures_are_those_of_the_run(pair):
    for run in pair:
        figures = compare.key_figures(run)
        table = run.clean_heating
        whole = table[table["county_code"] == rates.ALL].set_index("zone")
        assert figures["rural/rate_low"] == whole.loc["rural", "rate_low"]
        assert figures["all/rate_high"] == whole.loc["all", "rate_high"]
        assert figures["rural/standing"] == whole.loc["rural", "standing"]
        assert figures["roofs/yield_gwh"] == pytest.approx(run.buildings["yield_kwh"].sum() / 1e6)
        assert figures["heat/annual_tj"] == pytest.approx(run.buildings["heat_gj"].sum() / 1e3)


def test_every_boiler_is_counted_under_one_verdict(pair):
    for run in pair:
        counts = {key: count for key, count in compare.key_figures(run).items() if key.startswith("boilers/")}
        assert sum(counts.values()) == len(run.boilers)
        assert set(run.boilers["verdict"]) <= set(compare.verdict_codes())


def test_flips_are_the_rows_whose_verdict_differs(pair):
    a, b = pair
    one, two = (run.boilers.set_index("boiler_id")["verdict"] for run in pair)
    wanted = {name for name in one.index if one[name] != two[name]}
    table = compare.flips(a, b)
    assert wanted
    assert set(table["boiler_id"]) == wanted
    assert table["boiler_id"].is_unique
    assert list(table["verdict_a"]) == [one[name] for name in table["boiler_id"]]
    assert list(table["verdict_b"]) == [two[name] for name in table["boiler_id"]]
    moves = table.groupby(["verdict_a", "verdict_b"]).size()
    crossed = pd.crosstab(one, two)
    assert all(crossed.loc[move] == count for move, count in moves.items())


def test_a_boiler_that_one_run_lacks_counts_as_differing(pair):
    a, _ = pair
    gone = a.boilers["boiler_id"].iloc[3]
    fewer = dataclasses.replace(a, boilers=a.boilers.drop(index=a.boilers.index[3]))
    for table, lacking in ((compare.flips(a, fewer), "verdict_b"), (compare.flips(fewer, a), "verdict_a")):
        assert list(table["boiler_id"]) == [gone]
        assert table[lacking].isna().all()
        assert table["name"].notna().all()
        said = compare.flips_in_words(table, "zh")
        assert set(said[lacking]) == {"数据中没有"}


def test_building_flips_are_the_rows_where_a_class_differs(pair):
    a, b = pair
    left, right = (run.buildings.set_index("building_id")[list(compare.CLASSES)].astype(object) for run in pair)
    wanted = (left != right).any(axis=1)
    table = compare.building_flips(a, b)
    assert wanted.any()
    assert set(table["building_id"]) == set(left.index[wanted])


def test_buildings_are_only_compared_where_they_are_the_same(pair):
    a, b = pair
    fewer = dataclasses.replace(b, buildings=b.buildings.iloc[1:])
    with pytest.raises(ValueError, match="different buildings"):
        compare.building_flips(a, fewer)


def test_what_is_not_known_stays_unknown(pair):
    a, _ = pair
    bare = a.buildings.assign(**dict.fromkeys(("peak_kw", "heat_gj", "p90_kwh"), np.nan))
    frames = {name: frame for name, frame in a.layers.frames.items() if name != "boilers"}
    blind = dataclasses.replace(a, buildings=bare, layers=dataclasses.replace(a.layers, frames=frames))
    figures = compare.key_figures(blind)
    assert figures["heat/peak_mw"] is None
    assert figures["roofs/p90_gwh"] is None
    assert all(figures[f"boilers/{code}"] is None for code in compare.verdict_codes())
    assert figures[f"{rates.ALL}/gap_low_m2"] is None
    table = compare.differences(blind, a).set_index(["scope", "figure"])
    assert np.isnan(table.loc[("heat", "peak_mw"), "change"])
    assert table.loc[("heat", "peak_mw"), "moved"]
    said = compare.in_words(table.reset_index(), names=("x", "y"), language="zh")
    assert (said.loc[said["指标"] == "设计热负荷（MW）", "x"] == "—").all()


def test_saved_figures_serve_as_a_run(pair):
    a, b = pair
    whole = compare.differences(a, b)
    assert compare.differences(compare.key_figures(a), b).equals(whole)
    assert compare.differences(compare.key_figures(a), compare.key_figures(b)).equals(whole)


def test_no_rate_in_words_is_above_its_exact_value(pair):
    table = compare.differences(*pair)
    said = compare.in_words(table, names=("x", "y"), language="zh")
    shown = table["figure"].str.startswith("rate_")
    for exact, word in zip(table.loc[shown, "b"], said.loc[shown, "y"], strict=True):
        assert float(word.rstrip("%")) <= exact * 100 < float(word.rstrip("%")) + 0.01 + 1e-9


def test_a_change_that_is_there_never_reads_as_none():
    table = compare.differences({"rural/rate_low": 0.5, "rural/gap_low_m2": 10.0}, {"rural/rate_low": 0.50001})
    said = compare.in_words(table, names=("x", "y"), language="zh")["变化"].tolist()
    assert said == ["+不足 0.01 百分点", "改变"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_choices_that_differ_are_said_in_words(language):
    a = Scenario(parameters={"pv.module_w_m2": 225.0})
    b = dataclasses.replace(OTHER, roofs=dataclasses.replace(OTHER.roofs, gcr=0.5))
    paths = set(compare.changed(a, b))
    assert paths == {
        "include_35",
        "distance_from",
        "fringe_as_urban",
        "other_towns_as_rural",
        "target_rural",
        "clean_overrides.biomass",
        "roofs.gcr",
        "parameters.pv.module_w_m2",
    }
    table = compare.choices(a, b, language=language)
    assert len(table) == len(paths)
    assert not any("_" in word for word in table["choice"])
    turned = compare.choices(b, a, language=language).set_index("choice").loc[table["choice"]]
    assert list(turned["a"]) == list(table["b"])
    assert list(turned["b"]) == list(table["a"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_choice_has_a_name(language):
    for path, value in compare._leaves(Scenario().as_dict()):
        if path != "name":
            assert compare._choice(path, language) != path
            assert compare._value(path, value, language) != value


def test_the_name_of_a_scenario_is_no_choice():
    assert not compare.changed(Scenario(name="a"), Scenario(name="b"))
    assert UNKNOWN in compare.SCOPES


def test_a_line_in_words_adds_up(pair):
    table = compare.differences(*pair)
    said = compare.in_words(table[table["moved"]], names=("x", "y"), language="zh")
    numbers = said[said["变化"].str.contains(r"\d") & ~said["变化"].str.contains("不足")]
    assert len(numbers)
    for line in numbers[["x", "y", "变化"]].itertuples(index=False):
        bare = [word.replace(",", "").replace("−", "-").removesuffix(" 百分点").removesuffix("%") for word in line]
        old, new, change = map(float, bare)
        assert new - old == pytest.approx(change, abs=1e-6)
