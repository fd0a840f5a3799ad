"""What a person may choose about the yield; every default is the one that the validation table speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from solar.sky import MODELS, SkyModel
from solar.system import TemperatureModel

WeatherMode = Literal["nearest", "interpolated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class YieldOptions:
    """Choices for all roofs of a run.

    Parameters
    ----------
    sky_model : {"perez", "haydavies", "isotropic"}
        Of the diffuse sky.
    diffuse_glass : bool
        Whether diffuse light loses its part to reflection at the glass too; PVWatts 5 leaves it out.
    temperature_model : {"noct", "sapm"}
        Of the cells, see `solar.system.heating_per_watt`.
    building_shade : bool
        Whether buildings shade each other's roofs.
    weather_mode : {"nearest", "interpolated"}
        How a roof takes its weather from several cells.

    Raises
    ------
    ValueError
        Naming every option that is none of its choices.
    """

    sky_model: SkyModel = "perez"
    diffuse_glass: bool = True
    temperature_model: TemperatureModel = "noct"
    building_shade: bool = True
    weather_mode: WeatherMode = "nearest"

    def __post_init__(self) -> None:
        faults = [
            f"{name} is one of {', '.join(choices)}, not {value!r}"
            for name, value, choices in (
                ("sky_model", self.sky_model, MODELS),
                ("temperature_model", self.temperature_model, get_args(TemperatureModel)),
                ("weather_mode", self.weather_mode, get_args(WeatherMode)),
            )
            if value not in choices
        ]
        if faults:
            raise ValueError("; ".join(faults))
