"""A workspace in a folder: GeoParquet in folders that never change, and one manifest that says which ones count.

A version is written aside, made to last and renamed into place; then the manifest is replaced, in one step. A
process that dies at any moment leaves the old state or the new one, and nothing that counts is half written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import geopandas as gpd
from pydantic import ValidationError

from data.catalog import LAYERS
from data.errors import DataError
from geo.workspace import disk, manifest
from geo.workspace.codec import Columns, Packed, pack, unpack
from geo.workspace.manifest import KEPT, MANIFEST, Kept, Layer, Manifest, Version
from geo.workspace.moves import Moves
from geo.workspace.sources import safe_suffix, source_bytes, source_name
from geo.workspace.store import Record, check_expected, check_layer, check_whole, refused, with_accepted
from geo.workspace.timeline import Timeline

LAYER_FILE: Final = "layer.parquet"
SET_ASIDE_FILE: Final = "set_aside.parquet"
RECORD_FILE: Final = "record.json"
Found = TypeVar("Found")


class _Desk:
    """A layer of a manifest, held for a change."""

    def __init__(self, store: FolderStore, name: str, whole: Manifest) -> None:
        self._store = store
        self._name = name
        self._whole = whole
        self.layer: Layer = whole.layer(name)
        self.gone: list[Version] = []

    @property
    def timeline(self) -> Timeline:
        return self.layer.timeline

    @timeline.setter
    def timeline(self, timeline: Timeline) -> None:
        self.layer = replace(self.layer, timeline=timeline)

    def put(self, timeline: Timeline) -> None:
        self.timeline = timeline

    def record(self, version: int) -> Record:
        return self._store.kept(self._name, self._found(version)).record

    def versions(self) -> list[int]:
        return [one.version for one in self.layer.versions]

    def _found(self, version: int) -> Version:
        found = self.layer.version(version)
        if found is None:
            raise refused("workspace_version_gone", file=self._name, layer=self._name, got=str(version))
        return found

    def accept(self, version: int, accepted: list[str]) -> None:
        versions = [replace(one, accepted=accepted) if one.version == version else one for one in self.layer.versions]
        self.layer = replace(self.layer, versions=versions)

    def add(self, version: Version) -> None:
        """Add a version and put it in use."""
        timeline = self.timeline.kept(version.version)
        self.layer = replace(self.layer, versions=[*self.layer.versions, version], timeline=timeline)

    def delete(self, versions: Iterable[int]) -> None:
        old = set(versions)
        self.gone += [one for one in self.layer.versions if one.version in old]
        self.layer = replace(self.layer, versions=[one for one in self.layer.versions if one.version not in old])

    def save(self) -> None:
        """Write the manifest if anything changed, then take away what it no longer names."""
        after = self._whole.with_layer(self._name, self.layer)
        if self.layer != self._whole.layer(self._name):
            self._store.write_manifest(self._whole, after)
        for one in self.gone:
            disk.remove_folder(self._store.version_folder(self._name, one), workshop=self._store.root)


class FolderStore(Moves):
    """A workspace in a folder; see `geo.workspace.store.Store`.

    Parameters
    ----------
    root : pathlib.Path
        The folder; it is made when the first layer is kept.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._manifest()

    def _manifest(self) -> Manifest:
        return manifest.read(self.root) or Manifest()

    def _timeline(self, layer: str) -> Timeline:
        return self._manifest().layer(layer).timeline

    def _known(self) -> list[str]:
        return list(self._manifest().layers)

    def version_folder(self, layer: str, version: Version) -> Path:
        """Return where a version lies."""
        return self.root / "layers" / layer / version.folder

    def write_manifest(self, before: Manifest, after: Manifest) -> None:
        """Replace the manifest; the one before stays beside it for a person to fall back on."""
        disk.put(self.root / manifest.PREVIOUS, MANIFEST.dump_json(before, indent=1))
        disk.put(self.root / manifest.NAME, MANIFEST.dump_json(after, indent=1))

    @contextmanager
    def _holding(self, layer: str) -> Iterator[_Desk]:
        try:
            disk.make_folder(self.root)
            with disk.locked(self.root):
                disk.sweep(self.root)
                found = manifest.read(self.root)
                if found is None:  # before any version is written, so that a lost manifest can be told from none
                    found = Manifest()
                    disk.put(self.root / manifest.NAME, MANIFEST.dump_json(found))
                desk = _Desk(self, layer, found)
                yield desk
                desk.save()
        except OSError as error:
            got = f"{type(error).__name__}: {error.strerror}"
            raise refused("not_writable", file=self.root.name, layer=layer, got=got) from error

    def _bytes(self, folder: Path, name: str, sha256: str, *, layer: str) -> bytes:
        """Return a file of a version, held against its digest."""
        try:
            content = (folder / name).read_bytes()
        except FileNotFoundError as error:
            raise refused("workspace_damaged", file=f"{folder.name}/{name}", layer=layer, got="—") from error
        except OSError as error:
            raise refused("workspace_unreadable", file=name, layer=layer, got=type(error).__name__) from error
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise refused(
                "workspace_damaged", file=f"{folder.name}/{name}", layer=layer, expected=sha256[:16], got=found[:16]
            )
        return content

    def kept(self, layer: str, version: Version) -> Kept:
        """Return what is known of a version."""
        folder = self.version_folder(layer, version)
        try:
            kept = KEPT.validate_json(self._bytes(folder, RECORD_FILE, version.sha256, layer=layer), strict=True)
        except ValidationError as error:  # only a version of this program that knows more can have written it
            raise refused("workspace_newer", file=f"{folder.name}/{RECORD_FILE}", layer=layer) from error
        return replace(kept, record=with_accepted(kept.record, version.accepted))

    def _look(self, look: Callable[[Manifest], Found]) -> Found:
        """Look at the workspace; where somebody changed it meanwhile (a version may be pruned away), once more."""
        before = self._manifest()
        try:
            return look(before)
        except DataError:
            after = self._manifest()
            if after == before:
                raise
            return look(after)

    def layers(self) -> dict[str, Record]:
        """Return the current version of each layer that is there."""

        def current(whole: Manifest) -> dict[str, Record]:
            found = {name: whole.layer(name).version(whole.layer(name).timeline.current or 0) for name in LAYERS}
            return {name: self.kept(name, version).record for name, version in found.items() if version is not None}

        return self._look(current)

    def history(self, layer: str) -> list[Record]:
        """Return all versions of a layer that still exist, the oldest first."""
        check_layer(layer)

        def records(whole: Manifest) -> list[Record]:
            known = sorted(whole.layer(layer).versions, key=lambda one: one.version)
            return [self.kept(layer, version).record for version in known]

        return self._look(records)

    def _fetch(self, layer: str, version: int | None, take: Callable[[Path, Kept], Found]) -> Found:
        check_layer(layer)

        def fetched(whole: Manifest) -> Found:
            wanted = whole.layer(layer).timeline.current if version is None else version
            if wanted is None:
                raise refused("workspace_no_layer", file=layer, layer=layer)
            found = whole.layer(layer).version(wanted)
            if found is None:
                raise refused("workspace_version_gone", file=layer, layer=layer, got=str(wanted))
            return take(self.version_folder(layer, found), self.kept(layer, found))

        return self._look(fetched)

    def _frame(self, folder: Path, name: str, sha256: str, *, columns: Columns, layer: str) -> gpd.GeoDataFrame:
        return unpack(Packed(self._bytes(folder, name, sha256, layer=layer), columns))

    def read(self, layer: str, version: int | None = None) -> gpd.GeoDataFrame:
        """Return the rows of a version, by default the current one, exactly as they were kept."""
        return self._fetch(
            layer,
            version,
            lambda folder, kept: self._frame(folder, LAYER_FILE, kept.record.sha256, columns=kept.columns, layer=layer),
        )

    def set_aside(self, layer: str, version: int | None = None) -> gpd.GeoDataFrame:
        """Return the rows that were set aside, with the file's own columns."""
        return self._fetch(
            layer,
            version,
            lambda folder, kept: self._frame(
                folder, SET_ASIDE_FILE, kept.set_aside_sha256, columns=kept.set_aside_columns, layer=layer
            ),
        )

    def source(self, layer: str, version: int | None = None) -> bytes:
        """Return the file as it came; one of several parts is a zip of them."""
        return self._fetch(
            layer,
            version,
            lambda folder, kept: self._bytes(folder, kept.source, kept.source_sha256, layer=layer),
        )

    def keep(
        self,
        layer: str,
        frame: gpd.GeoDataFrame,
        record: Record,
        *,
        set_aside: gpd.GeoDataFrame,
        source: Path | bytes,
        expected: int | None,
    ) -> Record:
        """Keep a new version and put it in use.

        Returns
        -------
        Record
            With its version and the digest of its rows filled in.

        Raises
        ------
        DataError
            If another version is current than the one expected, or if it cannot be written.
        ValueError
            If the record does not speak of these rows.
        """
        check_layer(layer)
        check_whole(layer, frame, record, set_aside)
        # all that takes long is done before the workspace is held
        rows, aside, came = pack(frame, layer=layer), pack(set_aside, layer=layer), source_bytes(source, record)
        with self._holding(layer) as desk:
            check_expected(layer, desk.timeline.current, expected)
            version = 1 + max(desk.timeline.last, *self._numbers_on_disk(layer))
            kept = Kept(
                record=replace(record, version=version, sha256=rows.sha256),
                columns=rows.columns,
                set_aside_columns=aside.columns,
                set_aside_sha256=aside.sha256,
                source_sha256=hashlib.sha256(came).hexdigest(),
                source=f"source{safe_suffix(source_name(record))}",
            )
            said = KEPT.dump_json(kept, indent=1)
            entry = Version(
                version=version,
                folder=f"{version:04d}-{rows.sha256[:8]}",
                sha256=hashlib.sha256(said).hexdigest(),
                accepted=record.accepted,
            )
            files = {LAYER_FILE: rows.content, SET_ASIDE_FILE: aside.content, kept.source: came, RECORD_FILE: said}
            disk.put_folder(self.version_folder(layer, entry), files, workshop=self.root)
            desk.add(entry)
        return kept.record

    def prune(self, *, keep: int) -> int:
        """Delete all versions of each layer but the current one and the newest `keep`; return how many went.

        With them go folders of older numbers that no manifest names: a process died before it could.
        """
        gone = super().prune(keep=keep)
        for layer in self._known():
            with self._holding(layer) as desk:
                known = {one.folder for one in desk.layer.versions}
                for path in (self.root / "layers" / layer).glob("*-*"):
                    if path.name not in known and _number(path) <= desk.timeline.last:
                        disk.remove_folder(path, workshop=self.root)
        return gone

    def _numbers_on_disk(self, layer: str) -> list[int]:
        """Return numbers that folders bear, also those of a process that died before the manifest named them."""
        return [0, *map(_number, (self.root / "layers" / layer).glob("*-*"))]


def _number(folder: Path) -> int:
    digits = folder.name.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
