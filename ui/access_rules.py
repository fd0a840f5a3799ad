"""Settings of the log-in: what ``secrets.toml`` says, checked whole, so that nothing half-set leaves the door open.

``[auth]`` is Streamlit's own section (see ``st.login``), ``[nuanguang]`` holds the lists of people.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from streamlit import config
from streamlit.auth_util import get_redirect_uri, is_authlib_installed
from streamlit.runtime.secrets import AttrDict, secrets_singleton

EDITORS_VARIABLE: Final = "NUANGUANG_EDITORS"
EVERYONE: Final = "*"
SECRET_BYTES: Final = 32
"""A key of HMAC-SHA256 has at least as many bytes as its hash (RFC 7518 §3.2); Streamlit signs with this secret."""
CALLBACK: Final = "/oauth2callback"
REREAD_S: Final = 1.0
_PROVIDER_KEYS: Final = ("client_id", "client_secret", "server_metadata_url")
_NO_PROVIDERS: Final = ("client_kwargs",)
_SEPARATORS: Final = re.compile(r"[,;，；、\s]+")
_SEEN_ON: Final = threading.Event()


@dataclass(frozen=True, slots=True)
class Trouble:
    """One wrong setting: its key, and which ``access.fault.*`` it is; a value is never repeated."""

    key: str
    rule: str
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who may do what once somebody is known.

    Parameters
    ----------
    editors, readers : frozenset of str or None
        Values of the claim; None stands for everyone who signs in.
    claim : str
        Claim of the ID token that the lists are about, for instance ``email``, ``sub`` or ``groups``.
    hours : float or None
        Age of a sign-in after which it counts no more; None leaves it to the cookie's own 30 days.
    origin : str
        Scheme, host and port that the app is called by; cookies made for another are refused.
    providers : tuple of str
        Names for ``st.login``.
    """

    editors: frozenset[str] | None
    readers: frozenset[str] | None
    claim: str
    hours: float | None
    origin: str
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """State of the log-in: off (neither rules nor troubles), on (rules), or shut (troubles)."""

    rules: Rules | None = None
    troubles: tuple[Trouble, ...] = ()


_KEPT: Final[dict[str, tuple[float, Door]]] = {}
_STAMPS: Final[dict[str, tuple[tuple[int, int] | None, ...]]] = {}


def _text_at(table: Mapping[str, Any], key: str, section: str) -> Iterator[Trouble]:
    if key not in table:
        yield Trouble(f"[{section}] {key}", "missing")
    elif not isinstance(table[key], str) or not table[key].strip():
        yield Trouble(f"[{section}] {key}", "wrong", '"…"')


def _is_address(said: object) -> bool:
    try:
        parts = urlsplit(said) if isinstance(said, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc)


def _providers(auth: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the providers by name with the section that their keys stand in."""
    named = {
        name: (f"auth.{name}", part)
        for name, part in auth.items()
        if isinstance(part, Mapping) and name not in _NO_PROVIDERS
    }
    if "default" not in named and (not named or any(key in auth for key in _PROVIDER_KEYS)):
        return {"default": ("auth", auth), **named}
    return named


def _shared_troubles(auth: Mapping[str, Any]) -> Iterator[Trouble]:
    """Check what holds for all providers."""
    for key in ("redirect_uri", "cookie_secret"):
        yield from _text_at(auth, key, "auth")
    address, secret = auth.get("redirect_uri"), auth.get("cookie_secret")
    if isinstance(address, str) and not (address.endswith(CALLBACK) and _is_address(address.replace("{port}", "1"))):
        yield Trouble("[auth] redirect_uri", "wrong", f'"https://…{CALLBACK}"')
    if isinstance(secret, str) and secret.strip() and len(secret.encode()) < SECRET_BYTES:
        yield Trouble("[auth] cookie_secret", "short", f"≥ {SECRET_BYTES}")


def _provider_troubles(auth: Mapping[str, Any]) -> Iterator[Trouble]:
    for name, (section, part) in _providers(auth).items():
        if "_" in name:
            yield Trouble(f"[{section}]", "underscore")
        for key in _PROVIDER_KEYS:
            yield from _text_at(part, key, section)
        metadata = part.get("server_metadata_url")
        if isinstance(metadata, str) and metadata.strip() and not _is_address(metadata):
            yield Trouble(f"[{section}] server_metadata_url", "wrong", '"https://…"')


def _auth_troubles(auth: object) -> Iterator[Trouble]:
    if isinstance(auth, Mapping):
        yield from _shared_troubles(auth)
        yield from _provider_troubles(auth)
    else:
        yield Trouble("[auth]", "wrong", "[auth]")
    if not is_authlib_installed():
        yield Trouble("authlib ≥ 1.3.2", "library")
    if config.get_option("server.trustedUserHeaders"):
        yield Trouble("server.trustedUserHeaders", "headers")


def _list_trouble(house: Mapping[str, Any], key: str) -> Iterator[Trouble]:
    said = house.get(key, EVERYONE)
    listed = isinstance(said, list) and all(isinstance(one, str) and one.strip() not in ("", EVERYONE) for one in said)
    if not listed and said != EVERYONE:
        yield Trouble(f"[nuanguang] {key}", "wrong", '["a@b.cn", "c@d.cn"] / "*"')


def _house_troubles(house: object, *, editors_elsewhere: bool) -> Iterator[Trouble]:
    if not isinstance(house, Mapping):
        yield Trouble("[nuanguang]", "wrong", "[nuanguang]")
        return
    if "editors" not in house and not editors_elsewhere:
        yield Trouble("[nuanguang] editors", "missing")
    yield from _list_trouble(house, "editors")
    yield from _list_trouble(house, "readers")
    if "claim" in house:
        yield from _text_at(house, "claim", "nuanguang")
    hours = house.get("hours", 1)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours < math.inf:
        yield Trouble("[nuanguang] hours", "wrong", "> 0")


def folded(value: str, claim: str) -> str:
    """Write a value as it is compared: addresses regardless of case, all else exactly."""
    return value.strip().casefold() if claim == "email" else value.strip()


def _rules(auth: Mapping[str, Any], house: Mapping[str, Any], more_editors: Sequence[str]) -> Rules:
    claim = house.get("claim", "email").strip()

    def people(key: str, more: Sequence[str] = ()) -> frozenset[str] | None:
        said = house.get(key, [])
        return None if said == EVERYONE else frozenset(folded(one, claim) for one in (*said, *more))

    address = urlsplit(get_redirect_uri(AttrDict(auth)) or "")
    return Rules(
        editors=people("editors", more_editors),
        readers=people("readers"),
        claim=claim,
        hours=house.get("hours"),
        origin=f"{address.scheme}://{address.netloc}",
        providers=tuple(_providers(auth)),
    )


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _forget_what_changed() -> None:
    """Let Streamlit read its files anew where they changed or vanished.

    Its own watcher ends for good at a file that it cannot read, and a person struck off later would stay an editor.
    """
    now = tuple(_stamp(Path(path)) for path in config.get_option("secrets.files"))
    if _STAMPS.setdefault("files", now) != now:
        _STAMPS["files"] = now
        secrets_singleton._reset()  # noqa: SLF001, no public function does it; tests/ui/test_access_settings.py guards it


def _sections() -> dict[str, Any] | None:
    """Return the sections that are ours to read, or None where a file is there that cannot be read."""
    _forget_what_changed()
    try:
        if secrets_singleton.load_if_toml_exists():
            return {name: secrets_singleton[name] for name in ("auth", "nuanguang") if name in secrets_singleton}
    except (UnicodeDecodeError, OSError):
        return None
    return None if any(Path(path).exists() for path in config.get_option("secrets.files")) else {}


def _read_door() -> Door:
    given = _sections()
    if given is None:
        return Door(troubles=(Trouble("secrets.toml", "unreadable"),))
    named = [one for one in _SEPARATORS.split(os.environ.get(EDITORS_VARIABLE, "")) if one]
    house = given.get("nuanguang", {})
    if "auth" not in given:
        if _SEEN_ON.is_set():
            return Door(troubles=(Trouble("[auth]", "gone"),))
        listed = isinstance(house, Mapping) and {"editors", "readers", "claim", "hours"} & set(house)
        return Door(troubles=(Trouble("[auth]", "no_auth"),)) if named or listed else Door()
    _SEEN_ON.set()
    auth = given["auth"]
    wild = [Trouble(EDITORS_VARIABLE, "wrong", "a@b.cn, c@d.cn")] if EVERYONE in named else []
    troubles = (*_auth_troubles(auth), *_house_troubles(house, editors_elsewhere=bool(named)), *wild)
    return Door(troubles=troubles) if troubles else Door(rules=_rules(auth, house, named))


def door() -> Door:
    """Return the state of the log-in; the settings are read anew once a second."""
    now = time.monotonic()
    kept = _KEPT.get("door")
    if kept is None or now >= kept[0]:
        kept = _KEPT["door"] = (now + REREAD_S, _read_door())
    return kept[1]
