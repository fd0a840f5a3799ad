"""The offer of the stand-alone map on a page: choose colourings, generate, download."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from heating.assessment import Assessment
from ui.paint import metric_label
from ui.standalone import standalone_html
from ui.state import result_name
from ui.texts import language, t

_LOG = logging.getLogger(__name__)
_KEPT: Final = "standalone"
_MEGA: Final = 1e6


@dataclass(frozen=True, slots=True)
class _Made:
    """A finished file and what it was made from."""

    wanted: tuple[str, ...]
    page: bytes = field(repr=False)


def offer(done: Assessment, *, metrics: Sequence[str], layers: Sequence[str]) -> None:
    """Show the choice of colourings, a button that generates the file with a progress bar, and its download.

    Parameters
    ----------
    done : Assessment
        What the file shows.
    metrics : sequence of str
        Colourings to choose from, the first chosen to begin with.
    layers : sequence of str
        Layers of features that the file holds.
    """
    spoken = language()
    st.subheader(t("standalone.title"), anchor=False)
    st.caption(t("standalone.lead"))
    chosen = st.pills(
        t("standalone.metrics"),
        list(metrics),
        format_func={name: metric_label(name, spoken) for name in metrics}.__getitem__,
        selection_mode="multi",
        default=list(metrics[:1]),
        key="standalone_metrics",
    )
    if not chosen:
        st.info(t("standalone.choose"))
        return
    asked = tuple(name for name in metrics if name in chosen)
    wanted = (result_name(), spoken, *layers, "", *asked)
    if st.button(t("standalone.make"), key="standalone_make", icon=":material/package_2:"):
        _make(done, asked, layers, wanted)
    made = st.session_state.get(_KEPT)
    if not isinstance(made, _Made):
        return
    if made.wanted != wanted:
        st.info(t("standalone.stale"))
        return
    _download(done, made)


def _make(done: Assessment, metrics: Sequence[str], layers: Sequence[str], wanted: tuple[str, ...]) -> None:
    """Generate the file and keep it for the session in place of an earlier one."""
    st.session_state.pop(_KEPT, None)
    words = t("standalone.making")
    bar = st.progress(0.0, text=words)
    try:
        page = standalone_html(
            done,
            metrics=metrics,
            layers=layers,
            language=language(),
            progress=lambda share: _move(bar, share, words),
        )
    except (ValueError, KeyError, OSError):
        _LOG.exception("the stand-alone map could not be made")
        st.error(t("ui.download_failed"))
        return
    finally:
        bar.empty()
    st.session_state[_KEPT] = _Made(wanted, page)


def _move(bar: st.delta_generator.DeltaGenerator, share: float, words: str) -> None:
    bar.progress(min(1.0, max(0.0, share)), text=words)


def _download(done: Assessment, made: _Made) -> None:
    mark = f"{t('app.synthetic')}_" if done.layers.synthetic else ""
    day = datetime.now(tz=UTC).astimezone().date().isoformat()
    st.download_button(
        t("standalone.download"),
        data=lambda: made.page,
        file_name=f"{mark}{t('standalone.file')}_{day}.html",
        mime="text/html",
        key="standalone_download",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )
    st.caption(t("standalone.ready", size=len(made.page) / _MEGA))
