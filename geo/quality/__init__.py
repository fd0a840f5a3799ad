"""What is doubtful about the layers at hand: findings with their rows, for a person to judge, mend or accept."""

from geo.quality.findings import SEVERITIES, Finding, Severity
from geo.quality.mending import MENDS, Mended, mended
from geo.quality.report import COLUMNS, examine, shapes, table
from geo.quality.workbook import workbook

__all__ = [
    "COLUMNS",
    "MENDS",
    "SEVERITIES",
    "Finding",
    "Mended",
    "Severity",
    "examine",
    "mended",
    "shapes",
    "table",
    "workbook",
]
