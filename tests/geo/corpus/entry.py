"""One file of the corpus: its name, how it is built, and what the gate must say of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HIDDEN = "HIDDEN-7f3a-of-this-machine"
CANARY = {"url": "http://127.0.0.1:9/canary"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file and its verdict.

    Parameters
    ----------
    name : str
        Name on disk, unique in the corpus.
    build : callable
        Writes the file (and what lies beside it) to a path.
    refused : frozenset of str
        Rules of which at least one must refuse the file; empty where it must be let in.
    faults : frozenset of str
        Rules that must all be among the faults of a file that is let in.
    records : int or None
        Rows that the builder wrote; None where a reader may rightly count otherwise.
    used : int or None
        Rows that must come out usable.
    clean : bool
        Whether nothing at all may be said of it.
    either : bool
        Whether the file may be refused or let in: only the laws that hold for all are tested.
    holds : tuple of str
        Texts that must stand unchanged in the frame's names.
    """

    name: str
    build: Callable[[Path], object]
    refused: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()
    records: int | None = None
    used: int | None = None
    clean: bool = False
    either: bool = False
    layer: str = "boilers"
    options: dict[str, Any] = field(default_factory=dict)
    holds: tuple[str, ...] = ()


class Shelf:
    """Entries of one kind, in the order in which they were put there."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def refused(self, name: str, build: Callable[[Path], object], *rules: str, **more: Any) -> None:
        """Put a file here that must be refused by one of some rules."""
        self.entries.append(Entry(name=name, build=build, refused=frozenset(rules), **more))

    def let_in(self, name: str, build: Callable[[Path], object], records: int, *faults: str, **more: Any) -> None:
        """Put a file here that must be read, with at least these faults."""
        self.entries.append(Entry(name=name, build=build, faults=frozenset(faults), records=records, **more))

    def clean(self, name: str, build: Callable[[Path], object], records: int, **more: Any) -> None:
        """Put a file here that must be read without a word."""
        self.entries.append(Entry(name=name, build=build, records=records, used=records, clean=True, **more))

    def either(self, name: str, build: Callable[[Path], object], records: int | None = None, **more: Any) -> None:
        """Put a file here of which only the laws for all files are asked."""
        self.entries.append(Entry(name=name, build=build, records=records, either=True, **more))


def bytes_of(make: Callable[..., bytes], *said: Any) -> Callable[[Path], object]:
    """Return a builder that writes the bytes that a function makes when the file is wanted."""
    return lambda path: path.write_bytes(make(*said))


def text_of(content: str, encoding: str = "utf-8") -> Callable[[Path], object]:
    """Return a builder that writes this text."""
    return bytes_of(content.encode, encoding)
