"""What the site allows in a session: read once from the job's environment, which the hub makes of the site file."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from classdesk_desktop.messages import read
from classdesk_desktop.protocol import Policy, Variable

log = logging.getLogger("classdesk-session")


def read_policy(environ: Mapping[str, str]) -> Policy:
    """Return the policy in a session's environment.

    One that cannot be read must not cost a learner the session: what is missing, unknown or of the wrong type is logged
    and has its default.
    """
    text = environ.get(Variable.POLICY, "")
    if not text:
        return Policy()
    try:
        told = json.loads(text)
    except ValueError as error:
        log.warning("%s is not JSON (%s); the defaults hold.", Variable.POLICY, error)
        return Policy()
    if not isinstance(told, dict):
        log.warning("%s is not a JSON object; the defaults hold.", Variable.POLICY)
    return read(Policy, told, lambda what: log.warning("%s: %s.", Variable.POLICY, what))
