"""The page of deltas: only the solar part is renewed."""

from pathlib import Path

import pytest

from solar import validation
from solar.validation import END, START, PageError, domes, horizons, page, sam, sam_months, sam_rows, station, table

ROWS = [("what | why", "which\nreference", "≤ 1e-9", "")]
OWN = list(validation.SECTIONS)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(validation, "SECTIONS", [lambda: iter(ROWS), lambda: ROWS])


def solar(text):
    return text.split(START)[1].split(END)[0]


def test_the_table_is_markdown():
    lines = table().splitlines()
    assert lines[:2] == ["| what | reference | measured | remark |", "|---|---|---|---|"]
    assert lines[2:] == ["| what \\| why | which reference | ≤ 1e-9 |  |"] * 2


def test_every_reference_has_its_section():
    own = [station.rows, sam.rows, sam_rows.rows, sam_months.rows, domes.rows]
    assert [*own, horizons.building_rows, horizons.terrain_rows] == OWN


def test_the_committed_page_speaks_of_every_reference():
    text = (Path(__file__).parents[2] / "VALIDATION.md").read_text(encoding="utf-8")
    assert text.count(START) == text.count(END) == 1
    said = solar(text)
    for reference in ("ModelChain", "SAM PVWatts v8", "month 12", "Monte Carlo", "shapely", "bigtujunga", "33 km"):
        assert reference in said


def test_only_the_part_between_the_lines_is_renewed(tmp_path):
    path = tmp_path / "VALIDATION.md"
    before, after = f"# 验证\r\n\ttext {START} is named here\r\n\n", "\r\n\n## 其他\n\n| a | b |\nno newline at the end"
    path.write_bytes(f"{before}{START}\nold\n{END}{after}".encode())
    assert page(path) == path
    found = path.read_bytes().decode()
    assert found == f"{before}{START}\n\n{table()}\n{END}{after}"
    page(path)
    assert path.read_bytes().decode() == found
    assert [each.name for each in tmp_path.iterdir()] == ["VALIDATION.md"]


@pytest.mark.parametrize(("old", "begin"), [("", START), ("# A\n", f"# A\n\n{START}"), ("# A", f"# A\n\n{START}")])
def test_lines_that_are_absent_are_appended(tmp_path, old, begin):
    path = tmp_path / "page.md"
    path.write_text(old, encoding="utf-8")
    page(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(begin)
    assert text.endswith(f"{END}\n")
    assert solar(text).strip() == table().strip()
    page(path)
    assert path.read_text(encoding="utf-8") == text


def test_a_page_that_does_not_exist_is_made(tmp_path):
    path = page(tmp_path / "new" / "page.md")
    assert path.read_text(encoding="utf-8").startswith(START)


@pytest.mark.parametrize("text", [START, END, f"{END}\n{START}\n", f"{START}\n{END}\n{START}\n{END}\n"])
def test_a_page_with_half_a_pair_is_refused_and_kept(tmp_path, text):
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PageError, match="solar"):
        page(path)
    assert path.read_text(encoding="utf-8") == text


def test_a_failing_reference_leaves_the_page_as_it_is(tmp_path, monkeypatch):
    def broken():
        raise ArithmeticError

    monkeypatch.setattr(validation, "SECTIONS", [broken])
    path = tmp_path / "page.md"
    path.write_text(f"{START}\nold\n{END}\n", encoding="utf-8")
    with pytest.raises(ArithmeticError):
        page(path)
    assert solar(path.read_text(encoding="utf-8")).strip() == "old"
