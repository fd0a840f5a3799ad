"""Memory that is free but still counted as the program's, where the system's allocator is glibc's."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

import pyarrow as pa

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


def _glibc(name: str) -> Any:
    """Return a function of glibc's allocator, or None where it is another's."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None


def share_arenas() -> None:
    """Let all threads and pyarrow take memory from a few heaps: each of some dozen would keep what it once needed."""
    pa.set_memory_pool(pa.system_memory_pool())
    limit = _glibc("mallopt")
    if limit is not None:
        limit(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Hand memory that is no longer used back to the system.

    An assessment takes far more while it is made than when it is done, and the allocator keeps what was freed between
    the pieces that are left.
    """
    pa.default_memory_pool().release_unused()
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)
