"""Freed memory goes back to the system."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from ui.memory import give_back

PIECE, PIECES, KEPT = 4_000, 40_000, 200


def resident():
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process its memory")
def test_pages_between_what_is_kept_are_given_back():
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("the C library of this system has no malloc_trim")
    pieces = [bytes([number % 251]) * PIECE for number in range(PIECES)]
    kept = pieces[:: PIECES // KEPT]
    del pieces
    before = resident()
    give_back()
    assert resident() < before - PIECE * PIECES / 2
    assert all(len(piece) == PIECE for piece in kept)
