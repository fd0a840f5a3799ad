"""The states that a layer went through, for undo and redo; one rule for every kind of workspace."""

from __future__ import annotations

from collections.abc import Container
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

State = Annotated[int, Field(ge=1)] | None


def _not_there() -> list[State]:
    return [None]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Timeline:
    """States of a layer: a version each, or None where the layer is not there.

    Parameters
    ----------
    states : list of int or None
        The oldest first; the layer was not there before its first version.
    at : int
        Which of them is current.
    last : int
        Highest version number that was ever given: no number is given twice.
    """

    states: list[State] = Field(default_factory=_not_there, min_length=1)
    at: Annotated[int, Field(ge=0)] = 0
    last: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _whole(self) -> Timeline:
        known = [state for state in self.states if state is not None]
        if self.at >= len(self.states) or max(known, default=0) > self.last:
            raise ValueError("no such state")
        return self

    @property
    def current(self) -> int | None:
        """The version in use, or None."""
        return self.states[self.at]

    @property
    def can_undo(self) -> bool:
        """Whether there is a state before."""
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        """Whether a state was undone."""
        return self.at + 1 < len(self.states)

    def _then(self, state: int | None) -> Timeline:
        states = [*self.states[: self.at + 1], state]
        return Timeline(states=states, at=self.at + 1, last=max(self.last, state or 0))

    def kept(self, version: int) -> Timeline:
        """Put a new version in use; what was undone before can then not be redone."""
        return self._then(version)

    def dropped(self) -> Timeline:
        """Take the layer out of use."""
        return self._then(None)

    def undone(self) -> Timeline:
        """Go one state back."""
        return Timeline(states=self.states, at=self.at - 1, last=self.last)

    def redone(self) -> Timeline:
        """Go one state forward."""
        return Timeline(states=self.states, at=self.at + 1, last=self.last)

    def pruned(self, gone: Container[int]) -> Timeline:
        """Keep the states around the current one that can still be reached without versions that are gone.

        >>> Timeline(states=[None, 1, 2, 3], at=3, last=3).pruned({1}).states
        [2, 3]
        """
        first = last = self.at
        while first > 0 and self.states[first - 1] not in gone:
            first -= 1
        while last + 1 < len(self.states) and self.states[last + 1] not in gone:
            last += 1
        return Timeline(states=self.states[first : last + 1], at=self.at - first, last=self.last)
