"""Every file that a page of the project names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "README.zh-CN.md",
        "VALIDATION.md",
        "CHANGELOG.md",
        "data/demo/README.md",
        "docs/login.md",
        "docs/login.zh-CN.md",
    ],
)
def test_links_of_a_page_lead_somewhere(page):
    path = ROOT / page
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
