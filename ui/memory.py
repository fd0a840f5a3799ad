"""Memory that is free but still counted as the program's."""

from __future__ import annotations

import ctypes
import sys

import pyarrow as pa


def give_back() -> None:
    """Hand memory that is no longer used back to the system.

    An assessment takes far more while it is made than when it is done, and glibc keeps what was freed between the
    pieces that are left. Other systems' allocators have no such call.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
