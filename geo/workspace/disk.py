"""Files that are wholly there or not at all, also when the process or the machine stops in between."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from geo.workspace.store import refused

LOCK: Final = ".lock"
UNFINISHED: Final = ".unfinished-"
LOCK_WAIT_S: Final = 60.0
WINDOWS: Final = os.name == "nt"
_TRIES: Final = 20
_PAUSE_S: Final = 0.05


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; Windows has no such call and needs none."""
    if WINDOWS:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, content: bytes) -> None:
    """Write a new file and make its content last."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def move(old: Path, new: Path) -> None:
    """Rename in one step; where a virus scanner or a reader holds the file on Windows, try again for a second."""
    for turn in range(_TRIES):
        try:
            os.replace(old, new)  # noqa: PTH105 - tests stand in for this very call
        except PermissionError:
            if not WINDOWS or turn == _TRIES - 1:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each lasting."""
    missing = [folder, *folder.parents]
    missing = missing[: next(at for at, one in enumerate(missing) if one.is_dir())]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync_folder(one.parent)


def put(path: Path, content: bytes) -> None:
    """Replace a file by another content, as one step."""
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    temporary.unlink()
    write(temporary, content)
    move(temporary, path)
    sync_folder(path.parent)


def put_folder(folder: Path, files: Mapping[str, bytes], *, workshop: Path) -> None:
    """Write a folder of files as one step; it is made in `workshop`, on the same disk."""
    temporary = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=workshop))
    try:
        for name, content in files.items():
            write(temporary / name, content)
        sync_folder(temporary)
    except OSError:  # a full disk wants its room back at once
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    make_folder(folder.parent)
    move(temporary, folder)
    sync_folder(folder.parent)


def remove_folder(folder: Path, *, workshop: Path) -> None:
    """Take a folder away as one step, then delete it; what Windows still holds is swept later."""
    temporary = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=workshop))
    with suppress(FileNotFoundError):
        move(folder, temporary / folder.name)
    shutil.rmtree(temporary, ignore_errors=True)


def sweep(workshop: Path) -> None:
    """Delete what a dead process left unfinished; only who holds the lock may, for then nobody is at work."""
    for left in workshop.glob(f"{UNFINISHED}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold a workspace for writing; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    DataError
        If somebody else holds it for too long.
    """
    try:
        lock = FileLock(root / LOCK, timeout=LOCK_WAIT_S, fallback_to_soft=False, poll_interval=0.01)
        with lock:
            yield
    except Timeout as error:
        raise refused("workspace_busy", file=root.name, got=f"{LOCK_WAIT_S:g} s") from error
