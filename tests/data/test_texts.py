"""One catalogue: every key in both languages, every fault with its mend, every rule of the code in it."""

import ast
import csv
import re
from pathlib import Path
from string import Formatter

import pytest

from data.catalog import DATA_DIR, label, text, text_keys

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((DATA_DIR / "texts").glob("*.csv"))
CODE = [path for folder in ("data", "geo", "solar", "heating", "ui") for path in sorted((ROOT / folder).rglob("*.py"))]
REPORTERS = {"add", "unread", "finding", "_finding", "_refuse", "_refusal", "by_value"}


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def places(template):
    return sorted((name, spec) for _, name, spec, _ in Formatter().parse(template) if name is not None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_stands_in_both_languages_with_the_same_places(path):
    header, *body = rows(path)
    assert header == ["key", "zh", "en"]
    for row in body:
        assert len(row) == 3, row
        assert all(cell.strip() for cell in row), row
        assert places(row[1]) == places(row[2]), row[0]
        assert re.fullmatch(r"[\w.\-]+", row[0]), row[0]


def test_no_key_stands_twice():
    keys = [row[0] for path in FILES for row in rows(path)[1:]]
    assert len(keys) == len(set(keys))
    assert set(keys) == text_keys()


def test_every_fault_has_its_mend():
    faults = {key.removeprefix("fault.") for key in text_keys() if key.startswith("fault.")}
    faults = {rule for rule in faults if not rule.startswith("place.")}
    mends = {key.removeprefix("mend.") for key in text_keys() if key.startswith("mend.")}
    assert faults - {"expected", "got", "count", "more"} == mends


def rules_of(path):
    """Return the rules that a module reports: rule="…", rule = "…" and the rule of our reporting functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        said = []
        if (isinstance(node, ast.keyword) and node.arg == "rule") or (
            isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "rule" for one in node.targets)
        ):
            said.append(node.value)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            said += [
                value for value in node.args[:3] if name in REPORTERS and not isinstance(value, ast.Dict | ast.BinOp)
            ]
        for value in said:
            found |= {
                one.value
                for one in ast.walk(value)
                if isinstance(one, ast.Constant)
                and isinstance(one.value, str)
                and re.fullmatch(r"[a-z]+_[a-z_]+", one.value)
            }
    return found


def test_every_rule_of_the_code_has_its_text():
    effects = {"row_set_aside", "value_set_aside"}
    reported = {rule: path.name for path in CODE for rule in rules_of(path) - effects}
    assert {"no_coordinates", "id_duplicate", "crs_missing", "not_a_number"} <= set(reported)
    missing = {rule: where for rule, where in reported.items() if f"fault.{rule}" not in text_keys()}
    fields = {"village_code", "county_code", "source_row"}
    assert not {rule for rule in missing if rule not in fields}, missing


def test_places_are_filled_and_labels_fall_back():
    assert text("fault.place.row", "en", row=3) == "row 3"
    assert text("fault.got", got="{x}") == "实际为：{x}"
    assert label("layer", "boilers") == "锅炉"
    assert label("layer", "kettles") == "kettles"
    for wrong in (("no.such.key", "zh"), ("app.name", "fr")):
        with pytest.raises(KeyError):
            text(*wrong)
