"""What the administrator runs: the hub's configuration and the command `classdesk`.

See hub_config/README.md.
"""

from .configure import configure
from .site.file import Site, SiteFileError, load_site

__all__ = ["Site", "SiteFileError", "configure", "load_site"]
