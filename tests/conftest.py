"""What all tests share: where the real data lie, and skipping with a reason where they do not."""

from pathlib import Path

import pytest

from solar import audit

SHARED = Path(__file__).resolve().parents[2] / "shared"


SHARED_WORK = ("heating", "reference", "solar", "ui")  # folders whose files make a city once for all their tests
LONGEST = ("walk", "browser", "workspace", "sam")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Keep the tests of a file that makes a city on one worker, and begin with the groups that take longest."""
    for item in items:
        marked = item.get_closest_marker("xdist_group") or item.get_closest_marker("browser")
        if marked is None and item.path.parent.name in SHARED_WORK:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    yield

    def rank(item):
        group = item.get_closest_marker("xdist_group")
        name = group.args[0] if group else ""
        return (LONGEST.index(name) if name in LONGEST else len(LONGEST)) + (group is None)

    items.sort(key=rank)


@pytest.fixture(scope="module")
def few_audited():
    """Let the self-audit of the yields look at ten roofs: solar's own tests look at all, and that takes seconds."""
    whole = audit._sample
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "_sample", lambda *said: tuple(part[:10] for part in whole(*said)))
        yield


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
