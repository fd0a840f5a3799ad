"""What a session looks at: a data set, a scenario, and the assessment of the two, computed once.

Data sets and results are kept for the whole process; a session holds only their names. An uploaded data set
has an unguessable name, so no other session comes upon it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable
from typing import Any, Final, NoReturn

import streamlit as st

from data.errors import DataError
from heating.assessment import Assessment, assess
from heating.layers import Layers, demo_layers, kept_layers
from heating.scenario import Scenario
from solar.audit import AuditError
from solar.rooftops import Rooftops
from ui.building_tip import recorder
from ui.memory import give_back
from ui.store import STORE, Recent
from ui.texts import language, t
from ui.workspace import store

DEMO: Final = "demo"
WORKSPACE: Final = "kept-"
_RESULTS: Final = 6
_SETS: Final = 4


class _Memory:
    """Data sets and assessments of the process; each is made by one thread while others wait."""

    def __init__(self) -> None:
        self.layers: Recent[Layers] = Recent(_SETS)
        self.results: Recent[Assessment] = Recent(_RESULTS)
        self.solar: Recent[Rooftops] = Recent(_SETS)
        self.making = threading.Lock()

    def fetch(self, kind: Recent[Any], key: object, make: Callable[[], Any]) -> Any:
        """Return a kept value, or make and keep it."""
        found = kind.get(key)
        if found is None:
            with self.making:
                found = kind.get(key)
                if found is None:
                    found = make()
                    kind.put(key, found)
        return found


_MEMORY: Final = _Memory()


def demo_size() -> int:
    """Return how many buildings the demo city has; smaller in tests."""
    return int(os.environ.get("NUANGUANG_DEMO_BUILDINGS", "40000"))


def dataset() -> str:
    """Return the name of the data set that the session looks at: at first the kept city if there is one."""
    if "dataset" not in st.session_state:
        st.session_state["dataset"] = _kept_city() or DEMO
    return str(st.session_state["dataset"])


def _kept_city() -> str | None:
    """Return a name for the kept layers as they are now, None without buildings among them or where none can be read.

    A workspace that cannot be read is told on the page of the data, where it can be mended.
    """
    try:
        current = store().layers()
    except DataError:
        return None
    if "buildings" not in current:
        return None
    said = json.dumps(
        # the same rows may come again from a file of another name, which the pages show as their source
        {name: [record.version, record.sha256, record.file, str(record.time)] for name, record in current.items()},
        sort_keys=True,
    )
    return WORKSPACE + hashlib.sha256(said.encode()).hexdigest()[:24]


def on_demo() -> bool:
    """Say whether the layers in use are the demo city's, whatever weather or elevation they are under."""
    name = dataset()
    return name == DEMO or (not name.startswith(WORKSPACE) and bool(st.session_state.get("layers_of_demo")))


def use_workspace() -> None:
    """Let the session look at the kept layers as they are now."""
    st.session_state["dataset"] = _kept_city() or DEMO


def kept_city_moved() -> bool:
    """Say whether the session looks at kept layers that are no longer the current ones."""
    return dataset().startswith(WORKSPACE) and dataset() != _kept_city()


def keep_dataset(layers: Layers) -> str:
    """Keep the layers in use under another sky for this session, and return the unguessable name of the data set."""
    st.session_state["layers_of_demo"] = on_demo()
    name = secrets.token_hex(12)
    _MEMORY.layers.put(name, layers)
    st.session_state["dataset"] = name
    return name


def scenario() -> Scenario:
    """Return the scenario of the session."""
    chosen = st.session_state.get("scenario")
    return chosen if isinstance(chosen, Scenario) else Scenario()


def choices_digest(chosen: Scenario) -> str:
    """Return a digest of the choices of a scenario; its name is none of them."""
    said = json.dumps(dataclasses.replace(chosen, name="").as_dict(), sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def result_name(chosen: Scenario | None = None) -> str:
    """Return a name for the assessment of the session's data set under a scenario, the session's own if not given."""
    return f"{dataset()}-{choices_digest(scenario() if chosen is None else chosen)[:12]}"


def _layers(progress: Callable[[float, str], None]) -> Layers:
    name = dataset()
    layers: Layers | None
    if name == DEMO:
        layers = _MEMORY.fetch(_MEMORY.layers, DEMO, lambda: demo_layers(buildings=demo_size(), progress=progress))
    elif name == _kept_city():
        layers = _MEMORY.fetch(_MEMORY.layers, name, lambda: kept_layers(store()))
    else:
        layers = _MEMORY.layers.get(name)
    if layers is None:
        # a run that began with one city must not go on with another
        kept = _kept_city() if name.startswith(WORKSPACE) else None
        st.session_state.update(dataset=kept or DEMO, dataset_gone=kept is None)
        st.rerun()
    return layers


def current() -> Assessment:
    """Return the assessment of the session; a progress bar stands on the page while it is made.

    Faults that stop it are shown, with a way back to the demo city, and the page ends there.
    """
    if st.session_state.pop("dataset_gone", False):
        st.warning(t("ui.dataset_gone"))
    return assessment_of(scenario())


def assessment_of(chosen: Scenario) -> Assessment:
    """Return the assessment of the session's data set under any scenario, made and kept as `current` does.

    Its buildings are registered for the map under ``result_name(chosen)``.
    """
    kept = _MEMORY.results.get(result_name(chosen))
    found = _made(chosen) if kept is None else kept
    # Scenarios that differ in nothing but their names share one result.
    done = found if found.scenario.name == chosen.name else dataclasses.replace(found, scenario=chosen)
    _MEMORY.layers.get(dataset())  # used now: other data sets give way first
    register(done)
    if kept is None:
        give_back()
    return done


def register(done: Assessment) -> None:
    """Let the map draw the buildings of an assessment; again costs nothing."""
    STORE.set_buildings(
        result_name(done.scenario),
        done.buildings,
        record=recorder(done.buildings),
        outlines=done.layers.frames["buildings"],
    )


def _made(chosen: Scenario) -> Assessment:
    """Make and keep an assessment under a progress bar with a way to stop it."""
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, text=t("step.reading"))
        # pressing it runs the page anew, which stops the run at its next step and keeps nothing of it
        if st.button(t("ui.cancel"), key=f"cancel_{result_name(chosen)}", icon=":material/close:"):
            _offer_to_go_on(place)

    def told(share: float, step: str) -> None:
        words = t(f"step.{step}") if step in _STEPS else step
        bar.progress(min(1.0, max(0.0, share)), text=words)

    try:
        layers = _layers(told)
        done: Assessment = _MEMORY.fetch(_MEMORY.results, result_name(chosen), lambda: _assessed(layers, chosen, told))
    except DataError as error:
        place.empty()
        show_faults(error)
        back_to_demo()
        st.stop()
    except AuditError as error:
        place.empty()
        st.error(t("ui.audit_failed"))
        st.text(str(error))
        back_to_demo()
        st.stop()
    place.empty()
    return done


def _assessed(layers: Layers, chosen: Scenario, told: Callable[[float, str], None]) -> Assessment:
    """Assess; what another reading of the Plan does not touch, the roofs and their yields, is kept."""
    key = (dataset(), chosen.roofs, chosen.solar, tuple(sorted(chosen.parameters.items())))
    done = assess(layers, chosen, solar=_MEMORY.solar.get(key), progress=told)
    _MEMORY.solar.put(key, done.solar)
    return done


def _offer_to_go_on(place: Any) -> NoReturn:
    """Say that the run was stopped, with a way on and a way back."""
    with place.container():
        st.info(t("ui.cancelled"))
        st.button(t("ui.go_on"), type="primary", icon=":material/play_arrow:")
        back_to_demo()
    st.stop()


def back_to_demo() -> None:
    """Offer the way back to the demo city where another data set is shown."""
    if dataset() != DEMO and st.button(t("files.back_to_demo"), icon=":material/undo:"):
        st.session_state["dataset"] = DEMO
        st.rerun()


_STEPS: Final = ("reading", "zones", "demand", "roofs", "scene", "terrain", "yields", "audit", "verdicts", "done")


def show_faults(error: DataError) -> None:
    """Show all faults of data that could not be used, as plain text."""
    st.error(t("ui.cannot_use"))
    for fault in error.faults:
        st.text(fault.message(language()))
