"""Texts in the language that the person chose."""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st

from data.catalog import LANGUAGES, text

_NAMES = {"zh": "中文", "en": "English"}
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$@/])")


def plain(words: object) -> str:
    r"""Return a user's text so that Markdown shows it as it is: no link, no picture, no HTML comes of it.

    >>> plain("![x](http://a)")
    '\\!\\[x\\]\\(http\\:\\/\\/a\\)'
    """
    return _MARKS.sub(r"\\\1", str(words))


def language() -> str:
    """Return the language of the session; Chinese unless the link or the switch says otherwise."""
    chosen = st.session_state.get("language") or st.query_params.get("lang", LANGUAGES[0])
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def t(key: str, **values: object) -> str:
    """Return a text of the catalogue in the session's language."""
    return text(key, language(), **values)


def enumerated(items: Iterable[object], mark: str = "comma") -> str:
    """Return items one after another, with the comma or the semicolon of the session's language between them."""
    return t(f"list.{mark}").join(map(str, items))


def paired(name: object, value: object) -> str:
    """Return a name and its value, with the colon of the session's language between them."""
    return t("list.pair", name=name, value=value)


def _say_anew() -> None:
    """Hand every chosen value over once more: a browser keeps the words that it showed a choice in."""
    for name, value in st.session_state.items():
        if isinstance(value, str):
            st.session_state[name] = value


def language_switch() -> None:
    """Show the switch and keep the choice in the link."""
    st.session_state.setdefault("language", language())
    st.segmented_control(
        text("ui.language"),
        LANGUAGES,
        format_func=_NAMES.__getitem__,
        key="language",
        label_visibility="collapsed",
        required=True,
        on_change=_say_anew,
    )
    st.query_params["lang"] = language()
