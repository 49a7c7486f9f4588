"""The life of a session on the real Slurm, and what the hub refuses."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.faults import in_session, session_pid
from support.hub_client import HubClient, field, refusal
from support.world import Hub, command, job_ids, log_tails, processes, slurm, wait_until


@pytest.fixture
def ada(hub: Hub) -> Iterator[HubClient]:
    with HubClient(hub, "learner01") as client:
        yield client


def _nothing_left(user: str) -> None:
    wait_until(lambda: not job_ids(user), 15, f"the jobs of {user} are gone")
    wait_until(lambda: not processes(user), 15, f"no process of {user} is left")


@pytest.mark.parametrize("cores", ["1", "2"])
def test_a_session_has_what_was_asked_for_and_leaves_nothing(ada: HubClient, cores: str) -> None:
    job_id = ada.start(ui="desktop", cores=cores, hours="1.5")
    job = dict(word.split("=", 1) for word in slurm("scontrol", "show", "job", job_id).split() if "=" in word)
    assert (job["NumCPUs"], job["TimeLimit"], job["UserId"].split("(")[0]) == (
        cores,
        "01:30:00",
        "learner01",
    )
    assert job["MinMemoryNode"] not in {"0", ""}
    seen = in_session(
        "learner01",
        "module load python; nproc; python -c 'import dask.system; print(dask.system.CPU_COUNT)'",
    )
    assert seen.split() == [cores, cores]
    ada.stop()
    _nothing_left("learner01")


@pytest.mark.parametrize("ui", ["lab", "terminal"])
def test_other_interfaces_answer_with_their_page(ada: HubClient, ui: str) -> None:
    ada.start(ui=ui, cores="", hours="")
    page = ada.http.get(f"/user/{ada.name}/")
    assert page.status_code == 200
    assert page.url.path.startswith(f"/user/{ada.name}/{ui}")


def test_a_session_belongs_to_its_learner(ada: HubClient, hub: Hub) -> None:
    ada.start(ui="terminal")
    with HubClient(hub, "learner02") as bob:
        page = bob.http.get(f"/user/{ada.name}/terminal/")
        assert page.status_code == 403
        assert bob.api("DELETE", f"/users/{ada.name}/server").status_code in {403, 404}
        assert bob.api("POST", f"/users/{ada.name}/server").status_code in {403, 404}
        assert bob.api("GET", f"/users/{ada.name}/server/progress").status_code in {403, 404}
    assert ada.server().get("ready")


def _token(user: str) -> str:
    environment = Path(f"/proc/{session_pid(user, 'classdesk_desktop.server.app')}/environ").read_text()
    return next(word.split("=", 1)[1] for word in environment.split("\0") if word.startswith("JUPYTERHUB_API_TOKEN="))


def test_the_token_can_be_read_by_nobody_else(ada: HubClient) -> None:
    job_id = ada.start(ui="terminal")
    token = _token("learner01")
    bob_sees = [
        slurm("scontrol", "show", "job", "--details", job_id, user="learner02"),
        slurm("squeue", "--Format=:.", "--all", user="learner02"),
        command("runuser", "-u", "learner02", "--", "ps", "axeww", check=False),
        command(
            "runuser",
            "-u",
            "learner02",
            "--",
            "scontrol",
            "write",
            "batch_script",
            job_id,
            "-",
            check=False,
        ),
        command(
            *("runuser", "-u", "learner02", "--", "grep", "-rsl", "--", token),
            *(
                "/var/lib/classdesk/hub",
                "/var/lib/classdesk/slurm",
                "/var/log",
                "/run",
                "/tmp",
                "/home",
                "/etc",
            ),
            check=False,
        ),
    ]
    assert not [text for text in bob_sees if token in text]
    assert bob_sees[-1] == ""


def test_call_home_changes_nothing_of_a_running_session(ada: HubClient, hub: Hub) -> None:
    ada.start(ui="terminal")
    url, headers = (
        "http://127.0.0.1:8081/hub/api/batchspawner",
        {"Authorization": f"token {_token('learner01')}"},
    )
    before = ada.server()["url"]
    attacks: list[tuple[object, int]] = [
        ({"port": 8888}, 409),
        ({"batch_submit_cmd": "touch /tmp/owned"}, 400),
        ({"port": 8888, "cmd": ["sh"]}, 409),  # what no reader knows is ignored
        ({"port": "8888; id"}, 400),
        ([], 400),
    ]
    for body, status in attacks:
        assert httpx.post(url, json=body, headers=headers).status_code == status, body
    assert httpx.post(url, json={"port": 8888}).status_code == 403
    page = ada.http.get(f"/user/{ada.name}/terminal/")
    assert (page.status_code, ada.server()["url"]) == (200, before)


HOSTILE = [
    "$(touch /tmp/owned)",
    "1\n#SBATCH --uid=0",
    "`id`",
    "2;id",
    "--wrap=id",
    "{{7*7}}",
    "\x00",
    "\uff12",
]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"cores": "two"}, "Number of cores: “two” is not a whole number.", id="letters"),
        pytest.param({"hours": "1e9"}, "Time (hours): “1e9” is not a number of hours", id="huge"),
        pytest.param(
            {"hours": "99"},
            "the most that the partition “class” allows is 8",
            id="partitions-limit",
        ),
        pytest.param({"cores": "0"}, "Number of cores: you asked for 0; the least is 1.", id="no-core"),
        pytest.param({"ui": "../../x"}, "User interface: “../../x” does not exist.", id="path"),
        pytest.param({"prologue": "id"}, "There is no option “prologue”.", id="unknown-field"),
        *(
            pytest.param({key: text}, "does not exist" if key == "ui" else "is not a", id=f"{key}-{number}")
            for key in ("ui", "cores", "hours")
            for number, text in enumerate(HOSTILE)
        ),
    ],
)
def test_a_bad_form_is_refused_with_a_sentence_and_shown_again(
    ada: HubClient, fields: dict[str, str], sentence: str
) -> None:
    answer = ada.press_start({"ui": "desktop", "cores": "1", "hours": "2", **fields})
    assert answer.status_code == 400
    assert sentence in refusal(answer)
    for key in ("cores", "hours"):
        if fields.get(key, "").isprintable():
            assert field(answer, key) == fields.get(key, {"cores": "1", "hours": "2"}[key])
    assert not job_ids("learner01")
    assert not ada.server()
    assert not Path("/tmp/owned").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"cmd": "id"},
        {"ui": "desktop", "cores": 64},
        {"ui": ["desktop"]},
        {"cores": {"x": 1}},
        {"hours": "NaN"},
        {"keepvars": "A", "homedir": "/"},
    ],
    ids=json.dumps,
)
def test_a_rest_start_is_validated_like_the_form(ada: HubClient, options: dict[str, object]) -> None:
    answer = ada.api("POST", f"/users/{ada.name}/server", json=options)
    assert answer.status_code == 400
    assert "option" in answer.json()["message"] or ":" in answer.json()["message"]
    assert not job_ids("learner01")
    assert "Start a session" in ada.form().text


def test_the_hub_tells_a_page_how_its_learners_session_is(ada: HubClient) -> None:
    def own_session() -> dict[str, str]:
        answer: dict[str, str] = ada.http.get("/hub/classdesk/session").raise_for_status().json()
        return answer

    assert own_session() == {"user": ada.name, "state": "none"}
    ada.start(ui="terminal")
    assert own_session() == {"user": ada.name, "state": "running"}
    ada.stop()
    assert own_session()["state"] == "none"
    assert httpx.get(f"{ada.hub.url}/hub/classdesk/session").status_code == 302


def test_a_rest_start_works(ada: HubClient) -> None:
    answer = ada.api("POST", f"/users/{ada.name}/server", json={"ui": "terminal", "cores": 1, "hours": 1})
    assert answer.status_code in {201, 202}
    wait_until(lambda: ada.server().get("ready"), 60, "the session is ready")


def test_a_wrong_password_is_refused(hub: Hub) -> None:
    client = HubClient(hub, "learner01")
    answer = client.log_in("not the password")
    assert answer.status_code in {401, 403}
    assert "Invalid username or password" in answer.text
    client.http.close()


@pytest.mark.parametrize("name", ["root", "classdesk", "nobody"])
def test_accounts_of_the_machine_can_not_log_in(hub: Hub, name: str) -> None:
    client = HubClient(hub, name)
    assert client.log_in("").status_code in {401, 403}
    client.http.close()


def test_a_link_presets_the_form_and_starts_nothing(ada: HubClient) -> None:
    page = ada.form("?ui=desktop&cores=1&hours=1.5")
    assert (field(page, "cores"), field(page, "hours")) == ("1", "1.5")
    # A start is known to the hub before it answers, and has a job later.
    assert not ada.server()
    assert not job_ids("learner01")


def test_the_last_choice_is_offered_again(ada: HubClient) -> None:
    ada.start(ui="terminal", cores="1", hours="2.5")
    ada.stop()
    page = ada.form()
    assert (field(page, "cores"), field(page, "hours")) == ("1", "2.5")
    assert re.search(r'<option value="terminal"[^>]* selected>', page.text)


def test_slurm_down_while_somebody_presses_start(ada: HubClient) -> None:
    controller = command("pgrep", "--exact", "slurmctld").split()[0]
    command(
        "/opt/classdesk/venv/bin/supervisorctl",
        "-c",
        "/etc/classdesk/supervisord.conf",
        "stop",
        "slurmctld",
    )
    try:
        answer = ada.press_start({"ui": "desktop", "cores": "1", "hours": "1"})
        if answer.status_code == 302:
            wait_until(lambda: not ada.server(), 60, "the start has failed")
            answer = ada.http.get(f"/hub/spawn-pending/{ada.name}")
        assert answer.status_code == 503
        assert "scheduler (Slurm) does not answer" in answer.text
    finally:
        command(
            "/opt/classdesk/venv/bin/supervisorctl",
            "-c",
            "/etc/classdesk/supervisord.conf",
            "start",
            "slurmctld",
        )
    assert command("pgrep", "--exact", "slurmctld").split()[0] != controller
    wait_until(lambda: "UP" in command("scontrol", "ping", check=False), 30, "Slurm is back")
    wait_until(lambda: "idle" in slurm("sinfo", "--noheader", "--format=%t"), 30, "the node is back")
    ada.start(ui="terminal")


def test_a_restart_of_the_hub_keeps_the_session(ada: HubClient, hub: Hub) -> None:
    job_id = ada.start(ui="terminal")
    assert ada.http.get(f"/user/{ada.name}/terminal/").status_code == 200
    pid = command("pgrep", "--uid", "classdesk", "--full", "jupyterhub --config").split()[0]
    command("kill", "-KILL", pid)
    page = ada.http.get(f"/user/{ada.name}/terminal/")
    assert page.status_code == 200, "the proxy keeps the way to the session while the hub is away"
    wait_until(lambda: _answers(f"{hub.url}/hub/api/"), 60, "the hub is back")
    wait_until(lambda: ada.server().get("ready"), 30, "the hub knows the session")
    assert job_ids("learner01") == [job_id]
    ada.stop()
    _nothing_left("learner01")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_lessons_are_downloaded_without_a_log_in(hub: Hub, ada: HubClient) -> None:
    ada.start(ui="terminal")
    listing = in_session("learner01", 'cd /tmp && wget -q "$LESSONS_URL/dask-delay/loop.py" && cat loop.py')
    assert "total is" in listing
    answer = httpx.get(f"{hub.url}/hub/lessons/dask-delay/loop.py")
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "text/plain; charset=utf-8",
    )
    for path in ("..%2f..%2fetc/passwd", "%2e%2e/%2e%2e/etc/passwd", "dask-delay", "none/x.py"):
        assert httpx.get(f"{hub.url}/hub/lessons/{path}").status_code != 200


@pytest.mark.usefixtures("hub")
def test_the_hub_is_not_root_and_its_secrets_are_its_own() -> None:
    assert not [line for line in processes("root") if "jupyterhub" in line]
    assert [line for line in processes("classdesk") if "jupyterhub" in line], processes("classdesk")
    for path in ("hub/proxy_token", "hub/cookie_secret", "hub/jupyterhub.sqlite", "accounts"):
        outcome = subprocess.run(
            ["runuser", "-u", "learner01", "--", "cat", f"/var/lib/classdesk/{path}"],
            capture_output=True,
            check=False,
        )
        assert outcome.returncode != 0, path


def test_the_check_command_finds_all_well(hub: Hub) -> None:
    # As docs/admin/settings.md prints it.
    answer = command("runuser", "-u", "classdesk", "--", "classdesk", "check", check=False)
    assert "All is well." in answer, f"{answer}\n{log_tails()}"


def test_bytes_that_are_no_text_are_refused_in_a_sentence(ada: HubClient) -> None:
    for query in ("?cores=%ff", "?ui=desktop%ff", "?class=%00", "?ui=%00"):
        assert ada.form(query).status_code == 200, query
    link = ada.http.get("/hub/spawn?opt-ui=%ff", follow_redirects=False)
    posted = ada.http.post(
        f"/hub/spawn?_xsrf={ada.xsrf}",
        content=b"ui=desktop&cores=%ff",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (link.status_code, posted.status_code) == (400, 400)
    assert "does not exist. Choose one of" in refusal(link)
    assert "Number of cores: “\ufffd” is not a whole number." in refusal(posted)
    assert not job_ids(ada.name)
