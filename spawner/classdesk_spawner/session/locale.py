"""Which locale a learner's browser asks for: the session takes it where the site names none."""

import re

_ENTRY = re.compile(r"\s*([A-Za-z]{2,3})(?:-([A-Za-z]{2}))?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")
_LONGEST_HEADER = 500


def browser_locale(accept_language: str) -> str:
    """Return the language that a browser's `Accept-Language` (RFC 9110, 12.5.4) wants most, or nothing.

    What comes out is two or three letters, and perhaps two more: it may go into any environment.
    """
    best, best_weight = "", 0.0
    for part in accept_language[:_LONGEST_HEADER].split(","):
        match = _ENTRY.fullmatch(part)
        if not match:
            continue
        language, country, weight = match[1].lower(), match[2], float(match[3] or 1)
        if weight > best_weight:
            best, best_weight = (f"{language}-{country.upper()}" if country else language), weight
    return best
