"""Which columns and which thresholds each rule of the report rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule looks at: `columns` of the row, and `limits`, rows of the table ``quality`` or ``table.name``."""

    columns: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


_UNITS: Final = Rule(
    ("capacity_t_h", "medium", "fuel", "duty"),
    ("step_tolerance", "unit_file_share", "unit_file_rows", "policy.mw_per_t_h", "kcal_h_per_t_h"),
)
_DECIDING: Final = Rule(_UNITS.columns, (*_UNITS.limits, "policy.small_boiler_t_h", "policy.ultra_low_t_h"))
_AREAS: Final = Rule(("floor_area_m2", "floors"), ("unit_tolerance", "mu_m2", "unit_file_share", "unit_file_rows"))
_COARSE: Final = Rule(("position_sigma_m",), ("coarse_decimals", "policy.plant_radius_km"))
_CAPACITY: Final = ("capacity_t_h", "capacity_mw", "fuel", "duty", "status")
_PLACED: Final = Rule(("county_code", "village_code"), ("outside_tolerance_m",))

RULES: Final[dict[str, Rule]] = {
    "ids_alike": Rule(),
    "village_twice": Rule(("town", "town_code")),
    "boiler_twice": Rule(
        ("capacity_t_h", "fuel", "duty", "status", "year_built"),
        ("alike_distance_m", "alike_name_ratio", "alike_capacity_share"),
    ),
    "boilers_heaped": Rule(("capacity_t_h",), ("heap_rows",)),
    "transformer_twice": Rule(("capacity_kva", "spare_kva"), ("same_point_m",)),
    "plant_twice": Rule(
        ("plant_id", "capacity_mw", "status"), ("plant_alike_distance_m", "alike_name_ratio", "alike_capacity_share")
    ),
    "coarse_place": _COARSE,
    "coarse_place_decides": _COARSE,
    "capacity_unit": _UNITS,
    "capacity_unit_decides": _DECIDING,
    "capacity_unit_file": _DECIDING,
    "capacity_outlier": Rule(_CAPACITY, ("outlier_mads", "outlier_times", "outlier_rows")),
    "capacity_bound": Rule(_CAPACITY, ("boiler_most_t_h", "plant_unit_least_mw", "plant_unit_most_mw")),
    "building_twice": Rule(("floor_area_m2", "floors"), ("iou_twice",)),
    "building_inside": Rule(("floor_area_m2", "floors"), ("inside_share", "overlap_min_m2")),
    "building_overlap": Rule(("floor_area_m2", "floors"), ("overlap_share", "overlap_min_m2")),
    "footprint_tiny": Rule((), ("tiny_m2",)),
    "footprint_sliver": Rule((), ("sliver_width_m",)),
    "footprint_huge": Rule(("floor_area_m2",), ("huge_m2",)),
    "footprint_pinched": Rule(),
    "areas_overlap": Rule((), ("neighbour_overlap_m2",)),
    "areas_gap": Rule((), ("neighbour_gap_m2", "neighbour_gap_width_m")),
    "floor_area_off": Rule(("floor_area_m2", "floors"), ("floor_area_times", "floor_area_part")),
    "area_unit": _AREAS,
    "area_unit_file": _AREAS,
    "heated_over_floor": Rule(("heated_area_m2", "floor_area_m2"), ("heated_share",)),
    "storey_height": Rule(("height_m", "floors", "use"), ("storey_low_m", "storey_high_m", "home_storey_high_m")),
    "household_area": Rule(("households", "floor_area_m2", "floors", "use"), ("household_low_m2", "household_high_m2")),
    "year_in_future": Rule(("year_built", "status")),
    "county_unknown": Rule(("county_code", "village_code")),
    "village_unknown": Rule(("county_code", "village_code")),
    "codes_disagree": Rule(("county_code", "village_code")),
    "outside_county": _PLACED,
    "near_county_edge": _PLACED,
    "outside_all": _PLACED,
    "outside_town": _PLACED,
    "network_no_source": Rule(("kind", "plant_id", "supplier", "status")),
    "network_plant_unknown": Rule(("kind", "plant_id", "supplier", "status")),
    "area_no_supplier": Rule(("supplier", "document", "status")),
    "area_no_document": Rule(("supplier", "document", "status")),
    "area_size": Rule(("supplier", "status"), ("service_least_m2", "service_most_km2")),
    "pipe_no_dn": Rule(("dn_mm", "status")),
    "pipe_gap": Rule(("plant_id", "status"), ("pipe_gap_m", "pipe_touch_m")),
    "towns_no_boiler": Rule(("town", "county_code")),
    "towns_no_heat_source": Rule(("town", "county_code"), ("silent_buildings",)),
    "villages_no_heat_source": Rule(("town", "county_code"), ("silent_buildings",)),
    "villages_no_building": Rule(("town", "county_code")),
    "name_markup": Rule(),
    "name_formula": Rule(),
    "name_control": Rule(),
}
