"""What all tests share: where the real data lie, and skipping with a reason where they do not."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with what runs on one worker: at the end it would keep the other one waiting."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture(scope="session")
def shared():
    """Return the folder beside the project that holds the real data and the policy text."""
    if not SHARED.is_dir():
        pytest.skip(f"real data are not beside the project: no {SHARED.name}/ in {SHARED.parent.name}/")
    return SHARED


@pytest.fixture(scope="session")
def shared_file(shared):
    """Return a function that gives a file of the real data, or skips with the name of what is absent."""

    def find(name):
        path = shared / name
        if not path.is_file():
            pytest.skip(f"real data are absent: {name}")
        return path

    return find
