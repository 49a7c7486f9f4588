"""Modules that the server's packages import and this server never uses: kept out, as they took half of its start.

What is put in their place has the names that are imported, and nothing that works. Were one of them ever
used, that one request would fail.
"""

from __future__ import annotations

import sys
import types
from typing import Any, Final, cast

# jsonschema checks with these what no schema here has, and goes without by its own design: "iri", whose
# grammar takes 0.5 s to build, and "duration", which brings in arrow.
_UNCHECKED: Final = ("rfc3987_syntax", "isoduration")


def spare_imports(*, kernels: bool) -> None:
    """Keep them out; to be called before the first of the server's packages is imported.

    Args:
        kernels: Whether notebooks run in this session.
    """
    for name in _UNCHECKED:
        sys.modules[name] = cast("types.ModuleType", None)
    _spare_hub()
    if not kernels:
        _put("dateutil.parser", isoparse=_parse_date)


def _spare_hub() -> None:
    """Keep the hub's own half out: its pages, its tables, and its database.

    jupyterhub.log imports the request handlers to know one class of the hub's own requests, jupyterhub.scopes
    the tables, jupyterhub.utils the name of an error of the database: 0.4 s and 30 MB in each session. This
    process serves no such request and has no database: it compares scopes as text. Were it ever to need a
    table, nobody would be let in.
    """
    _put("jupyterhub.handlers")
    _put("jupyterhub.handlers.pages", HealthCheckHandler=type("HealthCheckHandler", (), {}))
    _put("jupyterhub.orm")
    _put("sqlalchemy", func=None)
    _put("sqlalchemy.exc", SQLAlchemyError=type("SQLAlchemyError", (Exception,), {}))


def _put(name: str, **names: object) -> None:
    module = types.ModuleType(name)
    vars(module).update(names)
    sys.modules[name] = module


def _parse_date(text: str) -> Any:
    """Parse the date of a kernel's message with the real dateutil, should a kernel run after all."""
    del sys.modules["dateutil.parser"]
    from dateutil.parser import isoparse  # type: ignore[import-untyped]

    vars(sys.modules["jupyter_client.jsonutil"])["_dateutil_parse"] = isoparse
    return isoparse(text)
