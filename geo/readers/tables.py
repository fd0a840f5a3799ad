"""Tables of office programs: CSV and XLSX, opened into the rows that a person sees."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from geo.readers import sheets
from geo.readers.raw import Raw, choose, refuse
from geo.vocabulary import is_known

TABLE_SUFFIXES: Final = (".csv", ".xlsx")


def open_table(path: Path, sublayer: str | None, layer: str | None) -> Raw:
    """Open a CSV or one sheet of a workbook."""
    content = path.read_bytes()
    if path.suffix.lower() == ".xlsx":
        pages = sheets.xlsx_rows(content)
        if not pages:
            raise refuse(path, "file_empty")
        found = sheets.sheet(pages[choose(path, list(pages), sublayer=sublayer, layer=layer)], is_known)
    else:
        said = sheets.decode(content)
        if said is None:
            raise refuse(path, "encoding", expected="UTF-8 / GB18030")
        found = sheets.sheet(sheets.csv_rows(said, is_known), is_known)
    # Cells of a workbook have their columns; only in text can a stray comma push them aside.
    slipped = found.overlong if path.suffix.lower() == ".csv" else []
    frame = found.frame.drop(columns="source_row", errors="ignore")
    frame.insert(0, "source_row", np.asarray(found.rows, dtype=np.int64))
    return Raw(frame, None, "missing", tuple(slipped), found.header_row)
