"""Scenarios kept by name in the workspace, one JSON file each; names are users' words and never become paths."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from data.errors import DataError, Fault
from geo.export import write_json
from heating.compare import changed
from heating.scenario import Scenario, from_json

MOST_CHARACTERS: Final = 200
_MOST_BYTES: Final = 2**20
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")


Kind = Literal["plan", "saved", "unsaved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What is kept: scenarios by name, and the faults of files that could not be read."""

    scenarios: dict[str, Scenario]
    faults: tuple[Fault, ...]


def file_stem(name: str) -> str:
    """Return the stem of the file that a scenario of this name is kept in: a digest, whatever the name is."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _refused(rule: str, file: str, got: str = "") -> DataError:
    return DataError([Fault(rule=rule, effect="refused", file=file, got=got)])


def check_name(name: str, *, file: str) -> None:
    """Refuse a name that is empty, too long, or holds characters that nobody can see.

    Raises
    ------
    DataError
        Saying what is wrong with it.
    """
    unseen = any(unicodedata.category(character) in _UNSEEN for character in name)
    if not name.strip() or name != name.strip() or unseen or len(name) > MOST_CHARACTERS:
        raise _refused("scenario_name", file, ascii(name)[:60])


def parse(content: bytes, *, file: str) -> Scenario:
    """Read one scenario that came from outside.

    Raises
    ------
    DataError
        If it is no scenario, or its name cannot be used.
    """
    if len(content) > _MOST_BYTES:
        raise _refused("scenario_too_long", file)
    try:
        found = from_json(content, file=file)
    except RecursionError as error:
        raise _refused("not_json", file) from error
    check_name(found.name, file=file)
    return found


def save(folder: Path, chosen: Scenario) -> Path:
    """Keep a scenario under its name; one of the same name gives way.

    Raises
    ------
    DataError
        If the name cannot be used, or the file cannot be written.
    """
    check_name(chosen.name, file=chosen.name or "—")
    path = folder / f"{file_stem(chosen.name)}.json"
    try:
        return write_json(path, chosen.as_dict())
    except OSError as error:
        raise _refused("not_writable", path.name, str(error)) from error


def delete(folder: Path, name: str) -> None:
    """Remove the scenario of a name, if it is there.

    Raises
    ------
    DataError
        If the file cannot be removed.
    """
    path = folder / f"{file_stem(name)}.json"
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused("not_writable", path.name, str(error)) from error


def _read(path: Path) -> Scenario:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused("file_broken", path.name, str(error)) from error
    found = parse(content, file=path.name)
    if path.stem != file_stem(found.name):
        raise _refused("scenario_misplaced", path.name, found.name)
    return found


def shelf(folder: Path) -> Shelf:
    """Return all scenarios of a folder in the order of their names; files that cannot be read are named."""
    found: list[Scenario] = []
    faults: list[Fault] = []
    # a name with a dot in front is a file that is being written
    for path in sorted(path for path in folder.glob("*.json") if not path.name.startswith(".")):
        try:
            found.append(_read(path))
        except DataError as error:
            faults.extend(error.faults)
    ordered = sorted(found, key=lambda one: one.name)
    return Shelf(scenarios={one.name: one for one in ordered}, faults=tuple(faults))


def as_bytes(chosen: Scenario) -> bytes:
    """Return a scenario as the JSON that `parse` reads."""
    return json.dumps(chosen.as_dict(), ensure_ascii=False, indent=2, allow_nan=False).encode()


def known_as(chosen: Scenario, kept: Shelf) -> tuple[Kind, str]:
    """Say whether a scenario makes the Plan's default choices, those of a saved one (and of which), or others."""
    own = kept.scenarios.get(chosen.name)
    if own is not None and not changed(own, chosen):
        return "saved", own.name
    if not changed(Scenario(), chosen):
        return "plan", ""
    alike = [one.name for one in kept.scenarios.values() if not changed(one, chosen)]
    return ("saved", alike[0]) if alike else ("unsaved", "")
