"""All choices of a run in one frozen value, so that a result can be told exactly and made again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic.dataclasses import dataclass

from data import parameters
from data.codes import HEAT_SOURCES
from data.errors import DataError, Fault
from geo.zones import ZoneOptions
from solar.options import YieldOptions
from solar.roof_options import RoofOptions

COUNTED_SOURCES: Final = tuple(source for source in HEAT_SOURCES if source not in ("none", "unknown"))
FIELDS: Final = {
    "policy.target_urban": "target_urban",
    "policy.target_county_town": "target_county_town",
    "policy.target_rural": "target_rural",
    "policy.plant_radius_km": "radius_km",
    "policy.chp_min_mw": "chp_min_mw",
    "policy.small_boiler_t_h": "small_boiler_t_h",
    "policy.ultra_low_t_h": "ultra_low_t_h",
    "policy.review_band_m": "review_band_m",
    "policy.area_per_household_m2": "area_per_household_m2",
}
"""Constants that are fields of the scenario: the field is the only way to change them."""
_READING: Final = (
    "policy.mw_per_t_h",
    "pv.reference_wind_speed",
    "pv.clean_sky_linke_turbidity",
    "pv.closure_",
    "pv.weather_",
    "weather.clock_",
    "crs.",
    "limits.",
)
_METHOD: Final = (
    "engine.audit_",
    "engine.years_",
    "horizon.nearest_m",
    "horizon.points_a_side",
    "roofs.assumed_",
    "quality.",
)


def fixed_because(key: str) -> str:
    """Return why a constant is the same in every scenario: ``reading``, ``method``, or empty where it is not.

    ``reading``: it acts while files are read, before there is a scenario. ``method``: it is a step or a safeguard of
    the computation, or a row that says something by being there.
    """
    if key.startswith(_READING):
        return "reading"
    return "method" if key.startswith(_METHOD) else ""


def parameter_faults(values: Mapping[str, float], *, file: str = "scenario") -> list[Fault]:
    """Return what is wrong with the changed constants of a scenario.

    Parameters
    ----------
    values : mapping
        ``table.name`` → value in the unit of the row.
    file : str
        Where they come from, for the reader.

    Returns
    -------
    list of Fault
        Those of `data.parameters.faults`, one for each constant that is a field or fixed, and one where the heating
        season comes out upside down.
    """
    found = parameters.faults(values, file=file)
    wrong = {fault.column for fault in found}
    for key in (key for key in values if key not in wrong):
        because = "field" if key in FIELDS else fixed_because(key)
        if because:
            rule = {"field": "parameter_is_field", "reading": "parameter_of_reading", "method": "parameter_of_method"}
            found.append(
                Fault(rule=rule[because], effect="refused", file=file, column=key, expected=FIELDS.get(key, ""))
            )
    if not wrong:
        found += _season_faults(values, file)
    return found


def _season_faults(values: Mapping[str, float], file: str) -> list[Fault]:
    """Return a fault where rooms are no warmer than the mean, or the mean no warmer than the design temperature."""
    names = ("indoor_temperature", "mean_outdoor_temperature", "design_outdoor_temperature")
    keys = [f"heat_indices.{name}" for name in names]
    inside, mean, design = (
        values.get(key, parameters.cited("heat_indices")[name].value) for key, name in zip(keys, names, strict=True)
    )
    if inside > mean >= design:
        return []
    said = f"{inside:g} > {mean:g} ≥ {design:g} degC"
    return [Fault(rule="parameter_season", effect="refused", file=file, column=", ".join(keys), got=said)]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Scenario:
    """The readings and targets of one run; every default is the policy table's or FACTS §A3's.

    Parameters
    ----------
    target_urban, target_county_town, target_rural : float
        Clean-heating targets [1].
    radius_km, chp_min_mw : float
        Distance and size of the plant clause [km, MW].
    small_boiler_t_h, ultra_low_t_h : float
        Limits of the small-boiler and the ultra-low-emission clauses [t/h].
    include_35 : bool
        Whether a boiler of exactly the limit counts as below it.
    plant_reading : {"plant", "unit"}
        Whether the plant's total or its largest unit must reach `chp_min_mw`.
    captive_counts : bool
        Whether captive plants can be the centre of a radius.
    distance_from : {"fence", "point"}
        Measure to the plant's outline where there is one, or always to its point.
    backup_exempt_from_radius : bool
        Whether the exemption of backup and peaking boilers extends to the plant clause.
    power_boilers_count : bool
        Whether the small-boiler, plant and network clauses also speak of power stations' boilers.
    capacity_by : {"boiler", "site"}
        Whether a limit of size is held against the single boiler or against all standing coal boilers of one owner.
    premise_decides : bool
        Whether the plant clause applies only where heat supply is assured; otherwise that is asked for afterwards.
    tap_reach_m, tap_min_dn_mm : float, optional
        How far from a running main a place counts as reachable [m], and the least diameter of such a main [mm]. No
        source gives them: without a reach nothing is called reachable.
    reach_along : {"line", "street"}
        Whether that reach is a straight line or a way along streets.
    as_of : str, optional
        Day on which declarations must be in force, ``2026-11-23``; None believes them whatever their term.
    season : {"weather", "table"}
        Whether the degree-days of the heating season come from hourly weather where there is any, or always from the
        mean temperature of the parameter table.
    review_band_m : float
        Half width of the band round a limit inside which a verdict is left to a person [m].
    fringe_as_urban, other_towns_as_rural, mining_streets_open : bool
        Zone readings, see `geo.zones.ZoneOptions`.
    area_per_household_m2 : float
        Floor area that stands for one household where none are declared [m2].
    clean_overrides : dict
        Heat sources counted differently from the taxonomy: source → clean or not. An unknown source and no
        heating at all are facts, not readings: they cannot be overridden.
    allow_distant_weather : bool
        Use a weather station beyond the distance limit.
    parameters : dict
        Other values of constants: ``table.name`` → value in the unit of the row. Constants that are `FIELDS` here, and
        those that are `fixed_because` of something, are refused.
    roofs : RoofOptions
        Choices of the roof design, see `solar.roof_options.RoofOptions`.
    solar : YieldOptions
        Choices of the yield, see `solar.options.YieldOptions`.
    """

    name: str = "default"
    target_urban: float = Field(default_factory=lambda: parameters.value("policy", "target_urban"), ge=0, le=1)
    target_county_town: float = Field(
        default_factory=lambda: parameters.value("policy", "target_county_town"), ge=0, le=1
    )
    target_rural: float = Field(default_factory=lambda: parameters.value("policy", "target_rural"), ge=0, le=1)
    radius_km: float = Field(default_factory=lambda: parameters.value("policy", "plant_radius_km"), gt=0, le=200)
    chp_min_mw: float = Field(default_factory=lambda: parameters.value("policy", "chp_min_mw"), gt=0)
    small_boiler_t_h: float = Field(default_factory=lambda: parameters.value("policy", "small_boiler_t_h"), gt=0)
    ultra_low_t_h: float = Field(default_factory=lambda: parameters.value("policy", "ultra_low_t_h"), gt=0)
    include_35: bool = False
    plant_reading: Literal["plant", "unit"] = "plant"
    captive_counts: bool = False
    distance_from: Literal["fence", "point"] = "fence"
    backup_exempt_from_radius: bool = True
    power_boilers_count: bool = False
    capacity_by: Literal["boiler", "site"] = "boiler"
    premise_decides: bool = True
    tap_reach_m: float | None = Field(default=None, ge=1, le=5000)
    tap_min_dn_mm: float | None = Field(default=None, ge=15, le=2000)
    reach_along: Literal["line", "street"] = "line"
    as_of: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    season: Literal["weather", "table"] = "weather"
    review_band_m: float = Field(default_factory=lambda: parameters.value("policy", "review_band_m"), ge=0)
    fringe_as_urban: bool = False
    other_towns_as_rural: bool = False
    mining_streets_open: bool = False
    area_per_household_m2: float = Field(
        default_factory=lambda: parameters.value("policy", "area_per_household_m2"), gt=0
    )
    clean_overrides: dict[Literal[COUNTED_SOURCES], bool] = Field(default_factory=dict)  # type: ignore[valid-type]
    allow_distant_weather: bool = False
    parameters: dict[str, float] = Field(default_factory=dict)
    roofs: RoofOptions = Field(default_factory=RoofOptions)
    solar: YieldOptions = Field(default_factory=YieldOptions)

    @field_validator("parameters", mode="before")
    @classmethod
    def _can_be(cls, given: object) -> object:
        """Refuse changed constants that cannot be, all at once."""
        wrong = parameter_faults(given) if isinstance(given, Mapping) else []
        if wrong:
            raise DataError(wrong)
        return given

    @field_validator("as_of")
    @classmethod
    def _is_a_day(cls, given: str | None) -> str | None:
        """Refuse a day that no calendar has."""
        if given is not None:
            date.fromisoformat(given)
        return given

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        """Refuse a roof layout that does not go with the changed constants."""
        if self.parameters:
            with parameters.overridden(self.parameters):
                dataclasses.replace(self.roofs)
        return self

    @property
    def zone_options(self) -> ZoneOptions:
        """The part of the scenario that decides zones."""
        return ZoneOptions(
            fringe_as_urban=self.fringe_as_urban,
            other_towns_as_rural=self.other_towns_as_rural,
            mining_streets_open=self.mining_streets_open,
        )

    def target(self, zone: str) -> float | None:
        """Return the target of a zone [1], or None where the Plan sets none."""
        return {"urban": self.target_urban, "county_town": self.target_county_town, "rural": self.target_rural}.get(
            zone
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the scenario as plain values."""
        return asdict(self)


_ADAPTER = TypeAdapter(Scenario)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A constant that a scenario changes: the cited row, and the value in its place."""

    cited: parameters.Parameter
    value: float


def values_in_use(scenario: Scenario) -> dict[str, float]:
    """Return every named constant as a scenario has it: ``table.name`` → value in the unit of the row."""
    cited = {one.key: one.value for table in parameters.NAMED for one in parameters.cited(table).values()}
    return cited | {key: getattr(scenario, field) for key, field in FIELDS.items()} | scenario.parameters


def changes(scenario: Scenario) -> list[Change]:
    """Return the constants that a scenario changes, by its fields or its parameters, in the order of the tables."""
    used = values_in_use(scenario)
    rows = (one for table in parameters.NAMED for one in parameters.cited(table).values())
    return [Change(cited=one, value=used[one.key]) for one in rows if used[one.key] != one.value]


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """Return the scenario with other values of constants, be they fields or parameters.

    Parameters
    ----------
    scenario : Scenario
        What to start from.
    values : mapping
        ``table.name`` → value in the unit of the row; the cited value undoes a change.

    Raises
    ------
    data.errors.DataError
        With a fault for each value that cannot be.
    """
    fields: dict[str, Any] = {FIELDS[key]: float(given) for key, given in values.items() if key in FIELDS}
    merged = scenario.parameters | {key: given for key, given in values.items() if key not in FIELDS}
    cited = {key: parameters.row(key) for key in merged}
    kept = {key: given for key, given in merged.items() if (one := cited[key]) is None or given != one.value}
    wrong = parameters.faults({key: given for key, given in values.items() if key in FIELDS})
    wrong += parameter_faults(kept)
    if wrong:
        raise DataError(wrong)
    try:
        return dataclasses.replace(scenario, **fields, parameters=kept)
    except ValidationError as error:
        raise DataError(_entry_faults(error, file="scenario")) from error


def without_changes(scenario: Scenario, keys: Iterable[str]) -> Scenario:
    """Return the scenario with the cited values of some constants (``table.name``), whatever it had for them."""
    return with_values(scenario, {key: one.value for key in keys if (one := parameters.row(key)) is not None})


def from_json(content: str | bytes, *, file: str = "scenario") -> Scenario:
    """Read a scenario, refusing unknown names and impossible values, all at once.

    Raises
    ------
    DataError
        With one fault for each bad entry.
    """
    try:
        # Strictly, and by way of JSON: "radius_km": true must not pass as 1 km.
        given = json.dumps(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise DataError([Fault(rule="not_json", effect="refused", file=file, got=str(error)[:200])]) from error
    try:
        return _ADAPTER.validate_json(given, strict=True)
    except ValidationError as error:
        raise DataError(_entry_faults(error, file=file)) from error


def _entry_faults(error: ValidationError, *, file: str) -> list[Fault]:
    """Return one fault for each bad entry; those of changed constants come with their own."""
    found: list[Fault] = []
    for problem in error.errors():
        cause = problem.get("ctx", {}).get("error")
        if isinstance(cause, DataError):
            found += [
                dataclasses.replace(fault, file=file, column=f"parameters.{fault.column}") for fault in cause.faults
            ]
        else:
            place = ".".join(str(part) for part in problem["loc"])
            said, got = problem["msg"], repr(problem["input"])[:80]
            found.append(
                Fault(rule="scenario_entry", effect="refused", file=file, column=place, expected=said, got=got)
            )
    return found


def read(path: Path) -> Scenario:
    """Read a scenario file (JSON)."""
    try:
        return from_json(path.read_bytes(), file=path.name)
    except OSError as error:
        raise DataError([Fault(rule="file_missing", effect="refused", file=path.name)]) from error
