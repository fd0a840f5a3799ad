"""What chance makes of right files: cut, flipped, doubled, and tables of random cells."""

import io

import openpyxl
from hypothesis import strategies as st

from corpus import samples
from corpus.hostile import RIGHT

_CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "煤",
            "20",
            "约35",
            "10-15",
            "1e400",
            "nan",
            "—",
            "合计",
            "注：",
            "=1+1",
            "106.4",
            "39",
            "06:00",
            "６",
            "#REF!",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=6),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.datetimes(),
)
_HEADERS = st.one_of(st.sampled_from([*samples.HEADER, "容量", "供热面积(万㎡)", "", "x", "WKT"]), st.text(max_size=4))


@st.composite
def damaged(draw):
    """Draw a suffix and a right file of that format that was damaged: cut, flipped, or with a piece doubled."""
    suffix = draw(st.sampled_from(sorted(RIGHT)))
    content = bytearray(RIGHT[suffix]())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content) - 2))
        match draw(st.sampled_from(["cut", "flip", "double", "drop"])):
            case "cut":
                del content[max(at, 2) :]
            case "flip":
                content[at] ^= draw(st.integers(1, 255))
            case "double":
                content[at:at] = content[at : at + draw(st.integers(1, 300))]
            case "drop":
                del content[at : at + min(draw(st.integers(1, 30)), len(content) - 2)]
    return suffix, bytes(content)


@st.composite
def tables(draw):
    """Draw a suffix and a table of random headers and cells, as CSV or XLSX, and the number of its filled rows."""
    header = draw(st.lists(_HEADERS, min_size=3, max_size=9))
    rows = draw(st.lists(st.lists(_CELLS, min_size=1, max_size=10), min_size=1, max_size=5))
    if draw(st.booleans()):
        text = samples.csv_text([["" if cell is None else cell for cell in row] for row in rows], header)
        return ".csv", text.encode("utf-8", "replace")
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append([_kept(cell) for cell in row])
    done = io.BytesIO()
    book.save(done)
    return ".xlsx", done.getvalue()


def _kept(cell):
    """Return a cell as a workbook can store it."""
    if isinstance(cell, float) and (cell != cell or abs(cell) == float("inf")):  # noqa: PLR0124  NaN is not itself
        return str(cell)
    if isinstance(cell, str):
        return openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", cell)
    return cell.replace(year=max(cell.year, 1901)) if hasattr(cell, "year") else cell
