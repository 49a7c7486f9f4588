"""Who a learner is to git, until they say so themselves: `git commit` refuses to work for nobody.

The name and the address are of the system's level, so that whatever a learner sets, anywhere, comes before them.
"""

from __future__ import annotations

import logging
import os
import pwd

from classdesk_desktop.session.runtime import RuntimeDirectory

log = logging.getLogger("classdesk-session")


def write_identity(runtime: RuntimeDirectory) -> None:
    """Write git's settings for this session, made from the learner's account."""
    try:
        account = pwd.getpwuid(os.getuid())
        runtime.git_config.write_text(git_config(account.pw_name, account.pw_gecos))
    except (KeyError, OSError) as error:
        log.warning("git does not know the learner's name: %s", error)


def git_config(user: str, gecos: str) -> str:
    """Git's settings for an account.

    Args:
        user: the account's name; one with a domain is taken for an address.
        gecos: what the account's entry says of the person: the name, perhaps a comma and more.
    """
    name = gecos.partition(",")[0].strip() or user
    email = user if "@" in user else f"{user}@localhost"
    # What the system has is read last, so a site's own values count.
    return f"[user]\n\tname = {_quoted(name)}\n\temail = {_quoted(email)}\n[include]\n\tpath = /etc/gitconfig\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
