"""Personal data is hidden wherever it stands; codes of villages, firms, boilers and measures stay whole."""

import random
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st

from data.catalog import label
from data.errors import Fault
from geo.masking import hidden, is_card, is_identity, kinds, masked, masked_text

IDENTITY = "11010519491231002X"  # the example of GB 11643
CARD = "6222021001116245702"


def identity(region="640202", born="19800229", order="123"):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    body = region + born + order
    return body + "10X98765432"[sum(w * int(c) for w, c in zip(weights, body, strict=True)) % 11]


def one(cell, column="备注"):
    return masked(pd.DataFrame({column: [cell]})).iloc[0, 0]


@pytest.mark.parametrize(
    ("column", "cell", "shown"),
    [
        ("户主姓名", "张三", "张*"),
        ("联系人", "欧阳明月", "欧***"),
        ("责任人", "李四、王五", "李*、王*"),
        ("法定代表人", "买买提·艾力", "买*****"),
        ("contact", "John Smith", "J*** S****"),
        ("村级联系人", "马六", "马*"),
        ("联系人/电话", "马六 138-1234-5678", "马* 138-****-5678"),
        ("联系电话", "2012345", "***2345"),
        ("联系电话", "0952-2012345", "0952-***2345"),
        ("身份证号", "640202800229123", "640202******123"),
        ("门牌号", "红果子镇3队12号", "红果子镇*队**号"),
        ("安装地址", "马家湾村十二组", "马家湾村*组"),
        ("银行卡号", CARD, "6222***********5702"),
        ("备注", "电话13812345678，晚上打", "电话138****5678，晚上打"),
        ("备注", "１３８１２３４５６７８", "138****5678"),
        ("备注", "+86 13812345678", "+86 138****5678"),
        ("备注", f"身份证{IDENTITY}。", "身份证110105********002X。"),
        ("备注", f"卡号{CARD}", "卡号6222***********5702"),
        ("备注", "0952-2012345转8", "0952-***2345转8"),
        ("备注", "13812345678.0", "138****5678.0"),
        ("锅炉编号", IDENTITY, "110105********002X"),
        ("户主", "张 三", "张 *"),
        ("户主", " 张　三 ", " 张　* "),
        ("联系人", "欧阳 修", "欧* *"),
        ("联系人", "张\u00a0三、李 四 13812345678", "张\u00a0*、李 * 138****5678"),
        ("联系人", "李四 王五", "李* 王*"),
        ("权利人", "张\u200b三", "张\u200b*"),
        ("权利人", "石嘴山市供热有限公司 张 三", "石嘴山市供热有限公司 张 *"),
        ("土地使用权人", "张三", "张*"),
        ("备注", "110105194912310021", "110105********0021"),
        ("备注", "身份证640202 19800101 0010", "身份证640202 ******** 0010"),
        ("备注", 110105194912310021, "110105********0021"),
    ],
)
def test_is_hidden(column, cell, shown):
    assert one(cell, column) == shown


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("统一社会信用代码", "91640200MA76EKAL8W"),
        ("备注", "91640200MA76EKAL8W"),
        ("备注", "916402007106537410"),
        ("备注", "12640202MB1234567X"),
        ("village_code", "640202001001"),
        ("备注", "640202001001"),
        ("锅炉编号", "11106402022010001234"),
        ("锅炉编号", "13812345678"),
        ("building_id", "08b2a13812345678f"),
        ("单位名称", "石嘴山市供热有限公司"),
        ("name", "第一中学"),
        ("owner", "石嘴山市供热有限公司"),
        ("责任人", "惠农区住房城乡建设局"),
        ("owner", "China Energy Investment Corp"),
        ("责任单位", "张三"),
        ("备注", "12345678901"),
        ("备注", "113812345678"),
        ("备注", "0.13812345678"),
        ("备注", "110105194913310021"),
        ("备注", "990105194912310021"),
        ("备注", "911101198905120026"),
        ("备注", "511101198912310050"),
        ("锅炉编号", "640202201203010012"),
        ("统一社会信用代码", "110105194912310021"),
        ("责任人", "石嘴山市供热有限公司"),
        ("备注", ""),
        ("备注", "POLYGON ((106.4 39.0, 106.41 39.0, 106.4 39.1, 106.4 39.0))"),
    ],
)
def test_stays(column, cell):
    assert one(cell, column) == cell


@pytest.mark.parametrize("number", [13812345678, 13812345678.0, np.int64(13812345678), np.float64(13812345678)])
def test_numbers_typed_as_numbers_are_hidden_too(number):
    frame = pd.DataFrame({"备注": pd.Series([number, None, "x"], dtype=object), "n": [float(number), np.nan, 1.5]})
    done = hidden(frame)
    assert done.frame["备注"].tolist() == ["138****5678", None, "x"]
    assert done.frame["n"].tolist()[::2] == ["138****5678", 1.5]
    assert done.counts == {"备注": 1, "n": 1}


def test_measures_truths_times_and_small_numbers_are_untouched():
    frame = gpd.GeoDataFrame(
        {
            "yield_kwh": [13812345678.0, 1.0],
            "投资(元)": [13812345678, 1],
            "floors": pd.array([1, None], dtype="Int64"),
            "retrofitted": pd.array([True, None], dtype="boolean"),
            "when": pd.to_datetime(["2023-01-01", None]),
            "kind": pd.Categorical(["a", "b"]),
        },
        geometry=[shapely.Point(106.4, 39), None],
        crs=4490,
    )
    done = hidden(frame)
    assert done.counts == {}
    assert type(done.frame) is gpd.GeoDataFrame
    assert_geodataframe_equal(done.frame, frame)


def test_an_identity_number_kept_as_a_float_still_tells_a_birthday():
    assert one(6.40202198001011e17) == "640202" + "*" * 8 + str(int(6.40202198001011e17))[-4:]


def test_lists_and_structures_are_searched():
    frame = pd.DataFrame({"x": [{"联系人": "张三", "n": [13812345678]}, ["13812345678"]]})
    assert masked(frame)["x"].tolist() == [{"联系人": "张*", "n": ["138****5678"]}, ["138****5678"]]


def test_columns_under_one_name_are_all_hidden():
    frame = pd.DataFrame([["张三", "李四"]], columns=["联系人", "联系人"])
    assert masked(frame).to_numpy().tolist() == [["张*", "李*"]]
    assert hidden(frame).counts == {"联系人": 2}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_fault_quotes_is_hidden_as_the_column_that_it_is_about(language):
    faults = [
        Fault(rule="value_unknown", effect="noted", file="a.xlsx", row=2, column="户主姓名", got="张三"),
        Fault(rule="value_unknown", effect="noted", file="a.xlsx", row=3, column="owner", got="李 四"),
        Fault(rule="value_unknown", effect="noted", file="a.xlsx", row=4, column="名称", got="三号 13812345678"),
        Fault(rule="value_unknown", effect="noted", file="a.xlsx", row=5, got="三号"),
        Fault(rule="value_unknown", effect="noted", file="a.xlsx", row=6, column="家庭住址", got="3队"),
        Fault(rule="id_duplicate", effect="noted", file="a.xlsx", row=7, column="锅炉编号", got="13812345678"),
    ]
    table = pd.DataFrame([fault.as_row(language) for fault in faults])
    shown = ["张*", "李 *", "三号 138****5678", "三号", "*队", "13812345678"]
    for made in (table, table.rename(columns=lambda name: label("column", name, language))):
        before = made.copy(deep=True)
        done = hidden(made)
        pd.testing.assert_frame_equal(made, before)
        got, message = (label("column", one, language) if one not in made else one for one in ("got", "message"))
        assert done.frame[got].tolist() == shown
        for fault, said, own in zip(faults, done.frame[message], shown, strict=True):
            assert said == replace(fault, got=own).message(language)
        assert done.counts == {got: 4, message: 4}
        pd.testing.assert_frame_equal(masked(done.frame), done.frame)
    assert hidden(table.drop(columns="message")).counts == {"got": 4}


def test_a_text_is_hidden_as_the_columns_that_it_stands_for():
    assert masked_text("张三", "owner", "权利人") == "张*"
    assert masked_text("张三 13812345678") == "张三 138****5678"
    assert masked_text("13812345678", "boiler_id", "锅炉编号") == "13812345678"


def test_input_is_not_changed_and_kinds_of_columns_stay():
    frame = pd.DataFrame({"联系人": pd.array(["张三", None], dtype="string[pyarrow]"), "n": [1, 2]})
    before = frame.copy(deep=True)
    done = masked(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert done.dtypes.tolist() == before.dtypes.tolist()


def test_headers_tell_what_they_hold():
    assert kinds("联系人/电话") == {"name", "phone"}
    assert kinds("户主姓名 (2)") == {"name"}
    assert kinds("是否户主") != {"phone"}
    assert not kinds("单位名称") | kinds("责任单位") | kinds("name") | kinds("额定功率(MW)")


PIECES = st.one_of(
    st.sampled_from(
        [
            IDENTITY,
            CARD,
            "13812345678",
            "0952-2012345",
            "640202001001",
            "张三",
            "电话",
            " ",
            "　",
            "，",
            "*",
            "+86 ",
            "李",
        ]
    ),
    st.text(max_size=5),
)


@given(st.lists(PIECES, max_size=6).map("".join), st.sampled_from(["备注", "联系人", "联系电话", "门牌号", "身份证号"]))
@settings(max_examples=30, deadline=None)
def test_twice_is_once(cell, column):
    once = one(cell, column)
    assert one(once, column) == once


def test_every_true_identity_number_is_found_and_no_credit_code():
    chance = random.Random(7)  # noqa: S311
    born = [f"{chance.randint(1930, 2020)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}" for _ in range(300)]
    regions = ["640202", "640205", "640221", "110101"]
    numbers = [identity(chance.choice(regions), day, f"{chance.randint(0, 999):03}") for day in born]
    assert all(map(is_identity, numbers))
    shown = masked(pd.DataFrame({"备注": [f"人{number}号" for number in numbers]}))["备注"]
    assert not [one for one, day in zip(shown, born, strict=True) if day in one]
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    tails = ["".join(chance.choice(letters) for _ in range(10)) for _ in range(300)]
    codes = pd.DataFrame({"备注": [f"码9164020{chance.choice('025')}{tail}。" for tail in tails]})
    assert hidden(codes).counts == {}


def test_check_figures():
    assert is_card(CARD)
    assert not is_card(CARD[:-1] + "3")
    assert not is_identity("640202198002301234"), "there is no 30 February"
    assert not is_identity("990202198001010010"), "no province"
