"""From a figure to the rows behind it: a table in which a cell is chosen, and the buildings that it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from data.catalog import label
from heating import rates
from heating.assessment import Assessment
from heating.behind import COLUMNS, of_area
from heating.report import rate_table
from heating.wording import rounded
from ui import tables
from ui.parts import downloads
from ui.texts import language, plain, t

SHOWN: Final = 200
_WAN: Final = 1e4


def pick_cell(
    shown: pd.DataFrame, codes: Sequence[str], *, key: str, formats: Mapping[str, Any] | None = None
) -> tuple[int, str] | None:
    """Show a table as it is, and return the row and the code of the column of the cell that a person chose.

    Parameters
    ----------
    shown : pandas.DataFrame
        With the headers that are read.
    codes : sequence of str
        What each column is, in their order.
    key : str
        Of the table in the session.
    formats : mapping, optional
        How columns are written, by header.
    """
    st.caption(t("behind.how"))
    state = st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        column_config=formats,
        placeholder=tables.BLANK,
        on_select="rerun",
        selection_mode="single-cell",
        key=key,
    )
    chosen = state.selection.cells
    if not chosen or chosen[0][0] >= len(shown) or chosen[0][1] not in shown:
        return None
    row, header = chosen[0]
    return int(row), codes[list(shown.columns).index(header)]


@st.fragment
def rates_table(done: Assessment, *, key: str) -> None:
    """Show the rates by zone and county, and the buildings behind the figure that is chosen."""
    table = tables.rate_rows(done)
    shown, formats = tables.readable(table)
    chosen = pick_cell(shown, list(table.columns), key=key, formats=formats)
    if chosen is None:
        return
    at, column = chosen
    row = rate_table(done).iloc[at]
    part = next((part for part in (*rates.PARTS, "gap_low", "gap_high") if column.startswith(f"{part}_")), "")
    keep = of_area(done.buildings, county=row["county_code"], zone=row["zone"], part=part)
    words = [table["county"].iloc[at], label("zone", row["zone"], language()), label("column", column, language())]
    show(done, done.buildings, keep, said=" · ".join(words), name=t("file.clean_heating"))


def pick_row(table: pd.DataFrame, *, key: str, height: int | None = None) -> int | None:
    """Show a table of which a row can be chosen to see what is behind it, and return its position."""
    st.caption(t("behind.how_row"))
    return tables.pick(table, key=key, height=height or min(280, 36 * (len(table) + 1) + 2))


def show(done: Assessment, buildings: pd.DataFrame, keep: NDArray[np.bool_], *, said: str, name: str) -> None:
    """Show the buildings that a figure is made of, with their sums, and offer all of them.

    Parameters
    ----------
    done : Assessment
        The run.
    buildings : pandas.DataFrame
        Of the run, or as measures leave them.
    keep : array of bool
        Which of them.
    said : str
        What the figure is, for the reader.
    name : str
        Stem of the file that the figure's table is offered in.
    """
    rows = buildings[keep]
    table = pd.DataFrame(rows[[column for column in COLUMNS if column in rows]])
    with st.container(border=True):
        st.markdown(f"**{plain(said)}**")
        area, homes = float(rows["area_m2"].sum()), float(rows["households_used"].sum())
        counts = {"count": len(rows), "area": area / _WAN, "households": homes, "shown": min(SHOWN, len(rows))}
        st.caption(t("behind.sum", **counts))
        if rows.empty:
            return
        tables.show(rounded(tables.with_county(table.head(SHOWN), done)), height=240)
        layer = gpd.GeoDataFrame(table, geometry=rows["geometry"].to_numpy(), crs=done.buildings.crs)
        downloads(done, f"{name}_{t('file.behind')}", table, title=said, shapes={"buildings": layer})
