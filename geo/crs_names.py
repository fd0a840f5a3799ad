"""Names of CGCS2000 systems, as desktop programs and people write them, resolved to EPSG codes."""

from __future__ import annotations

import re
from typing import Any, Final

from pyproj import CRS

_CGCS2000: Final = re.compile(r"cgcs ?2000|china (?:geodetic coordinate system )?2000|2000国家|国家2000")
_ZONE: Final = re.compile(r"(?:zone|第) ?(\d{2})\b|(?<!\d)(\d{2}) ?(?:带|号带)|带号 ?(\d{2})\b")
_MERIDIAN: Final = re.compile(r"(?:\bcm|central meridian|中央经线|中央子午线) ?(\d{2,3})|(?<!\d)(\d{2,3}) ?e\b")
_THREE: Final = re.compile(r"(?:\b3|三) ?(?:degree|deg|度)")
_GRID: Final = re.compile(r"gk\b|gauss|kruger|高斯|度带|degree|带")


def code_by_name(name: str) -> int | None:
    """Return the EPSG code of a CGCS2000 system by what desktop programs and people call it.

    >>> code_by_name("CGCS2000_3_Degree_GK_Zone_35"), code_by_name("CGCS2000_GK_CM_105E")
    (4523, 4507)
    >>> code_by_name("GCS_China_Geodetic_Coordinate_System_2000"), code_by_name("CGCS2000 3度带 35带")
    (4490, 4523)
    """
    folded = " ".join(re.split(r"[_\-/\s,，()（）]+", name.strip().lower()))
    if not _CGCS2000.search(folded):
        return None
    three = _THREE.search(folded) is not None
    rest = _CGCS2000.sub(" ", folded)
    if said := _ZONE.search(rest):
        zone = int(next(filter(None, said.groups())))
        least, most, first = (25, 45, 4513) if three else (13, 23, 4491)
        return first + zone - least if least <= zone <= most else None
    if said := _MERIDIAN.search(rest):
        turns, left = divmod(int(next(filter(None, said.groups()))) - 75, 3 if three else 6)
        return (4534 if three else 4502) + turns if not left and 0 <= turns <= (20 if three else 10) else None
    return None if _GRID.search(rest) else 4490


def _numbers(crs: CRS) -> dict[str, Any]:
    """Return what a system computes with: ellipsoid, unit, and the parameters of its projection."""
    shape, way = crs.ellipsoid, crs.coordinate_operation
    found = {"a": round(shape.semi_major_metre, 4), "rf": round(shape.inverse_flattening, 6)} if shape else {}
    units = {round(axis.unit_conversion_factor, 12) for axis in crs.axis_info}
    params = {item.name: round(float(item.value), 9) for item in way.params} if way else {}
    return {**found, **params, "method": way.method_name if way else "", "units": units}


def resolve(declared: CRS) -> CRS:
    """Return EPSG's own definition of a CGCS2000 system that a file names without a code.

    The name alone is not believed: where its numbers are others than EPSG's, the file's numbers hold.
    """
    code = None if declared.is_bound or declared.to_authority(min_confidence=100) else code_by_name(declared.name)
    known = CRS.from_epsg(code) if code else None
    return known if known is not None and _numbers(known) == _numbers(declared) else declared
