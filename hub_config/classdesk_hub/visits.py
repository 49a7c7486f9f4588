"""An instructor opens a learner's desktop without JupyterHub's page that asks whether they trust it.

That page protects people from giving a stranger's server a token. The one that a session gets says who the visitor is
and opens that session alone; for those who may stop it the question only stands between them and a learner.
"""

from collections.abc import Iterable
from typing import Any

from jupyterhub.apihandlers import default_handlers
from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler

_HARMLESS = frozenset({"read:users:name", "read:users:groups", "access:servers"})


class VisitorAuthorizeHandler(OAuthAuthorizeHandler):  # type: ignore[misc]  # jupyterhub has no type information
    """JupyterHub's own, but for visits of instructors."""

    def needs_oauth_confirm(self, user: Any, oauth_client: Any, requested_scopes: Any) -> bool:
        """Tell whether the visitor is to be asked."""
        asks: bool = super().needs_oauth_confirm(user, oauth_client, requested_scopes)
        server = oauth_client.spawner
        if not asks or server is None:
            return asks
        return not (
            only_opens(f"{server.user.name}/{server.name}", requested_scopes)
            and self.has_scope(f"admin:servers!user={server.user.name}")
        )


def only_opens(server: str, scopes: Iterable[str]) -> bool:
    """Tell whether scopes are to know the visitor and to open one server, and nothing else."""
    for scope in scopes:
        base, _, limit = scope.partition("!")
        if base not in _HARMLESS:
            return False
        if base == "access:servers" and limit != f"server={server}":
            return False
    return True


def configure() -> None:
    """Put our handler into JupyterHub's list, in the place of its own."""
    default_handlers[:] = [
        (row[0], VisitorAuthorizeHandler, *row[2:]) if row[1] is OAuthAuthorizeHandler else row
        for row in default_handlers
    ]
