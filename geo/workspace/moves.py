"""What is done alike in every kind of workspace, once a layer is held for a change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from geo.workspace.store import Position, Record, accepting, check_expected, check_layer, refused, with_accepted
from geo.workspace.timeline import Timeline


class Desk(Protocol):
    """A layer held for a change; what is put down lasts when it is let go without an error."""

    timeline: Timeline

    def put(self, timeline: Timeline) -> None:
        """Put the layer into another state."""

    def record(self, version: int) -> Record:
        """Return the record of a version."""

    def accept(self, version: int, accepted: list[str]) -> None:
        """Note what is accepted of a version."""

    def delete(self, versions: Iterable[int]) -> None:
        """Delete versions."""

    def versions(self) -> list[int]:
        """Return the versions that exist."""


class Moves(ABC):
    """Going back and forth between versions that a workspace keeps."""

    @abstractmethod
    def _holding(self, layer: str) -> AbstractContextManager[Desk]:
        """Hold a layer for a change."""

    @abstractmethod
    def _timeline(self, layer: str) -> Timeline:
        """Return the states of a layer."""

    @abstractmethod
    def _known(self) -> list[str]:
        """Return the layers that were ever kept."""

    def position(self, layer: str) -> Position:
        """Return which version of a layer is current, and whether it can be undone or redone."""
        check_layer(layer)
        timeline = self._timeline(layer)
        return Position(current=timeline.current, can_undo=timeline.can_undo, can_redo=timeline.can_redo)

    def _move(
        self,
        layer: str,
        expected: int | None,
        step: Callable[[Timeline], Timeline],
        possible: Callable[[Timeline], bool],
        rule: str,
    ) -> Record | None:
        check_layer(layer)
        with self._holding(layer) as desk:
            check_expected(layer, desk.timeline.current, expected)
            if not possible(desk.timeline):
                raise refused(rule, file=layer, layer=layer)
            after = step(desk.timeline)
            record = None if after.current is None else desk.record(after.current)
            desk.put(after)
            return record

    def undo(self, layer: str, *, expected: int | None) -> Record | None:
        """Go back to the state before; None where the layer was not there then."""
        return self._move(
            layer, expected, Timeline.undone, lambda timeline: timeline.can_undo, "workspace_nothing_to_undo"
        )

    def redo(self, layer: str, *, expected: int | None) -> Record | None:
        """Go forward to the state that was undone last."""
        return self._move(
            layer, expected, Timeline.redone, lambda timeline: timeline.can_redo, "workspace_nothing_to_redo"
        )

    def drop(self, layer: str, *, expected: int | None) -> None:
        """Take a layer out of use; `undo` brings it back."""
        self._move(
            layer, expected, Timeline.dropped, lambda timeline: timeline.current is not None, "workspace_no_layer"
        )

    def accept(self, layer: str, keys: Iterable[str], *, expected: int | None, withdrawn: Iterable[str] = ()) -> Record:
        """Note findings that a person accepts for the current version, and those no longer accepted."""
        check_layer(layer)
        with self._holding(layer) as desk:
            current = desk.timeline.current
            check_expected(layer, current, expected)
            if current is None:
                raise refused("workspace_no_layer", file=layer, layer=layer)
            record = desk.record(current)
            accepted = accepting(record, keys, withdrawn)
            desk.accept(current, accepted)
            return with_accepted(record, accepted)

    def prune(self, *, keep: int) -> int:
        """Delete all versions of each layer but the current one and the newest `keep`; return how many went.

        Raises
        ------
        ValueError
            If `keep` is below 1.
        """
        if keep < 1:
            raise ValueError("at least one version of a layer stays")
        gone = 0
        for layer in self._known():
            with self._holding(layer) as desk:
                versions = sorted(desk.versions())
                old = {one for one in versions[:-keep] if one != desk.timeline.current}
                if old:
                    desk.put(desk.timeline.pruned(old))
                    desk.delete(old)
                    gone += len(old)
        return gone
