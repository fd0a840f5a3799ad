"""The codes that coded columns may hold; their words are in data/texts."""

from __future__ import annotations

from typing import Final

from data import parameters

USES: Final = tuple(parameters.table("building_uses").index)
HEAT_SOURCES: Final = tuple(parameters.table("heat_sources").index)
ROOF_KINDS: Final = ("flat_concrete", "metal_sheet", "pitched_tile", "unknown")
STRUCTURES: Final = ("reinforced_concrete", "brick_concrete", "brick_timber", "earth_timber", "light_steel", "unknown")
UR_CLASSES: Final = tuple(parameters.table("zone_classes").index)
FUELS: Final = ("coal", "gas", "biomass", "electricity", "oil", "waste_heat", "other", "unknown")
DUTIES: Final = ("heating", "process", "power", "unknown")
MEDIA: Final = ("hot_water", "steam", "unknown")
BOILER_STATUS: Final = ("operating", "standby", "retired", "unknown")
DISPOSALS: Final = ("connect", "gas", "electricity", "biomass", "remove", "keep", "unknown")
PLANT_STATUS: Final = (
    "operating",
    "construction",
    "permitted",
    "pre-permit",
    "announced",
    "shelved",
    "mothballed",
    "cancelled",
    "retired",
    "unknown",
)
NETWORK_KINDS: Final = ("pipe", "service_area", "substation")
NETWORK_STATUS: Final = ("existing", "planned", "unknown")
ENERGY_STANDARDS: Final = ("none", "p30", "p50", "p65", "p75", "unknown")
SOURCE_KINDS: Final = ("chp", "boiler_house", "waste_heat", "biomass", "geothermal", "heat_pump", "other", "unknown")
INSTITUTION_KINDS: Final = ("organ", "school", "hospital", "other", "unknown")
LEVELS: Final = ("city", "county", "town", "unknown")
