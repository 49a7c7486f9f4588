"""The learner's Unix account."""

import pwd

from classdesk_spawner.errors import SessionError


def unix_account(name: str) -> pwd.struct_passwd:
    """Return the account of a session. Asks the directory service, so it blocks.

    Args:
        name: The user's name; not the user, whose attributes may be read from the database, which belongs to
            the event loop's thread.

    Raises:
        SessionError: There is none, or it is root's.
    """
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        raise SessionError(
            "This machine does not know your user name. Please tell the administrator.",
            detail=f"no Unix account {name}",
        ) from None
    if account.pw_uid == 0:
        raise SessionError("The root account cannot have a session. Log in as a learner.")
    return account
