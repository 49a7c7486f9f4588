import pytest
from pydantic import ValidationError

from classdesk_spawner import RuntimeSettings, runtime_program
from classdesk_spawner.session.runtimes import DOOR, runtime_command
from classdesk_spawner.settings.models import split_bind


def _argv(**values: object) -> list[str]:
    return list(runtime_command(RuntimeSettings.model_validate(values), "/home/ada").argv)


def _pairs(argv: list[str], option: str) -> list[tuple[str, str]]:
    return [(argv[i + 1], argv[i + 2]) for i, word in enumerate(argv) if word == option]


def test_bubblewrap_opens_the_image_read_only_and_the_home_for_writing() -> None:
    argv = _argv(kind="bubblewrap", image="/images/a/", binds=["/scratch", "/data:/in:ro"])
    assert argv[0] == "/usr/bin/bwrap"
    assert ("/images/a/usr", "/usr") in _pairs(argv, "--ro-bind")
    assert ("/data", "/in") in _pairs(argv, "--ro-bind")
    assert _pairs(argv, "--bind") == [("/home/ada", "/home/ada"), ("/scratch", "/scratch")]
    assert (DOOR, "/run/classdesk") in _pairs(argv, "--ro-bind-try")
    assert argv[-1] == "--"


def test_bubblewrap_gives_the_session_the_time_zone_of_the_node() -> None:
    argv = _argv(kind="bubblewrap")
    assert ("/etc/localtime", "/run/localtime") in _pairs(argv, "--ro-bind-try")
    assert ("TZ", ":/run/localtime") in _pairs(argv, "--setenv")


def test_bubblewrap_leaves_nothing_behind_and_sees_no_other_process() -> None:
    argv = _argv(kind="bubblewrap")
    assert {"--unshare-pid", "--die-with-parent", "--new-session"} <= set(argv)
    assert "/tmp" in [argv[i + 1] for i, word in enumerate(argv) if word == "--tmpfs"]


def test_apptainer_has_an_own_pid_namespace_and_the_learners_home() -> None:
    argv = _argv(kind="apptainer", image="/images/desktop.sif", binds=["/scratch", "/data:/in:ro"])
    assert argv[:2] == ["/usr/bin/apptainer", "exec"]
    assert "--pid" in argv
    assert argv[argv.index("--home") + 1] == "/home/ada:/home/ada"
    assert [argv[i + 1] for i, word in enumerate(argv) if word == "--bind"] == [
        f"{DOOR}:/run/classdesk:ro",
        "/scratch:/scratch",
        "/data:/in:ro",
    ]
    assert argv[-1] == "/images/desktop.sif"


def test_host_runs_the_nodes_own_desktop_in_a_pid_namespace() -> None:
    argv = _argv(kind="host")
    assert argv[0] == "/usr/bin/unshare"
    assert {"--pid", "--kill-child", "--mount-proc"} <= set(argv)
    assert argv[-1] == "--"


def test_a_site_can_name_another_program() -> None:
    settings = RuntimeSettings(kind="apptainer", program="/opt/apptainer/bin/apptainer")
    assert runtime_program(settings) == "/opt/apptainer/bin/apptainer"
    assert runtime_command(settings, "/home/ada").argv[0] == "/opt/apptainer/bin/apptainer"


@pytest.mark.parametrize(
    ("bind", "parts"),
    [
        ("/a", ("/a", "/a", False)),
        ("/a:/b", ("/a", "/b", False)),
        ("/a:/b:ro", ("/a", "/b", True)),
    ],
)
def test_binds(bind: str, parts: tuple[str, str, bool]) -> None:
    assert split_bind(bind) == parts


@pytest.mark.parametrize("bind", ["a", "", "/a:b", "/a:/b:rw", "/a::ro", "/a:/b:ro:x", "/a\n"])
def test_binds_that_are_refused(bind: str) -> None:
    with pytest.raises(ValidationError):
        RuntimeSettings.model_validate({"binds": [bind]})
