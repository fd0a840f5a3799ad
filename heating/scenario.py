"""All choices of a run in one frozen value, so that a result can be told exactly and made again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from data import parameters
from data.errors import DataError, Fault
from data.schemas import HEAT_SOURCES
from geo.zones import ZoneOptions
from solar.options import YieldOptions
from solar.roof_options import RoofOptions

COUNTED_SOURCES: Final = tuple(source for source in HEAT_SOURCES if source not in ("none", "unknown"))


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
    review_band_m: float = Field(default_factory=lambda: parameters.value("policy", "review_band_m"), ge=0)
    fringe_as_urban: bool = False
    other_towns_as_rural: bool = False
    mining_streets_open: bool = False
    area_per_household_m2: float = Field(
        default_factory=lambda: parameters.value("policy", "area_per_household_m2"), gt=0
    )
    clean_overrides: dict[Literal[COUNTED_SOURCES], bool] = Field(default_factory=dict)  # type: ignore[valid-type]
    allow_distant_weather: bool = False
    roofs: RoofOptions = Field(default_factory=RoofOptions)
    solar: YieldOptions = Field(default_factory=YieldOptions)

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


def from_json(content: str | bytes, *, file: str = "scenario") -> Scenario:
    """Read a scenario, refusing unknown names and impossible values, all at once.

    Raises
    ------
    DataError
        With one fault for each bad entry.
    """
    try:
        # Strictly, and by way of JSON: "radius_km": true must not pass as 1 km.
        return _ADAPTER.validate_json(json.dumps(json.loads(content)), strict=True)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError([Fault(rule="not_json", effect="refused", file=file, got=str(error))]) from error
    except ValidationError as error:
        raise DataError(
            Fault(
                rule="scenario_entry",
                effect="refused",
                file=file,
                column=".".join(str(part) for part in problem["loc"]),
                expected=problem["msg"],
                got=repr(problem["input"])[:80],
            )
            for problem in error.errors()
        ) from error


def read(path: Path) -> Scenario:
    """Read a scenario file (JSON)."""
    try:
        return from_json(path.read_bytes(), file=path.name)
    except OSError as error:
        raise DataError([Fault(rule="file_missing", effect="refused", file=path.name)]) from error
