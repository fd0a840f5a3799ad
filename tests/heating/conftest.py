"""A small demo city, built once for all tests of the heating room."""

import pandas as pd
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


@pytest.fixture
def unaudited(monkeypatch):
    """Leave out the self-audit of the yields: solar's own tests look after it, and it takes seconds."""
    nothing = pd.DataFrame({"relative_delta": pd.Series(dtype=float)})
    monkeypatch.setattr("solar.rooftops.self_audit", lambda *_args, **_options: nothing)


@pytest.fixture
def command(cache, monkeypatch):
    monkeypatch.setenv("NUANGUANG_CACHE", str(cache))

    def run(*options):
        return CliRunner().invoke(app, ["assess", *map(str, options)])

    return run
