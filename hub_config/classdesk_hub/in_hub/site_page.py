"""What our handlers in JupyterHub's process have in common."""

from classdesk_hub.site.file import Site


class SitePage:
    """A handler that knows the site."""

    site: Site

    def initialize(self, site: Site) -> None:
        """Take the site."""
        self.site = site
