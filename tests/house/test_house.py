"""The house rules that no linter knows."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("data", "geo", "solar", "heating", "ui")
CODE = [*sorted(path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")), ROOT / "app.py"]
CODE = [path for path in CODE if path.is_file()]
MACHINE = re.compile(r"/(?:root|work|home|tmp|Users)/\w|[A-Z]:\\\\Users")
REGISTRY = re.compile(
    r"https?://[\w.\-]*(?:pypi|pythonhosted|npmjs|npmmirror|jsdelivr|unpkg|cdnjs|conda|tuna|aliyun|artifactory|nexus)",
    re.IGNORECASE,
)
TEXT = {
    ".py",
    ".md",
    ".csv",
    ".toml",
    ".txt",
    ".json",
    ".geojson",
    ".html",
    ".js",
    ".css",
    ".yml",
    ".yaml",
    ".cfg",
    ".sh",
    "",
}
MEGABYTE = 2**20


def name(path):
    return path.relative_to(ROOT).as_posix()


def tracked():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("the project is not in git here")
    said = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / one for one in said.split("\0") if one and (ROOT / one).is_file()]


@pytest.mark.parametrize("path", CODE, ids=name)
def test_a_file_is_short_and_prints_nothing(path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "eval", "exec", "breakpoint"), f"line {node.lineno}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            docstring = first.end_lineno - first.lineno + 1 if said else 0
            assert node.end_lineno - node.lineno + 1 - docstring <= 60, node.name
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            assert not {"pickle", "dill", "marshal", "shelve"} & {one.split(".")[0] for one in modules}


def test_nothing_is_called_utils():
    assert not [name(path) for path in CODE if path.stem in ("utils", "util", "helpers", "common", "misc")]


def test_no_tracked_file_is_large():
    assert not [name(path) for path in tracked() if path.stat().st_size > 2 * MEGABYTE]


def test_no_tracked_text_names_this_machine_or_a_registry():
    own = Path(__file__).resolve()
    found = []
    for path in tracked():
        if path.suffix in TEXT and path.resolve() != own:
            source = path.read_text(encoding="utf-8", errors="replace")
            found += [
                f"{name(path)}: {hit.group()}" for hit in (MACHINE.search(source), REGISTRY.search(source)) if hit
            ]
    assert not found


def test_imports_go_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.is_file():
        pytest.skip("import-linter is not installed here")
    if not (ROOT / "app.py").is_file():
        pytest.skip("app.py is not there yet")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_formula_rooms_open_no_files():
    readers = {"read_csv", "read_parquet", "read_file", "read_excel", "read_dataframe"}
    allowed = {"geo/io.py", "geo/vocabulary.py", "geo/placing.py"}
    for path in CODE:
        opens = name(path) in allowed or name(path).startswith(("geo/readers/", "geo/workspace/"))
        if path.parts[len(ROOT.parts)] == "geo" and not opens:
            calls = {
                node.func.attr
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            assert not calls & readers, name(path)
