"""一炉一策: what the sheet says is what the run says, the same in PDF and docx, with nothing of it taken for markup."""

import io
import os
import shutil
import subprocess
import zipfile
from dataclasses import replace

import pytest
from docx import Document
from heating_samples import areas, at, boilers, buildings, layers_of, units
from PIL import Image

from data.catalog import text
from heating import sheets
from heating.assessment import assess
from heating.checks import Check, CheckStore, kept_checks
from heating.scenario import Scenario
from heating.sheets.content import sheet
from heating.sheets.figure import ground, maps
from heating.wording import coded_label

DAY = "2026-11-23"
HOSTILE = '#panic(1) $x$ \\ *a* <b>甲</b> @ref `c` "q" ${1+1}=SUM(A1)\x07'


@pytest.fixture
def poppler():
    if shutil.which("pdftotext") is None:
        if os.environ.get("REQUIRE_POPPLER") == "1":
            pytest.fail("poppler-utils are required and are not installed")
        pytest.skip("poppler-utils are not installed")


@pytest.fixture(scope="module")
def done():
    ledger = boilers(
        {"name": HOSTILE, "capacity_t_h": 35.0},
        {"name": "乙热力", "is_backup": True, "geometry": at(4_000)},
        {"name": "丙", "geometry": at(15_020.0), "capacity_t_h": None, "medium": "steam"},
    )
    layers = layers_of(
        buildings=buildings({}),
        boilers=ledger,
        plants=units({"name": "某$厂$"}),
        networks=areas({"spare_heat_mw": None}),
    )
    return assess(layers, Scenario())


@pytest.fixture
def checks(tmp_path):
    store = CheckStore(tmp_path)
    check = Check(
        subject="boiler", subject_id="B2", status="visited", answer="contested", note="电话13812345678", who="李四"
    )
    store.save(check, expected=0)
    store.close()
    return kept_checks(tmp_path)


def pdf_text(content):
    run = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    return "".join(run.stdout.decode().split())


def docx_text(content):
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "".join("".join([*(line.text for line in document.paragraphs), *cells]).split())


def test_every_rule_clause_and_missing_fact_is_on_the_sheet(done, checks):
    for row in done.boilers.itertuples():
        said = sheet(done, row.boiler_id, checks, day=DAY)
        findings = done.boiler_findings[done.boiler_findings["boiler_id"] == row.boiler_id]
        assert [rule.rule.split()[0] for rule in said.rules] == findings["rule"].tolist()
        assert [rule.state for rule in said.rules] == [coded_label("state", state, "zh") for state in findings["state"]]
        for rule, clause in zip(said.rules, findings["clause_text"], strict=True):
            assert clause in rule.clause
        assert said.verdict == coded_label("verdict", row.verdict, "zh")
        keys = [key for key in f"{row.missing};{row.supply_missing}".split(";") if key]
        assert said.missing == tuple(dict.fromkeys(text(f"missing.{key}") for key in keys))
        assert len(said.flips) == (done.boiler_flips["boiler_id"] == row.boiler_id).sum()
        assert DAY in said.footer


def test_an_exemption_names_its_proof_and_its_scope(done, checks):
    said = sheet(done, "B2", checks, day=DAY)
    assert set(said.proofs) == {text("proof.backup_or_peaking"), text("proof.backup_from_radius")}
    assert not sheet(done, "B1", checks, day=DAY).proofs


def test_persons_are_hidden_unless_asked_for(done, checks):
    hidden, shown = (sheet(done, "B2", checks, day=DAY, unmasked=said).checks[0] for said in (False, True))
    assert "13812345678" not in hidden
    assert "13812345678" in shown
    assert "李四" in shown
    assert "李四" not in hidden


def test_no_removal_is_advised_without_assured_heat(done, checks):
    for name, assured in zip(done.boilers["boiler_id"], done.boilers["supply_assured"], strict=True):
        said = sheet(done, name, checks, day=DAY)
        assert bool(said.supply) == (assured != "none")
        if said.supply:
            assert coded_label("supply_assured", assured, "zh") in said.supply[0]


@pytest.mark.parametrize("size", [34.96, 34.996, 35.0])
def test_no_figure_is_rounded_onto_a_limit(checks, size):
    layers = layers_of(buildings=buildings({}), boilers=boilers({"capacity_t_h": size}), plants=units({}))
    said = dict(sheet(assess(layers, Scenario()), "B1", checks, day=DAY).facts)
    assert float(said[text("column.capacity_t_h")]) == size


def test_an_unknown_boiler_has_no_sheet(done, checks):
    with pytest.raises(KeyError):
        sheet(done, "?", checks, day=DAY)
    with pytest.raises(KeyError):
        maps(ground(done), "?")


@pytest.mark.parametrize("kind", sheets.FORMATS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_files_are_the_same_twice(done, checks, kind, language):
    first, second = (
        sheets.printed(done, ["B1", "B3"], checks, day=DAY, kind=kind, language=language) for _ in range(2)
    )
    assert first == second
    assert len(first) < 1_500_000


@pytest.mark.usefixtures("poppler")
def test_pdf_and_docx_say_the_same_and_hostile_names_are_text(done, checks, tmp_path):
    said = sheet(done, "B1", checks, day=DAY)
    made = {kind: sheets.printed(done, ["B1"], checks, day=DAY, kind=kind) for kind in sheets.FORMATS}
    texts = {"pdf": pdf_text(made["pdf"]), "docx": docx_text(made["docx"])}
    wanted = [said.title, said.verdict, said.conclusion, *said.missing, *said.supply, *said.flips]
    wanted += [cell for pair in said.facts for cell in pair if cell not in (HOSTILE, HOSTILE.replace("\x07", ""))]
    for kind, found in texts.items():
        for words in wanted:
            squeezed = "".join(words.split())
            assert sum(found.count(sign) for sign in set(squeezed)) >= len(squeezed), (kind, words)
            assert squeezed in found or kind == "pdf", (kind, words)  # a cell's lines stand among its neighbours'
        assert "#panic(1)" in found, kind
        assert "<b>甲</b>" in found, kind
    (tmp_path / "s.pdf").write_bytes(made["pdf"])
    fonts = subprocess.run(["pdffonts", tmp_path / "s.pdf"], capture_output=True, check=True).stdout.decode()
    rows = [line.split() for line in fonts.splitlines()[2:]]
    assert rows
    assert all("NotoSansSC" in row[0] and row[-5] == "yes" for row in rows), "only the packaged font, embedded"


@pytest.mark.usefixtures("poppler")
def test_each_boiler_begins_on_a_page_of_its_own(done, checks):
    content = sheets.printed(done, ["B1", "B2", "B3"], checks, day=DAY)
    info = subprocess.run(["pdfinfo", "-"], input=content, capture_output=True, check=True).stdout.decode()
    pages = int(next(line for line in info.splitlines() if line.startswith("Pages")).split()[1])
    assert pages >= 3
    heads = 0
    for page in range(1, pages + 1):
        command = ["pdftotext", "-f", str(page), "-l", str(page), "-", "-"]
        one = subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode()
        heads += one.lstrip().startswith(text("sheet.title"))
    assert heads == 3


def test_the_docx_is_whole(done, checks):
    content = sheets.printed(done, ["B1", "B2"], checks, day=DAY, kind="docx")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert sum(name.startswith("word/media/") for name in archive.namelist()) == 2
    assert text("sheet.title") in docx_text(content)


def test_the_map_shows_the_boiler_in_the_middle(done):
    picture = Image.open(io.BytesIO(maps(ground(done), "B1"))).convert("RGB")
    reds = [
        (x, y)
        for x in range(picture.width // 2)
        for y in range(picture.height)
        if picture.getpixel((x, y)) == (0xB0, 0x1E, 0x2E)
    ]
    assert len(reds) > 50
    assert abs(sum(x for x, _ in reds) / len(reds) - picture.width * 0.25) < picture.width * 0.06


def test_synthetic_data_says_so(done, checks):
    marked = replace(done, layers=replace(done.layers, synthetic=True))
    assert sheet(marked, "B1", checks, day=DAY).notice == text("app.synthetic_long")
    assert not sheet(done, "B1", checks, day=DAY).notice
