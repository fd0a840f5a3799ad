"""Heat sources: which count as clean (发改能源〔2017〕2100号), by the taxonomy table and a scenario's overrides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from data import parameters

LOOSE_COAL: Final = ("loose_coal", "clean_briquette")
"""Heat sources that burn coal in the house (方案三（八）：散煤); coal boilers have a ledger of their own."""


def cleanness(heat_source: pd.Series, *, overrides: Mapping[str, bool] | None = None) -> pd.Series:
    """Return ``clean``, ``not_clean``, ``unknown`` or ``not_heated`` for each heat source.

    Parameters
    ----------
    heat_source : pandas.Series of str
        Codes of the table ``heat_sources``.
    overrides : mapping, optional
        Sources that a scenario counts differently.

    Returns
    -------
    pandas.Series
        Named ``clean_heating``, on the same index.

    Raises
    ------
    KeyError
        If a code is not in the taxonomy.
    """
    words = {"yes": "clean", "no": "not_clean"}
    taxonomy = {code: words.get(said, said) for code, said in parameters.table("heat_sources")["clean"].items()}
    taxonomy |= {code: "clean" if clean else "not_clean" for code, clean in (overrides or {}).items()}
    strange = set(heat_source.dropna().unique()) - set(taxonomy)
    if strange:
        raise KeyError(f"heat sources outside the taxonomy: {sorted(strange)}")
    return heat_source.map(taxonomy).fillna("unknown").astype("string[pyarrow]").rename("clean_heating")
