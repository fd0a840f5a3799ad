"""Whether the heat that would replace boilers is there: for each of them, and for all that draw on one source."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from heating.ladder import COVERED
from heating.sources import LOOSE_COAL
from heating.verdicts import suffices

_MW_PER_KW: Final = 1e-3

Source = tuple[str, Hashable]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What one removal would take: a need [MW] from sources, each a kind (network, plant) and an identifier."""

    need_mw: float
    sources: tuple[Source, ...] = field(default=())


def coal_draws(buildings: pd.DataFrame) -> pd.Series:
    """Return by declared area what its buildings that burn coal in the house would draw from it [MW].

    NaN where the need of any of them is not known.

    Parameters
    ----------
    buildings : pandas.DataFrame
        ``coverage, coverage_network_id, heat_source, peak_kw``.
    """
    inside = buildings["coverage"].isin(COVERED) & buildings["heat_source"].isin(LOOSE_COAL)
    own = buildings.loc[inside.fillna(value=False).to_numpy(dtype=bool)]
    needed = own["peak_kw"].astype(float) * _MW_PER_KW
    return needed.groupby(own["coverage_network_id"].astype(object)).agg(lambda mw: mw.sum(skipna=False))


def overdrawn(draws: Iterable[Draw], spare_mw: Mapping[Source, float]) -> set[Source]:
    """Return the sources whose spare heat does not cover all that would be drawn from them together.

    Each boiler alone may be covered while all of them are not: none of these may be removed before somebody
    has decided on their order (方案三（八）：在保证电力、热力供应前提下). One draw of unknown size leaves nothing that
    could be promised to the others. Sources of unknown spare heat are not judged here; each boiler's own check leaves
    them open.

    >>> draws = [Draw(need_mw=20.0, sources=(("network", "n1"),)) for _ in range(3)]
    >>> overdrawn(draws, {("network", "n1"): 50.0})
    {('network', 'n1')}
    """
    total: dict[Source, float] = defaultdict(float)
    for draw in draws:
        for source in draw.sources:
            total[source] += draw.need_mw
    return {
        source
        for source, need in total.items()
        if source in spare_mw and not math.isnan(spare_mw[source]) and suffices(spare_mw[source], need) != "yes"
    }
