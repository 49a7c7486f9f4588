"""JupyterHub's configuration: classdesk as a site has it, with the benchmark's site file."""

import shared

from classdesk_hub import configure

c = get_config()  # noqa: F821  # given by JupyterHub

configure(c, shared.DIRECTORY / "site.toml")
shared.configure(c)
