"""Rosters, the class link, and the commands that do what the page does, against a real hub."""

from pathlib import Path

import pytest

from classdesk_hub.console.class_link import code_of, reachable
from support.class_hub import ClassHub, until


def test_a_roster_is_previewed_and_taken(hub: ClassHub, tokens: dict[str, str]) -> None:
    roster = "api/class/other/roster"
    text = "user;name;group\ndaemon;Demon, Del;other\nman;Manuela;\n"
    olaf = tokens["foreign"]
    preview = hub.ask("POST", roster, olaf, json={"csv": text, "preview": True}).json()
    assert preview == {
        "add": ["man"],
        "remove": [],
        "rename": ["daemon"],
        "keep": 1,
        "fixed": 0,
        "errors": [],
        "applied": False,
    }
    done = hub.ask("POST", roster, olaf, json={"csv": text, "preview": False}).json()
    assert done["applied"]
    exported = hub.ask("GET", "api/class/other/roster.csv", olaf)
    assert exported.text.splitlines() == [
        "user,name,group",
        'daemon,"Demon, Del",other',
        "man,Manuela,other",
    ]
    assert 'filename="other.csv"' in exported.headers["Content-Disposition"]
    learners = hub.ask("GET", "api/class/other/learners", olaf).json()["learners"]
    assert {one["full_name"] for one in learners} == {"Demon, Del", "Manuela"}
    # The one of the site file stays, whatever a roster says.
    gone = hub.ask("POST", roster, olaf, json={"csv": "bin,,other", "preview": False}).json()
    assert (gone["add"], gone["remove"], gone["keep"]) == (["bin"], ["man"], 1)
    events = hub.ask("GET", "api/class/other/audit", olaf).json()
    assert events[0]["act"] == "import"


def test_a_roster_gives_nobody_power_over_his_betters(hub: ClassHub, tokens: dict[str, str]) -> None:
    text = "root2,,other\nines,,other\nolaf,,other\nno-such-user,,other\nbin,,dask\n"
    answer = hub.ask("POST", "api/class/other/roster", tokens["foreign"], json={"csv": text, "preview": False}).json()
    assert not answer["applied"]
    said = {(error["line"], error["message"].partition(" ")[2]) for error in answer["errors"]}
    assert (1, "is an administrator of the hub, and cannot be a learner.") in said
    assert (2, "is an instructor; only an administrator can make them a learner.") in said
    assert (3, "is an instructor of this class.") in said
    assert (4, "is no account “no-such-user” on this machine.") in said
    assert {line for line, _ in said} == {1, 2, 3, 4, 5}
    # Where only administrators may, an instructor sees what would change, and changes nothing.
    for preview, status in ((True, 200), (False, 403)):
        answer = hub.ask(
            "POST",
            "api/class/dask/roster",
            tokens["instructor"],
            json={"csv": "bin,,", "preview": preview},
        )
        assert answer.status_code == status
    assert "bin" not in hub.learners(tokens["instructor"])
    assert hub.ask("POST", "api/class/dask/roster", tokens["admin"], json={"csv": "nobody,,\ngames,,"}).json()[
        "applied"
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"csv": 1}', b'{"csv": "", "cmd": "id"}'])
def test_what_is_no_roster_is_refused_by_console_and_hub(hub: ClassHub, tokens: dict[str, str], body: bytes) -> None:
    admin = tokens["admin"]
    assert hub.ask("POST", "api/class/dask/roster", admin, content=body).status_code == 400
    answer = hub.hub("POST", "/classdesk/roster", admin, content=body)
    assert (answer.status_code, answer.json()["message"].count(".")) == (400, 1)


def test_the_commands_do_the_same(hub: ClassHub, tmp_path: Path) -> None:
    listed = hub.command("list").stdout
    assert "Dask, Tuesday" in listed
    assert "ines" in listed
    assert "not started" in hub.command("show", "dask").stdout
    started = hub.command("start", "dask", "nobody", "daemon")
    assert started.returncode == 1
    assert "Not in your class: daemon" in started.stderr
    asks = hub.command("stop", "dask", "nobody", "games")
    assert "The sessions of 2 learners will be stopped. Go on?" in asks.stdout
    assert asks.returncode == 1
    stopped = hub.command("stop", "dask", "nobody", "--yes")
    assert stopped.stdout == "nobody: done: Nothing to do: there was no session.\n"
    assert hub.command("message", "dask", "Hello").stdout.startswith("Nothing to do")
    failed = hub.command("reset", "dask", "lesson", "games", "--yes")
    assert failed.stdout == "games: failed: There is no session.\n"
    assert failed.returncode == 1
    assert "1 of 1 failed" in failed.stderr
    roster = tmp_path / "roster.csv"
    roster.write_text("user,name,group\nnobody,No Body,dask\ngames,,dask\ndaemon,,other\nx y,,other\n")
    wrong = hub.command("import", str(roster))
    assert wrong.returncode == 1
    assert "line 5: “x y” is not a user name." in wrong.stderr
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert hub.command("import", str(empty)).stderr.startswith("The roster names nobody.")
    roster.write_text(roster.read_text().replace("x y,,other\n", ""))
    preview = hub.command("import", str(roster), "--preview").stdout
    assert "dask: would change\n  rename nobody\n  keep 2\n" in preview
    assert hub.command("import", str(roster)).returncode == 0
    assert "nobody,No Body,dask" in hub.command("export").stdout.splitlines()
    assert "  classdesk-class  Roster import  " in hub.command("audit", "dask").stdout
    assert (hub.state / "class_token").stat().st_mode & 0o777 == 0o600


def test_a_command_for_the_class_is_for_those_alone_for_whom_it_makes_sense(
    hub: ClassHub, tokens: dict[str, str]
) -> None:
    token = tokens["instructor"]
    hub.ask("POST", "api/class/dask/acts", token, json={"act": "start", "learners": ["games"]})
    games = until(lambda: (one := hub.learners(token)["games"])["state"] == "queued" and one, "games waits")
    assert games["can"] == ["restart", "stop"]
    assert hub.command("message", "dask", "Hello").stdout.startswith("Nothing to do")
    assert hub.command("stop", "dask", "--yes").stdout == "games: done: The session has ended.\n"


def test_the_link_is_the_form_of_the_class(hub: ClassHub, tokens: dict[str, str]) -> None:
    link = hub.ask("GET", "api/class/dask/link", tokens["instructor"]).json()
    assert link["url"].endswith("/c/dask")
    assert link["qr_svg"] == "", "no phone reaches 127.0.0.1"


@pytest.mark.parametrize(
    ("host", "reaches"),
    [
        ("hub.example.org", True),
        ("192.0.2.7:8000", True),
        ("[2001:db8::1]:8000", True),
        ("localhost:8000", False),
        ("LOCALHOST", False),
        ("hub.localhost", False),
        ("127.0.0.1:8000", False),
        ("127.8.0.1", False),
        ("[::1]:8000", False),
        ("0.0.0.0:8000", False),
    ],
)
def test_a_code_is_there_for_what_a_phone_can_reach(host: str, reaches: bool) -> None:
    assert reachable(host) is reaches
    assert code_of("https://hub.example.org/c/dask").startswith("<svg ")
    assert "script" not in code_of("https://hub.example.org/c/dask?<script>")
