"""From validated options to what sbatch gets: its arguments, its script. Pure functions."""

import shlex
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from importlib.resources import files

import jinja2

from classdesk_desktop.protocol import (
    GPU_DIRECTORY,
    IMAGE_LESSONS,
    JOB_PROGRAM,
    OWN_NETWORK,
    SESSION_PROGRAM,
    HubPath,
    LastWords,
    Variable,
)
from classdesk_spawner.form.options import SessionOptions
from classdesk_spawner.settings.models import SlurmSettings
from classdesk_spawner.slurm.environment import PACKED_VARIABLE

from .runtimes import DOOR, RESOLV_CONF, RuntimeCommand

_NOT_BEGUN = 97
"""No session ends with this status."""


def sbatch_arguments(
    slurm: SlurmSettings, options: SessionOptions, comment: str, further: Sequence[str] = ()
) -> list[str]:
    """Return the options of sbatch for a session.

    Args:
        slurm: The site's name for its jobs, whether they are started anew, and its further options.
        options: The validated options.
        comment: Kept with the job, so that one whose number was never stored is found.
        further: Options of the interface and of the class; the last of a name counts.
    """
    arguments = [
        f"--job-name={slurm.job_name}",
        "--nodes=1",
        "--ntasks=1",
        f"--cpus-per-task={options.cores}",
        f"--mem={options.memory_mib}M",
        f"--time={options.minutes}",
        # sudo hands over a clean environment with our variables only. A list of names instead of ALL
        # would make slurmd run the learner's login shell first (see sbatch(1), --export).
        "--export=ALL",
        "--requeue" if slurm.requeue else "--no-requeue",
        # The home may be full or unreadable; the script finds a place for its log itself.
        "--chdir=/",
        "--output=/dev/null",
        "--error=/dev/null",
    ]
    for option, value in (
        ("partition", options.partition),
        ("account", options.account),
        ("qos", options.qos),
        ("reservation", options.reservation),
        ("gres", _gpus(options)),
        ("comment", comment),
    ):
        if value:
            arguments.append(f"--{option}={value}")
    if options.oversubscribe:
        arguments.append("--oversubscribe")
    return [*arguments, *slurm.options, *further]


def _gpus(options: SessionOptions) -> str:
    # Not --gpus-per-node, which some ways of Slurm to choose nodes do not know.
    words = ("gpu", options.gpu_type, str(options.gpus))
    return ":".join(word for word in words if word) if options.gpus else ""


def render_batch_script(
    options: SessionOptions, runtime: RuntimeCommand, home: str, slurm_directory: str = "", *, own_network: bool = False
) -> str:
    """Return the batch script of a session.

    The template gets numbers, words of our own, and shell-quoted command words; nothing in it is
    what a user typed.

    Args:
        options: The validated options.
        runtime: The command that opens the image.
        home: The learner's home directory.
        slurm_directory: Where the compute nodes have Slurm's commands; empty: sessions have none.
        own_network: The session has a network of its own where the node allows it.
    """
    return _template("batch_script.sh.j2").render(
        minutes=options.minutes,
        kind=options.kind,
        variable=Variable,
        packed=PACKED_VARIABLE,
        last_words_path=HubPath.LAST_WORDS,
        last_words_key=fields(LastWords)[0].name,
        home=shlex.quote(home),
        memory_mib=options.memory_mib,
        open_image=_render_open_image(runtime, slurm_directory),
        own_network=_template("own_network.sh.j2").render(not_begun=_NOT_BEGUN, mark=OWN_NETWORK),
        has_own_network=own_network,
    )


def _render_open_image(runtime: RuntimeCommand, slurm_directory: str) -> str:
    """Return the shell functions that open the image, for the session and for the jobs that are submitted in it."""
    # A job may have a terminal, which its programs control (`srun --pty`); a session has none.
    job = [word for word in runtime.argv if word != "--new-session"]
    return (
        _template("open_image.sh.j2")
        .render(
            variable=Variable,
            slurm_directory=shlex.quote(slurm_directory),
            node_door=_package_text("node_door.py").rstrip(),
            door_inside=_shell_words([runtime.door]),
            runtime=runtime,
            gpu_directory=GPU_DIRECTORY,
            lessons=_shell_words(runtime.lessons),
            lessons_inside=_shell_words(
                [":".join([*(runtime.lessons_mount + place for place in runtime.lessons), IMAGE_LESSONS])]
            ),
            session_command=_shell_words([*runtime.argv, SESSION_PROGRAM]),
            job_command=_shell_words([*job, JOB_PROGRAM]),
        )
        .rstrip()
    )


def _shell_words(words: Sequence[str]) -> str:
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    quoted = shlex.quote(word)
    for stand_in, variable in ((DOOR, '"$door"'), (RESOLV_CONF, '"$resolv_conf"')):
        if word == stand_in:
            return variable
        quoted = quoted.replace(stand_in, f"'{variable}'")  # a word with a stand-in is in quotes
    return quoted


@cache
def _package_text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        comment_start_string="{##",  # bash has ${#variable}
        comment_end_string="##}",
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  # shell text; every word is quoted above
    )
    return environment.from_string(_package_text(name))
