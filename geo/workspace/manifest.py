"""What a workspace folder holds, as its manifest says it: states of each layer and digests of its versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from data.catalog import LAYERS
from geo.workspace.store import Record, refused
from geo.workspace.timeline import Timeline

NAME: Final = "manifest.json"
PREVIOUS: Final = "manifest.previous.json"
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FolderName = Annotated[str, StringConstraints(pattern=r"^\d{4,}-[0-9a-f]{8}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^source(\.[0-9a-z]{1,9})?$")]
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Kept:
    """A version: its record, the kinds of its columns, and the digests of what lies beside it.

    Parameters
    ----------
    record : Record
        As it was when the version was made.
    columns, set_aside_columns : list of (name, kind)
        Of the rows used and of those set aside.
    set_aside_sha256, source_sha256 : str
        Digests of what is kept; the source's differs from the record's where it is a bundle.
    source : str
        Name of the file that keeps the source.
    """

    record: Record
    columns: list[tuple[str, str]]
    set_aside_columns: list[tuple[str, str]]
    set_aside_sha256: Sha256
    source_sha256: Sha256
    source: FileName


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Version:
    """One version as the manifest knows it.

    Parameters
    ----------
    version : int
        Its number.
    folder : str
        Its folder.
    sha256 : str
        Digest of its ``record.json``, which holds the digests of the other files.
    accepted : list of str
        What is accepted of it now.
    """

    version: Annotated[int, Field(ge=1)]
    folder: FolderName
    sha256: Sha256
    accepted: list[str]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Layer:
    """One layer: its states and versions."""

    timeline: Timeline = Field(default_factory=Timeline)
    versions: list[Version] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> Layer:
        known = {one.version for one in self.versions}
        if len(known) != len(self.versions) or not {*self.timeline.states} <= {None, *known}:
            raise ValueError("a state has no version")
        return self

    def version(self, number: int) -> Version | None:
        """Return a version that still exists, or None."""
        return next((one for one in self.versions if one.version == number), None)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Manifest:
    """The whole workspace."""

    format: Literal[1] = 1
    layers: dict[Literal[LAYERS], Layer] = Field(default_factory=dict)  # type: ignore[valid-type]

    def layer(self, name: str) -> Layer:
        """Return a layer; one that was never kept has no version."""
        return self.layers.get(name, Layer())

    def with_layer(self, name: str, layer: Layer) -> Manifest:
        """Return the manifest with one layer replaced."""
        return Manifest(layers={**self.layers, name: layer})


MANIFEST: Final = TypeAdapter(Manifest)
KEPT: Final = TypeAdapter(Kept)


def read(root: Path) -> Manifest | None:
    """Return the manifest of a folder; None where there is neither one nor any version that it should know of.

    Raises
    ------
    DataError
        If it cannot be read, or is gone: a workspace is never taken for an empty one.
    """
    path = root / NAME
    try:
        return MANIFEST.validate_json(path.read_bytes(), strict=True)
    except FileNotFoundError as error:
        if (root / PREVIOUS).exists() or any(root.glob("layers/*/*")):
            raise refused("workspace_manifest_gone", file=NAME, got=root.name) from error
        return None
    except NotADirectoryError as error:
        raise refused("workspace_kind", file=root.name) from error
    except OSError as error:
        raise refused("workspace_unreadable", file=NAME, got=type(error).__name__) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        got = f"{'.'.join(map(str, first['loc']))} {first['msg']}"[:120]
        raise refused("workspace_manifest_broken", file=NAME, got=got) from error
