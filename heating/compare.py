"""What differs between two runs: choices, figures a leader asks for, boilers and buildings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from data import parameters
from data.catalog import UNKNOWN, ZONES, label, text
from heating import rates
from heating.assessment import Assessment
from heating.report import county_names
from heating.scenario import Scenario
from heating.wording import coded_label

Figure = float | str | None
Figures = Mapping[str, Figure]

SCOPES: Final = (*ZONES, UNKNOWN, rates.ALL)
RATE_FIGURES: Final = (
    "rate_low",
    "rate_high",
    "gap_low_m2",
    "gap_high_m2",
    "gap_low_households",
    "gap_high_households",
)
CLASSES: Final = ("zone", "clean_heating", "in_service_area")
_OTHER_VERDICTS: Final = ("review", "exempt", "none", "not_coal", "retired")
_ROUNDING: Final = 1e-9
_OPTION: Final = "option"
# How a figure is shown: how many of its unit make one shown unit, and decimals.
_SHOWN: Final[dict[str, tuple[float, int]]] = {
    "gap_low_m2": (1e4, 2),
    "gap_high_m2": (1e4, 2),
    "gap_low_households": (1, 0),
    "gap_high_households": (1, 0),
    "capacity_mw": (1, 1),
    "yield_gwh": (1, 1),
    "p90_gwh": (1, 1),
    "peak_mw": (1, 1),
    "annual_tj": (1, 1),
}


def _known(value: Any) -> Figure:
    """Return a cell as a plain value; None where it is not known."""
    if pd.isna(value):
        return None
    return str(value) if isinstance(value, str) else float(value)


def _total(values: pd.Series, factor: float) -> Figure:
    """Return the sum of what is known, times a factor; None where nothing is."""
    return _known(values.astype(float).sum(min_count=1) * factor)


def _rate_figures(table: pd.DataFrame) -> Iterator[tuple[str, Figure]]:
    whole = table[table["county_code"] == rates.ALL].set_index("zone").to_dict("index")
    for scope in SCOPES:
        row = whole.get(scope, {})
        for figure in RATE_FIGURES:
            yield f"{scope}/{figure}", _known(row.get(figure))
        yield f"{scope}/standing", _known(row.get("standing"))


def verdict_codes() -> tuple[str, ...]:
    """Return every verdict that a boiler can have."""
    return (*parameters.table("boiler_rules").index.astype(str), *_OTHER_VERDICTS)


def key_figures(done: Assessment) -> dict[str, Figure]:
    """Return the figures that a leader asks for, as plain values.

    Parameters
    ----------
    done : Assessment
        One run.

    Returns
    -------
    dict
        ``scope/figure`` → number, code or None where it is not known. Scopes are the zones, ``unknown`` and
        ``all`` (rates [1], gaps [m2] and households [1], standing), ``boilers`` (count by verdict), ``roofs``
        (count, MW, GWh, P90 in GWh) and ``heat`` (MW, TJ, and how many buildings have no heat index).
    """
    buildings, boilers = done.buildings, done.boilers
    given = done.layers.get("boilers") is not None
    counts = boilers["verdict"].value_counts().to_dict()
    capacity = buildings["capacity_kw"]
    return {
        **dict(_rate_figures(done.clean_heating)),
        **{f"boilers/{code}": float(counts.get(code, 0)) if given else None for code in verdict_codes()},
        "roofs/count": float((capacity > 0).sum()),
        "roofs/capacity_mw": _total(capacity, 1e-3),
        "roofs/yield_gwh": _total(buildings["yield_kwh"], 1e-6),
        "roofs/p90_gwh": _total(buildings["p90_kwh"], 1e-6),
        "heat/peak_mw": _total(buildings["peak_kw"], 1e-3),
        "heat/annual_tj": _total(buildings["heat_gj"], 1e-3),
        "heat/without_index": float(buildings["heat_index_w_m2"].isna().sum()),
    }


def _moved(a: Figure, b: Figure) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return not math.isclose(a, b, rel_tol=_ROUNDING)
    return a != b


def differences(a: Assessment | Figures, b: Assessment | Figures) -> pd.DataFrame:
    """Return the figures of two runs side by side.

    Parameters
    ----------
    a, b : Assessment or mapping
        A run, or its figures as `key_figures` gave them.

    Returns
    -------
    pandas.DataFrame
        ``scope, figure, a, b, change, moved``: the change is b minus a in the unit of `key_figures`, NaN for codes
        and where either is not known; `moved` leaves rounding out (relative 1e-9). What is known of neither has
        no row.
    """
    old, new = (key_figures(run) if isinstance(run, Assessment) else run for run in (a, b))
    rows = []
    for key in dict.fromkeys((*old, *new)):
        scope, _, figure = key.partition("/")
        left, right = old.get(key), new.get(key)
        if left is None and right is None:
            continue
        change = right - left if isinstance(left, float) and isinstance(right, float) else math.nan
        rows.append((scope, figure, left, right, change, _moved(left, right)))
    table = pd.DataFrame(rows, columns=["scope", "figure", "a", "b", "change", "moved"])
    return table.astype({"a": object, "b": object, "change": float, "moved": bool})


def _scaled(figure: str, value: float) -> tuple[Decimal, int]:
    """Return a number as it is shown, and its decimals; rates are cut off, in percent."""
    if figure.startswith("rate_"):
        return Decimal(rates.shown_percent(value).removesuffix("%")), 2
    per, digits = _SHOWN.get(figure, (1, 0))
    return round(Decimal(value / per), digits), digits


def _figure(figure: str, value: Figure, language: str) -> str:
    if value is None:
        return "—"
    if isinstance(value, str):
        return label("standing", value, language)
    shown, digits = _scaled(figure, value)
    return f"{shown:,.{digits}f}" + "%" * figure.startswith("rate_")


def _change(row: Mapping[Any, Any], language: str) -> str:
    """Return a change in words: the difference of the two numbers as they are shown, so that the line adds up."""
    if not row["moved"]:
        return text("compare.same", language)
    figure, change = str(row["figure"]), float(row["change"])
    if math.isnan(change):
        return text("compare.changed", language)
    (old, digits), (new, _) = (_scaled(figure, row[side]) for side in ("a", "b"))
    size = f"{abs(new - old):,.{digits}f}"
    if new == old:
        size = text("compare.below", language, size=f"{10.0**-digits:g}")
    said = f"{'+' if change > 0 else '−'}{size}"
    return text("compare.points", language, size=said) if figure.startswith("rate_") else said


def in_words(table: pd.DataFrame, *, names: tuple[str, str], language: str) -> pd.DataFrame:
    """Return differences as a person reads them.

    Parameters
    ----------
    table : pandas.DataFrame
        From `differences`, or some of its rows.
    names : tuple of str
        Headers of the two runs; they must differ.
    language : str
        ``zh`` or ``en``.

    Returns
    -------
    pandas.DataFrame
        Texts only: where, what, the two values and the change. Rates are cut off, never rounded up.
    """
    said = [
        (
            label("compare.scope", row["scope"], language),
            label("verdict" if row["scope"] == "boilers" else "compare.figure", row["figure"], language),
            _figure(row["figure"], row["a"], language),
            _figure(row["figure"], row["b"], language),
            _change(row, language),
        )
        for row in table.to_dict("records")
    ]
    headers = [text("compare.where", language), text("compare.what", language), *names]
    return pd.DataFrame(said, columns=[*headers, text("compare.change", language)], dtype=object)


def _joined(a: pd.DataFrame, b: pd.DataFrame, key: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the columns of two frames side by side by a key, in the order of the first; NA where one lacks it."""
    pair = [
        pd.DataFrame(frame)[[key, *columns]].astype(dict.fromkeys(columns, object)).set_index(key).add_suffix(f"_{end}")
        for end, frame in (("a", a), ("b", b))
    ]
    return pair[0].join(pair[1], how="outer", sort=False)


def differing(a: pd.Series, b: pd.Series) -> pd.Series:
    """Return where two aligned columns of codes differ; what is missing in both is the same."""
    left, right = a.astype(object), b.astype(object)
    return ~((left == right).fillna(value=False).astype(bool) | (left.isna() & right.isna()))


def flips(a: Assessment, b: Assessment) -> pd.DataFrame:
    """Return the boilers whose verdict differs between two runs.

    Parameters
    ----------
    a, b : Assessment
        Two runs; a boiler that only one of them has counts as differing, its other verdict is missing.

    Returns
    -------
    pandas.DataFrame
        ``boiler_id, name, county, capacity_t_h`` [t/h] and, as codes with the endings ``_a`` and ``_b``,
        ``verdict, rules_hit, rules_open``.
    """
    judged = ("verdict", "rules_hit", "rules_open")
    pair = _joined(a.boilers, b.boilers, "boiler_id", judged)
    pair = pair[differing(pair["verdict_a"], pair["verdict_b"])]
    facts = pd.concat(
        [pd.DataFrame(run.boilers)[["boiler_id", "name", "county_code", "capacity_t_h"]] for run in (a, b)]
    )
    facts = facts.drop_duplicates("boiler_id").set_index("boiler_id").reindex(pair.index)
    names = county_names(b) | county_names(a)
    county = facts["county_code"].map(names).fillna(facts["county_code"])
    shown = facts.assign(county=county)[["name", "county", "capacity_t_h"]]
    ends = [f"{name}_{end}" for name in judged for end in ("a", "b")]
    return shown.join(pair[ends]).rename_axis("boiler_id").reset_index()


def flips_in_words(table: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return flips of boilers or buildings with codes in the reader's words; columns keep their names."""

    def said(name: str, codes: Any) -> str:
        if pd.isna(codes):
            return text("compare.not_there", language)
        if name.startswith("rules"):
            return "；".join(f"{code} {label('rule', code, language)}" for code in str(codes).split(";") if code) or "—"
        return coded_label(name, codes, language)

    sides = [name for name in table.columns if name.endswith(("_a", "_b"))]
    words = {name: pd.Series([said(name[:-2], codes) for codes in table[name]], dtype=object) for name in sides}
    return table.reset_index(drop=True).assign(**words)


def building_flips(a: Assessment, b: Assessment) -> pd.DataFrame:
    """Return the buildings whose zone, cleanness or coverage differs between two runs.

    Parameters
    ----------
    a, b : Assessment
        Two runs of the same buildings.

    Returns
    -------
    pandas.DataFrame
        ``building_id`` and, as codes with the endings ``_a`` and ``_b``, ``zone, clean_heating, in_service_area``.

    Raises
    ------
    ValueError
        If the two runs do not have the same buildings.
    """
    if set(a.buildings["building_id"]) != set(b.buildings["building_id"]):
        raise ValueError("the two runs have different buildings")
    pair = _joined(a.buildings, b.buildings, "building_id", CLASSES)
    other = [differing(pair[f"{name}_a"], pair[f"{name}_b"]) for name in CLASSES]
    return pair[other[0] | other[1] | other[2]].reset_index()


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def changed(a: Scenario, b: Scenario) -> dict[str, tuple[Any, Any]]:
    """Return the choices that differ by their dotted path, old and new; the name is none of them.

    Parameters
    ----------
    a, b : Scenario
        Old and new. What one of them does not say is None there.
    """
    old, new = (dict(_leaves(chosen.as_dict())) for chosen in (a, b))
    pairs = {path: (old.get(path), new.get(path)) for path in dict.fromkeys((*old, *new)) if path != "name"}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def _constant(path: str) -> parameters.Parameter | None:
    """Return the cited constant that a choice overrides, if it overrides one."""
    group, _, key = path.partition(".")
    return parameters.row(key) if group == "parameters" else None


def _choice(path: str, language: str) -> str:
    """Return what a choice is called."""
    constant = _constant(path)
    if constant is not None:
        return f"{constant.label_zh if language == 'zh' else constant.label_en} [{constant.unit}]"
    group, _, rest = path.partition(".")
    if group == "clean_overrides":
        return text("option.clean_overrides", language, source=coded_label("heat_source", rest, language))
    return label(_OPTION, path, language)


def _value(path: str, value: Any, language: str) -> str:
    constant = _constant(path)
    if value is None and constant is not None:
        return f"{constant.value:.12g}"
    if value is None:
        return text("compare.by_default", language)
    if isinstance(value, bool):
        return label("state", "yes" if value else "no", language)
    if isinstance(value, int | float):
        return f"{value:.12g}"
    return label(f"{_OPTION}.{path}", value, language)


def choices(a: Scenario, b: Scenario, *, language: str = "zh") -> pd.DataFrame:
    """Return the choices that differ between two scenarios in words.

    Parameters
    ----------
    a, b : Scenario
        Old and new.
    language : str
        ``zh`` or ``en``.

    Returns
    -------
    pandas.DataFrame
        ``choice, a, b``, texts only.
    """
    rows = [
        (_choice(path, language), *(_value(path, value, language) for value in pair))
        for path, pair in changed(a, b).items()
    ]
    return pd.DataFrame(rows, columns=["choice", "a", "b"], dtype=object)
