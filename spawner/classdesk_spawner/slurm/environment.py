"""The variables of a job as a single one, on their way through sudo.

sudo writes each variable that it is told to hand over (`--preserve-env=NAMES`) into the system's log, with its value:
whoever reads that log could open any session. A variable that its rules keep (`env_keep`) it hands over in silence, and
as the rules cannot know what a site gives to its sessions, it is one that holds all others.
"""

import re
from collections.abc import Collection, Mapping
from urllib.parse import quote, unquote

PACKED_VARIABLE = "CLASSDESK_ENVIRONMENT"
"""Named in hub_config/sudoers.d/classdesk; the batch script unpacks it."""

# Whatever bash could take for the end of a value or for an escape is encoded.
_PLAIN = " !\"#$&'()*+,/:;<=>?@[]^`{|}~"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def pack(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the one variable that holds others, a line each.

    Args:
        environment: Variables by name. One whose name no shell takes is left out.
    """
    lines = (
        f"{name}={quote(value, safe=_PLAIN, errors='surrogateescape')}"
        for name, value in environment.items()
        if _NAME.fullmatch(name)
    )
    return {PACKED_VARIABLE: "\n".join(lines)}


def unpack(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the batch script makes of an environment: the variables that `pack` was given."""
    pairs = (line.partition("=") for line in environment.get(PACKED_VARIABLE, "").split("\n") if line)
    return {name: unquote(value, errors="surrogateescape") for name, _, value in pairs}


def lost_variables(rules: str, further: Collection[str] = ()) -> tuple[str, ...]:
    """Return which variables sudo does not hand over, from what `sudo -l` printed.

    Args:
        rules: Its output; text without any entry of Defaults tells nothing, and is believed to keep all.
        further: Names of variables beside the packed one. A file of root's (`env_file`) may give them.
    """
    text = " ".join(rules.split())
    if "Matching Defaults entries" not in text or "!env_reset" in text:
        return ()
    kept = re.findall(r'env_keep\+?=(?:"([^"]*)"|((?:[^\s,\\]|\\.)+))', text)
    names = " ".join(first or second.replace("\\", "") for first, second in kept).split()
    patterns = [re.escape(name).replace(r"\*", ".*") for name in names]
    wanted = (PACKED_VARIABLE, *(() if "env_file=" in text else further))
    return tuple(n for n in wanted if not any(re.fullmatch(p, n) for p in patterns))
