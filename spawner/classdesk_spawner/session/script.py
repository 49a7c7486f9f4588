"""From validated options to what sbatch gets: its arguments, its script. Pure functions."""

import shlex
from dataclasses import fields
from functools import cache
from importlib.resources import files

import jinja2

from classdesk_desktop.protocol import GPU_DIRECTORY, HubPath, LastWords, Variable
from classdesk_spawner.form.options import SessionOptions
from classdesk_spawner.settings.models import SlurmSettings
from classdesk_spawner.slurm.environment import PACKED_VARIABLE

from .runtimes import RuntimeCommand


def sbatch_arguments(slurm: SlurmSettings, options: SessionOptions, comment: str) -> list[str]:
    """Return the options of sbatch for a session.

    Args:
        slurm: The site's name for its jobs, and whether they are started anew.
        options: The validated options.
        comment: Kept with the job, so that one whose number was never stored is found.
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
    return arguments


def _gpus(options: SessionOptions) -> str:
    # Not --gpus-per-node, which some ways of Slurm to choose nodes do not know.
    words = ("gpu", options.gpu_type, str(options.gpus))
    return ":".join(word for word in words if word) if options.gpus else ""


def render_batch_script(options: SessionOptions, runtime: RuntimeCommand, home: str) -> str:
    """Return the batch script of a session.

    The template gets numbers, words of our own, and shell-quoted command words; nothing in it is
    what a user typed.

    Args:
        options: The validated options.
        runtime: The command that opens the image.
        home: The learner's home directory.
    """
    return _template().render(
        minutes=options.minutes,
        kind=options.kind,
        variable=Variable,
        packed=PACKED_VARIABLE,
        last_words_path=HubPath.LAST_WORDS,
        last_words_key=fields(LastWords)[0].name,
        home=shlex.quote(home),
        memory_mib=options.memory_mib,
        runtime=runtime,
        gpu_directory=GPU_DIRECTORY,
        command=" ".join(shlex.quote(word) for word in runtime.argv),
    )


@cache
def _template() -> jinja2.Template:
    text = (files(__package__) / "batch_script.sh.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        comment_start_string="{##",  # bash has ${#variable}
        comment_end_string="##}",
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  # shell text; every word is quoted above
    )
    return environment.from_string(text)
