"""JupyterHub's configuration. Everything is set in the site file; what is set below the call wins."""

from classdesk_hub import configure

c = get_config()  # noqa: F821  # given by JupyterHub

configure(c, "/etc/classdesk/site.toml")
