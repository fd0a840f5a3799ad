"""Headers that nobody knows are proposed by likeness, never used unasked, and remembered once confirmed."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.mapping import LEAST_LIKENESS, propose, readable_share, signature, usable_columns
from geo.vocabulary import known_names

LEDGER = pd.DataFrame(
    {
        "source_row": [2, 3],
        "单位名称": ["甲厂", "乙厂"],
        "锅炉燃料的种类": ["煤", "天然气"],
        "额定的蒸发量（MW）": ["14", "7"],
        "完全无关的一列": ["x", "y"],
    }
)


def by_header(matches):
    return {match.foreign: match for match in matches}


def test_known_headers_are_known_and_like_ones_are_questions():
    found = by_header(propose("boilers", LEDGER))
    assert (found["单位名称"].ours, found["单位名称"].how) == ("name", "known")
    assert (found["锅炉燃料的种类"].ours, found["锅炉燃料的种类"].how) == ("fuel", "similar")
    assert LEAST_LIKENESS <= found["锅炉燃料的种类"].likeness < 100
    assert (found["完全无关的一列"].ours, found["完全无关的一列"].how) == ("", "none")


def test_the_unit_of_a_like_header_is_the_headers_own():
    found = by_header(propose("boilers", LEDGER))["额定的蒸发量（MW）"]
    assert (found.ours, found.unit) == ("capacity_t_h", "MW")


def test_a_like_header_whose_cells_do_not_read_so_is_not_proposed():
    frame = LEDGER.assign(**{"额定的蒸发量（MW）": ["见附件", "另行上报"]})
    assert by_header(propose("boilers", frame))["额定的蒸发量（MW）"].ours == ""


def test_a_column_is_proposed_once_and_never_beside_a_known_header():
    frame = pd.DataFrame({"燃料种类": ["煤"], "燃料的种类": ["煤"], "燃料 种 类别": ["煤"]})
    found = propose("boilers", frame)
    assert [match.ours for match in found].count("fuel") == 1
    assert found[0].how == "known"


def test_what_was_confirmed_comes_back_and_leaving_out_is_remembered_too():
    said = {"完全无关的一列": ("name", ""), "单位名称": ("", "")}
    found = by_header(propose("boilers", LEDGER, remembered=said))
    assert (found["完全无关的一列"].ours, found["完全无关的一列"].how) == ("name", "remembered")
    assert (found["单位名称"].ours, found["单位名称"].how) == ("", "remembered")


@pytest.mark.parametrize(
    ("cells", "ours", "share"),
    [
        (["1", "约2", "x", None], "capacity_t_h", 2 / 3),
        ([None, "/", ""], "capacity_t_h", 1.0),
        (["煤", "天然气", "魔法石"], "fuel", 2 / 3),
        (["是", "否", "也许", "大概"], "is_backup", 0.5),
        (["B1", "B1", "B2", "B3"], "boiler_id", 0.75),
        (["2019", "2023.6", "昨天"], "year_built", 2 / 3),
    ],
)
def test_the_share_of_cells_that_read_as_a_column(cells, ours, share):
    assert readable_share(pd.Series(cells, dtype=object), "boilers", ours) == pytest.approx(share)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_every_header_gets_one_match_in_the_files_order_and_no_column_two_proposals(data):
    layer = data.draw(st.sampled_from(["boilers", "buildings", "networks", "villages"]))
    known = st.sampled_from(sorted(known_names(layer)))
    names = data.draw(st.lists(known | st.text(max_size=12), unique=True, max_size=8))
    found = propose(layer, pd.DataFrame({name: ["1"] for name in names}))
    assert [match.foreign for match in found] == [name for name in names if name not in ("geometry", "source_row")]
    proposed = [match.ours for match in found if match.how == "similar"]
    assert len(proposed) == len(set(proposed))
    assert all(match.ours in ("", *usable_columns(layer)) for match in found)


def test_a_signature_forgets_order_and_width_but_not_names_nor_layer():
    assert signature("boilers", ["吨位（MW）", "单位"]) == signature("boilers", ["单位", "吨位(mw)"])
    assert signature("boilers", ["单位"]) != signature("plants", ["单位"])
    assert signature("boilers", ["单位"]) != signature("boilers", ["单位", "单位2"])
