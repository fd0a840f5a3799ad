"""A setting of the log-in that is absent or wrong is named and opens nothing."""

from __future__ import annotations

import json
import math

import pytest
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1.util import patch_config_options

from data.catalog import text
from tests.ui.access_samples import (
    AUTH,
    HOUSE,
    NAMED,
    ORIGIN,
    PROVIDER,
    settings_for,
    without,
)
from ui import access, access_rules


@pytest.fixture
def settings(monkeypatch):
    yield from settings_for(monkeypatch)


def test_without_settings_there_is_no_log_in(settings):
    settings(database={"url": "x"})
    assert access_rules.door() == access_rules.Door()
    assert access.admission(None) == "off", "the request is not looked at"


@pytest.mark.parametrize(
    ("auth", "house", "keys"),
    [
        *((without(AUTH, key), HOUSE, [f"[auth] {key}"]) for key in AUTH),
        *(({**AUTH, key: value}, HOUSE, [f"[auth] {key}"]) for key in AUTH for value in ("", 3, ["x"])),
        ({}, HOUSE, [f"[auth] {key}" for key in AUTH]),
        ("yes", HOUSE, ["[auth]"]),
        ({**AUTH, "redirect_uri": ORIGIN}, HOUSE, ["[auth] redirect_uri"]),
        ({**AUTH, "redirect_uri": "ftp://x/oauth2callback"}, HOUSE, ["[auth] redirect_uri"]),
        ({**AUTH, "redirect_uri": "http://[/oauth2callback"}, HOUSE, ["[auth] redirect_uri"]),
        ({**AUTH, "cookie_secret": "x" * 31}, HOUSE, ["[auth] cookie_secret"]),
        ({**AUTH, "server_metadata_url": "example.cn"}, HOUSE, ["[auth] server_metadata_url"]),
        (NAMED, HOUSE, [f"[auth.bureau] {key}" for key in PROVIDER]),
        ({**AUTH, "a_b": PROVIDER}, HOUSE, ["[auth.a_b]"]),
        (AUTH, {}, ["[nuanguang] editors"]),
        (AUTH, "zhang", ["[nuanguang]"]),
        (AUTH, {"readers": "*"}, ["[nuanguang] editors"]),
        (AUTH, {"editor": ["zhang@example.cn"]}, ["[nuanguang] editors"]),
        *((AUTH, {**HOUSE, key: bad}, [f"[nuanguang] {key}"])
          for key in ("editors", "readers") for bad in ("zhang", "", 3, True, [""], ["*"], [3], {"a": "b"})),
        (AUTH, {**HOUSE, "claim": ["email"]}, ["[nuanguang] claim"]),
        (AUTH, {**HOUSE, "claim": " "}, ["[nuanguang] claim"]),
        *((AUTH, {**HOUSE, "hours": bad}, ["[nuanguang] hours"]) for bad in (0, -1, "8", True, math.inf, math.nan)),
        (without(AUTH, "client_id"), {"editors": 3}, ["[auth] client_id", "[nuanguang] editors"]),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_and_shuts_the_door(settings, auth, house, keys):
    settings(auth=auth, nuanguang=house)
    found = access_rules.door()
    assert found.rules is None
    assert sorted({one.key for one in found.troubles}) == sorted(keys)
    assert access.admission(None) == "shut"
    for one in found.troubles:
        for language in ("zh", "en"):
            said = text(f"access.fault.{one.rule}", language) + text(f"access.mend.{one.rule}", language) + one.expected
            assert "hidden-words" not in said
            assert AUTH["cookie_secret"] not in said


@pytest.mark.parametrize("house", [HOUSE, {"readers": "*"}, {"claim": "sub"}])
def test_lists_without_a_log_in_shut_the_door(settings, house):
    settings(nuanguang=house)
    assert [one.rule for one in access_rules.door().troubles] == ["no_auth"]


def test_editors_in_the_environment_without_a_log_in_shut_the_door(settings, monkeypatch):
    settings()
    monkeypatch.setenv(access_rules.EDITORS_VARIABLE, "a@b.cn")
    assert [one.rule for one in access_rules.door().troubles] == ["no_auth"]
    settings(auth=AUTH)
    monkeypatch.setenv(access_rules.EDITORS_VARIABLE, "*")
    assert [one.key for one in access_rules.door().troubles] == [access_rules.EDITORS_VARIABLE]


def test_a_file_that_cannot_be_read_shuts_the_door(settings, tmp_path, monkeypatch):
    file = tmp_path / "secrets.toml"
    monkeypatch.setattr(secrets_singleton, "_secrets", None)
    monkeypatch.setattr(secrets_singleton, "_file_watchers_installed", True)
    with patch_config_options({"secrets.files": [str(file)]}):
        assert access_rules.door() == access_rules.Door()
        for wrong in (
            b"[auth\nredirect_uri =",
            "[auth]".encode("utf-16"),
            "# 登录".encode("gbk"),
            b"\xef\xbb\xbf[auth]",
        ):
            access_rules._KEPT.clear()
            file.write_bytes(wrong)
            assert [one.rule for one in access_rules.door().troubles] == ["unreadable"]


FILE = """
[auth]
{auth}
[nuanguang]
editors = {editors}
"""


def test_the_file_is_followed_even_after_it_could_not_be_read(settings, tmp_path, monkeypatch):
    file = tmp_path / "secrets.toml"
    auth = "\n".join(f"{key} = {json.dumps(value)}" for key, value in AUTH.items())
    monkeypatch.setattr(secrets_singleton, "_secrets", None)
    monkeypatch.setattr(secrets_singleton, "_file_watchers_installed", True)

    def found(content):
        file.write_text(content, encoding="utf-8")
        access_rules._KEPT.clear()
        return access_rules.door()

    with patch_config_options({"secrets.files": [str(file)]}):
        assert found(FILE.format(auth=auth, editors='["a@b.cn"]')).rules.editors == {"a@b.cn"}
        assert found("[auth").troubles
        assert found(FILE.format(auth=auth, editors='["a@b.cn", "c@d.cn"]')).rules.editors == {"a@b.cn", "c@d.cn"}
        assert found(FILE.format(auth=auth, editors="[]")).rules.editors == frozenset(), "struck off, at once"
        assert found("[nuanguang]").troubles[0].rule == "gone"
        file.unlink()
        access_rules._KEPT.clear()
        assert access_rules.door().troubles[0].rule == "gone"


def test_settings_that_vanish_shut_the_door_until_a_restart(settings):
    settings(auth=AUTH, nuanguang=HOUSE)
    assert access_rules.door().rules is not None
    settings()
    assert [one.rule for one in access_rules.door().troubles] == ["gone"]


def test_headers_of_a_proxy_may_not_pass_for_a_log_in(settings):
    settings(auth=AUTH, nuanguang=HOUSE)
    with patch_config_options({"server.trustedUserHeaders": {"X-User": "email"}}):
        assert [one.rule for one in access_rules.door().troubles] == ["headers"]
