"""Rosters: what is read, what is refused by line, what changes; and who stays in a group."""

import pytest

from classdesk_hub.roster import (
    Change,
    Entry,
    change,
    decode_roster,
    read_roster,
    write_roster,
)

CLASSES = ("dask", "numpy")


HEAD = "The first line must name the columns user, name, group."


def _problems(text: str, only: str = "") -> list[tuple[int, str]]:
    roster = read_roster(text, CLASSES, only)
    return [(problem.line, problem.message) for problem in roster.problems]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("user,name,group\nada,Ada L,dask\nbob,,dask\n", id="comma"),
        pytest.param("user;name;group\r\nada;Ada L;dask\r\nbob;;dask", id="semicolon"),
        pytest.param("\ufeffUser\tName\tGroup\nada\tAda L\tdask\nbob\t\tdask\n", id="tab-and-bom"),
        pytest.param("ada,Ada L,dask\nbob,,dask\n", id="no-head"),
        pytest.param("group,user,name\ndask,ADA,Ada L\ndask,bob,\n", id="other-order"),
        pytest.param('user,name,group\n\n"ada","Ada L","dask"\n , , \nbob,,dask\n', id="empty-lines"),
        pytest.param("user,name\nada,Ada L\nbob\n", id="group-by-page"),
        pytest.param("user,name,group\rada,Ada L,dask\rbob,,dask\r", id="excel-for-mac"),
        pytest.param("user,name,group\nada,\u00a0Ada\u00a0L ,dask\nbob,,dask\n", id="hard-spaces"),
    ],
)
def test_a_roster_is_read(text: str) -> None:
    roster = read_roster(text, CLASSES, "dask")
    assert roster.problems == []
    assert [(one.user, one.name) for one in roster.classes["dask"]] == [
        ("ada", "Ada L"),
        ("bob", ""),
    ]


@pytest.mark.parametrize(
    ("text", "only", "problem"),
    [
        pytest.param("ada,,dusk", "", (1, "There is no class “dusk”; did you mean “dask”?"), id="class"),
        pytest.param("ada,,x", "", (1, "There is no class “x”; the classes are dask, numpy."), id="no-near"),
        pytest.param("ada,,", "", (1, "The group is missing."), id="no-group"),
        pytest.param(",Ada,dask", "", (1, "The user name is missing."), id="no-user"),
        pytest.param("ada lovelace,,dask", "", (1, "“ada lovelace” is not a user name."), id="space"),
        pytest.param("-x,,dask", "", (1, "“-x” is not a user name."), id="like-an-option"),
        pytest.param("../x,,dask", "", (1, "“../x” is not a user name."), id="like-a-path"),
        pytest.param(
            "user,name,group\nada,,dask\nbob,,dask\nada,,dask",
            "",
            (4, "ada is already in line 2."),
            id="twice",
        ),
        pytest.param(
            "ada,,numpy",
            "dask",
            (1, "“numpy” is another class; this is the roster of dask."),
            id="other",
        ),
        pytest.param(
            "user,mail\nada,x",
            "",
            (1, "There is no column “mail”; they are user, name, group."),
            id="column",
        ),
        pytest.param(
            "ada,b,dask,x",
            "",
            (1, "There are 4 values; a line has user, name, group."),
            id="values",
        ),
        pytest.param("name,email\nAda,ada@x.org\nBob,bob@x.org", "", (1, HEAD), id="other-columns"),
        pytest.param("Ada Lovelace,ada@x.org\nBob,bob@x.org", "dask", (1, HEAD), id="addresses"),
        pytest.param("", "", (0, "The roster names nobody."), id="empty"),
        pytest.param("user,name,group\n", "", (0, "The roster names nobody."), id="head-alone"),
        pytest.param("x" * 1_000_001, "", (0, "The file is longer than a roster can be (1 MB)."), id="long"),
    ],
)
def test_errors_are_told_by_line(text: str, only: str, problem: tuple[int, str]) -> None:
    assert problem in _problems(text, only)


@pytest.mark.parametrize("text", ["name,email\nAda,ada@x.org\nBob,bob@x.org", "Login;Mail\nada;a@x.org\nbob;b@x.org"])
def test_a_list_of_another_kind_is_refused_once(text: str) -> None:
    assert _problems(text) == [(1, HEAD)]


def test_what_looks_like_a_heading_may_be_a_user_or_a_class() -> None:
    assert _problems("ada@x.org,Ada,dask") == []
    assert read_roster("ada,Ada,mail", ("mail",)).problems == []


def test_one_wrong_line_does_not_hide_another() -> None:
    assert [line for line, _ in _problems("a b,,dask\nbob,,dask\nc d,,dusk\n")] == [1, 3]


def test_what_changes_is_told_before() -> None:
    entries = [Entry(1, "ada", "Ada"), Entry(2, "cy", ""), Entry(3, "bob", "Bob")]
    members = {"ada": "", "bob": "Bob", "dan": "Dan", "eve": ""}
    assert change(entries, members, fixed=("eve",)) == Change(
        add=("cy",), remove=("dan",), rename=("ada",), keep=3, fixed=1
    )


def test_what_is_written_can_be_read() -> None:
    members = {"dask": {"bob": 'Bob "the B", jr.', "ada": "Ada; L"}, "numpy": {"ada": ""}}
    roster = read_roster(write_roster(members), CLASSES)
    assert roster.problems == []
    read = {name: {one.user: one.name for one in found} for name, found in roster.classes.items()}
    assert read == members


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("ada,Ada Müller,dask".encode(), id="utf-8"),
        pytest.param("ada,Ada Müller,dask".encode("utf-8-sig"), id="utf-8-with-its-mark"),
        pytest.param("ada,Ada Müller,dask".encode("utf-16"), id="unicode-text-of-excel"),
        pytest.param("ada,Ada Müller,dask".encode("cp1252"), id="windows"),
    ],
)
def test_a_file_is_read_in_the_encodings_of_spreadsheets(data: bytes) -> None:
    roster = read_roster(decode_roster(data), CLASSES)
    assert roster.problems == []
    assert [one.name for one in roster.classes["dask"]] == ["Ada Müller"]


def test_any_bytes_are_a_text_with_errors_by_line_at_worst() -> None:
    for data in (bytes(range(256)), b"\xff\xfe\x00", b"\x81\x8d,\x00,dask", b"\xff" * 3):
        assert read_roster(decode_roster(data), CLASSES).problems


def test_names_of_all_scripts_are_names() -> None:
    names = [
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "ශ්\u200dරී",
        "李小龍",
        "O'Neil",
        "=1+1",
        "😀",
    ]
    text = write_roster({"dask": {f"u{number}": name for number, name in enumerate(names)}})
    roster = read_roster(text, CLASSES)
    assert roster.problems == []
    assert [one.name for one in roster.classes["dask"]] == names
