"""From the classes of the site file to JupyterHub's groups, roles and the console service.

A class is a hub group of its learners. Its instructors get a role whose scopes hold for that group alone,
so that JupyterHub itself decides what they may do.
"""

import os
import sys
from pathlib import Path
from typing import Any

from classdesk_hub.site.file import Site
from classdesk_hub.site.tokens import class_token, console_token
from classdesk_spawner import ClassForm

CONSOLE = "console"
"""Name of the console's service account, and part of its address."""

COMMAND_LINE = "classdesk-class"
"""Name of the service account whose token `classdesk class …` uses."""

OAUTH_SCOPES = ("list:users", "admin:servers", "access:servers", "read:groups", "groups")
"""What the console may do with an instructor's token, of what the instructor may do."""

HUB_PROCESS = "CLASSDESK_HUB_PID"
"""Environment variable of the console: the hub that has started it, and without which it ends."""

USE_CONSOLE = f"access:services!service={CONSOLE}"


# The command `classdesk`; but the hub may stop it while it still imports, and SIGINT shall then be an end, not a
# traceback in the hub's log.
_PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
from classdesk_hub.command.app import main
main()
""".strip()


def instructor_scopes(name: str) -> list[str]:
    """Return what the instructors of a class may do: on this group alone."""
    return [
        f"list:users!group={name}",
        f"read:servers!group={name}",
        f"start:servers!group={name}",
        f"admin:servers!group={name}",
        f"access:servers!group={name}",
        f"read:groups!group={name}",
        f"list:groups!group={name}",
        USE_CONSOLE,
    ]


def configure(c: Any, site: Site, site_file: Path) -> None:
    """Make the groups, the instructors' roles and the console; nothing where the site has no classes."""
    if not site.classes:
        return
    c.SteadyProxy.classes = dict(site.classes)
    c.DesktopSpawner.classes = {
        name: ClassForm(class_.shown_title(name), class_.preset) for name, class_ in site.classes.items()
    }
    c.JupyterHub.load_groups = {
        **c.JupyterHub.get("load_groups", {}),
        **{name: {"users": list(class_.learners)} for name, class_ in site.classes.items()},
    }
    c.JupyterHub.services = [
        *c.JupyterHub.get("services", []),
        _console(site, site_file),
        _command_line(site),
    ]
    c.JupyterHub.load_roles = [*c.JupyterHub.get("load_roles", []), *_roles(site)]


def _roles(site: Site) -> list[dict[str, Any]]:
    # Users and not a group of instructors: JupyterHub takes a role's list of users as the whole truth, so that
    # who is no longer in the site file has the role no longer.
    roles: list[dict[str, Any]] = [
        {
            "name": f"classdesk-instructor-{name}",
            "description": f"Instructor of the class {class_.shown_title(name)}",
            "scopes": instructor_scopes(name),
            "users": list(class_.instructors),
        }
        for name, class_ in site.classes.items()
    ]
    for_all_classes = {scope for name in site.classes for scope in instructor_scopes(name)}
    may_change_groups = {f"groups!group={name}" for name in site.classes}
    return [
        *roles,
        {
            "name": "classdesk-console",
            "description": "The class console's view of the sessions",
            "scopes": ["list:users", "read:servers", "read:groups"],
            "services": [CONSOLE],
        },
        {
            "name": COMMAND_LINE,
            "description": "The command classdesk class, for administrators on the hub's machine",
            "scopes": sorted(for_all_classes | may_change_groups),
            "services": [COMMAND_LINE],
        },
    ]


def _console(site: Site, site_file: Path) -> dict[str, Any]:
    return {
        "name": CONSOLE,
        "url": site.hub.console_url,
        "api_token": console_token(site),
        "environment": {HUB_PROCESS: str(os.getpid())},
        # The hub's own installation and its own site file.
        "command": [
            *(sys.executable, "-P", "-c", _PROGRAM),
            *("run", "console", "--site", str(site_file.resolve())),
        ],
        "oauth_client_allowed_scopes": list(OAUTH_SCOPES),
        # It is a part of the hub, and not somebody else's program that asks for leave.
        "oauth_no_confirm": True,
        "display": True,
    }


def _command_line(site: Site) -> dict[str, Any]:
    return {"name": COMMAND_LINE, "api_token": class_token(site), "display": False}
