"""The whole corpus."""

from corpus import archives, columnar, csvs, databases, hostile, json_files, markup, shapefiles, workbooks

ENTRIES = tuple(
    entry
    for module in (archives, shapefiles, databases, json_files, markup, columnar, workbooks, csvs, hostile)
    for entry in module.SHELF.entries
)
