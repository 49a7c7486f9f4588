"""The secrets that the hub shares with the proxy, the commands and the class console."""

import os
import secrets
import tempfile
from pathlib import Path

from .file import Site


def proxy_token(site: Site) -> str:
    """Return the token of the proxy's interface."""
    return _token(site, "proxy_token")


def status_token(site: Site) -> str:
    """Return the token with which `classdesk sessions` asks the hub."""
    return _token(site, "status_token")


def class_token(site: Site) -> str:
    """Return the token with which `classdesk class …` asks the console."""
    return _token(site, "class_token")


def console_token(site: Site) -> str:
    """Return the console's own token, with which it looks at the sessions."""
    return _token(site, "console_token")


def console_cookie_secret(site: Site) -> str:
    """Return what the console signs its cookies with: pages stay logged in when it is restarted."""
    return _token(site, "console_cookie_secret")


def _token(site: Site, name: str) -> str:
    """Return a token; the first who asks makes it.

    The file is created with mode 0600 and moved into place, so that hub and proxy, which start at the
    same moment, agree.

    Raises:
        OSError: The state directory is missing or not ours.
    """
    path = Path(site.hub.state_directory) / name
    if not path.exists():
        descriptor, draft_name = tempfile.mkstemp(prefix=f"{name}.", dir=path.parent)  # mode 0600
        draft = Path(draft_name)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            if os.geteuid() == 0:
                # An administrator's command may be the first who asks: the hub must be able to read it.
                owner = path.parent.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # the other one was faster; its token holds
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()
