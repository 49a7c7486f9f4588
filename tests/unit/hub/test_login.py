"""Accounts in any spelling: a right password never ends in an error page."""

import asyncio
import grp
import pwd

import pytest
from jupyterhub.auth import pamela
from tornado.web import HTTPError

from classdesk_hub.in_hub.login import AccountAuthenticator, account_name

ACCOUNTS = {"learner01": 2001, "S1234567": 2002, "stranger": 2003}
ALIASES = {"UNI\\S1234567": "S1234567"}


@pytest.fixture(autouse=True)
def _accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account database and a PAM in which every password is "right"."""

    def find(name: str) -> pwd.struct_passwd:
        name = ALIASES.get(name, name)
        uid = ACCOUNTS[name]
        return pwd.struct_passwd((name, "x", uid, uid, "", f"/home/{name}", "/bin/sh"))

    def check(username: str, password: str, **_: object) -> None:
        known = username in {*ACCOUNTS, *ALIASES, "pam-only"}
        if not known or password != "right":
            raise pamela.PAMError(0, 7)

    monkeypatch.setattr(pwd, "getpwnam", find)
    monkeypatch.setattr(grp, "getgrnam", lambda name: grp.struct_group((name, "x", 3000, [])))
    monkeypatch.setattr("os.getgrouplist", lambda name, gid: [gid] if name == "stranger" else [gid, 3000])
    monkeypatch.setattr(pamela, "authenticate", check)
    monkeypatch.setattr(pamela, "check_account", lambda *_, **__: True)


def _log_in(name: str, *, knows: bool = True) -> str | None:
    authenticator = AccountAuthenticator(allowed_groups={"classdesk-users"})
    data = {"username": name, "password": "right" if knows else "wrong"}
    found = asyncio.run(authenticator.get_authenticated_user(None, data))
    return str(found["name"]) if found else None


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("learner01", "learner01"),
        ("Learner01", "learner01"),
        (" LEARNER01 ", "learner01"),
        ("S1234567", "S1234567"),
        ("UNI\\S1234567", "S1234567"),
    ],
)
def test_an_account_is_found_in_its_own_spelling(typed: str, name: str) -> None:
    assert _log_in(typed) == name
    assert _log_in(typed, knows=False) is None


@pytest.mark.parametrize("name", ["nobody-here", "", "s1234567", "a/b", "\0"])
def test_what_is_no_account_is_refused(name: str) -> None:
    assert _log_in(name) is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("stranger", "this account may not use the desktops here"),
        ("pam-only", "does not know this account"),
    ],
)
def test_who_knows_the_password_is_told_why_not(name: str, sentence: str) -> None:
    with pytest.raises(HTTPError, match=sentence) as caught:
        _log_in(name)
    assert caught.value.status_code == 403
    assert _log_in(name, knows=False) is None


def test_an_account_of_the_same_name_in_small_letters_is_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(ACCOUNTS, "s1234567", 2004)
    assert account_name("S1234567") == "S1234567"
    assert account_name("s1234567") == "s1234567"
