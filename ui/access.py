"""Who may look and who may change: optional log-in, two roles, and the one door for pages and routes.

Without an ``[auth]`` section in ``secrets.toml`` there is no log-in and everyone is an editor: one office PC. With it,
Streamlit's ``st.login`` (OpenID Connect) says who somebody is, and ``[nuanguang]`` says what they may do. A setting
that is absent or wrong shuts the door. Pages ask `role`, routes ask `admission`; both read the same claims.

What is relied on of Streamlit beyond its documented functions, and guarded by tests/ui/test_access.py: the secrets
that its log-in reads, the name, signature and parts of the identity cookie, and that the cookie holds the claims of
the ID token with ``origin`` and ``is_logged_in``. A page learns of a sign-out in another tab from `_ENDED`, which
lives as long as the process.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, Protocol

import streamlit as st
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from ui.access_rules import Rules, Trouble, door, folded
from ui.texts import language_switch, plain, t

Role = Literal["editor", "reader"]
Standing = Literal["editor", "reader", "unlisted", "away"]
Admission = Literal["off", "shut", "editor", "reader", "unlisted", "away"]

_REMEMBERED: Final = 10_000
_LONGEST: Final = 120
_ENDED: Final[dict[tuple[str, ...], None]] = {}


class _HasCookies(Protocol):
    @property
    def cookies(self) -> Mapping[str, str]: ...


def _sign_in_id(claims: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(claims.get(name)) for name in ("iss", "sub", "iat", "nonce"))


def _too_old(claims: Mapping[str, Any], hours: float | None) -> bool:
    since = claims.get("iat")
    if hours is None:
        return False
    return isinstance(since, bool) or not isinstance(since, int | float) or time.time() - since > hours * 3600


def _called(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Return the values by which the lists may know somebody; an address that the provider doubts is none."""
    if claim == "email" and claims.get("email_verified") is False:
        return frozenset()
    said = claims.get(claim)
    values = said if isinstance(said, list | tuple) else [said]
    return frozenset(folded(one, claim) for one in values if isinstance(one, str) and one.strip())


def standing(claims: Mapping[str, Any], rules: Rules) -> Standing:
    """Return what somebody with these claims may do.

    Parameters
    ----------
    claims : mapping
        Claims of the ID token with ``is_logged_in``, as ``st.user`` and the identity cookie hold them.
    rules : Rules
        The lists.

    Returns
    -------
    str
        ``editor`` or ``reader``; ``unlisted`` for somebody known who is in no list; ``away`` for nobody.
    """
    if claims.get("is_logged_in") is not True or _sign_in_id(claims) in _ENDED or _too_old(claims, rules.hours):
        return "away"
    called = _called(claims, rules.claim)
    if rules.editors is None or called & rules.editors:
        return "editor"
    return "reader" if rules.readers is None or called & rules.readers else "unlisted"


def claims_of(cookies: Mapping[str, str], origin: str) -> dict[str, Any]:
    """Return the claims of Streamlit's signed identity cookie, or nothing.

    Parameters
    ----------
    cookies : mapping of str to str
        Cookies of a request.
    origin : str
        Scheme, host and port that the cookie must have been made for.

    Returns
    -------
    dict
        Empty where the cookie is absent, forged, expired, signed with another secret or made for another origin.
    """
    secret = get_cookie_secret()

    def part(name: str) -> bytes | None:
        said = cookies.get(name)
        # header bytes are latin-1 (RFC 9110 §5.5), as Streamlit reads them
        return None if said is None else decode_signed_value(secret, name, said.encode("latin-1", "replace"))

    packed = get_cookie_with_chunks(part, USER_COOKIE_NAME)
    try:
        claims = json.loads(packed) if packed else None
    except ValueError:
        claims = None
    return claims if isinstance(claims, dict) and claims.get("origin") == origin else {}


def admission(asked: _HasCookies) -> Admission:
    """Return whether a request may be answered.

    Parameters
    ----------
    asked : object with ``cookies``
        The request; its cookies are not looked at while log-in is off.

    Returns
    -------
    str
        ``off``: no log-in, answer; ``editor``, ``reader``: answer; ``away``, ``unlisted``, ``shut``: refuse.
    """
    now = door()
    if now.rules is None:
        return "shut" if now.troubles else "off"
    return standing(claims_of(asked.cookies, now.rules.origin), now.rules)


def role() -> Role | None:
    """Return what the person at this page may do; None for nobody, somebody in no list, and wrong settings."""
    now = door()
    if now.rules is None:
        return None if now.troubles else "editor"
    found = standing(st.user.to_dict(), now.rules)
    return found if found in ("editor", "reader") else None


def may_edit() -> bool:
    """Say whether the person may import, undo, accept, and ask for unmasked exports."""
    return role() == "editor"


def person() -> str:
    """Return who is at this page, as plain text for a log or the screen; it is not safe as Markdown.

    Without log-in it is the local user; else the name and the value of the claim that the lists are about, or what
    else tells the person apart.
    """
    now = door()
    if now.rules is None:
        return t("access.nobody" if now.troubles else "access.local_user")
    claims = st.user.to_dict()
    if claims.get("is_logged_in") is not True:
        return t("access.nobody")
    tried = (claims.get(one) for one in (now.rules.claim, "email", "preferred_username", "sub"))
    address = _line(next((one for one in tried if isinstance(one, str) and one.strip()), ""))
    name = _line(claims.get("name"))
    return t("access.person", name=name, address=address) if name and name != address else address


def _line(said: object) -> str:
    """Return a text from outside as one line without control characters, so that a log stays one line an act."""
    shown = "".join(one if one.isprintable() else " " for one in said) if isinstance(said, str) else ""
    return " ".join(shown.split())[:_LONGEST]


def signed_in() -> bool:
    """Say whether there is a log-in, so that `person` is somebody known."""
    return door().rules is not None


def require_editor() -> None:
    """Stop the page with a message unless the person may edit."""
    if not may_edit():
        st.error(t("access.editor_needed", person=plain(person())))
        st.stop()


def _sign_out() -> NoReturn:
    """End this sign-in for every tab and route of this process, and take the cookie back."""
    _ENDED[_sign_in_id(st.user.to_dict())] = None
    while len(_ENDED) > _REMEMBERED:
        del _ENDED[next(iter(_ENDED))]
    st.logout()
    st.stop()


def show_person() -> None:
    """Show who is signed in and the way out; nothing where there is no log-in."""
    now = role()
    if door().rules is not None and now is not None:
        st.text(t("access.signed_in_as", person=person(), role=t(f"access.{now}")))
        if st.button(t("access.sign_out"), icon=":material/logout:", key="sign_out"):
            _sign_out()


def _say_troubles(troubles: Sequence[Trouble]) -> None:
    st.error(t("access.shut"))
    for one in troubles:
        wanted = t("fault.expected", expected=one.expected) if one.expected else ""
        st.text(
            " · ".join(filter(None, (one.key, t(f"access.fault.{one.rule}"), wanted, t(f"access.mend.{one.rule}"))))
        )


def turn_away(pages: Callable[[], object], *, icon: Path) -> NoReturn:
    """Show the way in to somebody who may not see the pages, and stop.

    Parameters
    ----------
    pages : callable
        Registers the pages without showing them, so that the address of each leads here too.
    icon : pathlib.Path
        Picture of the browser's tab, a PNG; it goes into the page, since downloads are shut.
    """
    picture = base64.b64encode(icon.read_bytes()).decode()
    st.set_page_config(page_title=t("app.name"), page_icon=f"data:image/png;base64,{picture}")
    pages()
    language_switch()
    st.title(t("app.name"))
    now = door()
    if now.rules is None:
        _say_troubles(now.troubles)
        st.stop()
    claims = st.user.to_dict()
    if standing(claims, now.rules) == "unlisted":
        doubted = now.rules.claim == "email" and claims.get("email_verified") is False
        st.warning(t("access.unverified" if doubted else "access.unlisted", person=plain(person())))
        if st.button(t("access.sign_out"), icon=":material/logout:", key="sign_out"):
            _sign_out()
        st.stop()
    st.write(t("access.lead"))
    for name in now.rules.providers:
        words = t("access.sign_in") if len(now.rules.providers) == 1 else t("access.sign_in_with", provider=plain(name))
        if st.button(words, type="primary", icon=":material/login:", key=f"sign_in_{name}"):
            st.login(name)
    st.stop()
