"""A small demo city, built once for all tests of the heating room."""

import pytest
from typer.testing import CliRunner

from data import demo
from heating.__main__ import app
from heating.layers import load_folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    demo.build(folder / "demo-2000", buildings=2000)
    return folder


@pytest.fixture(scope="session")
def city(cache):
    return load_folder(cache / "demo-2000")


@pytest.fixture(scope="module", autouse=True)
def quick_audit(few_audited):
    """Spend the time of these tests on what they are about."""


@pytest.fixture
def command(cache, monkeypatch):
    monkeypatch.setenv("NUANGUANG_CACHE", str(cache))

    def run(*options):
        return CliRunner().invoke(app, ["assess", *map(str, options)])

    return run
