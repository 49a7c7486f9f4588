"""The desktop's own Firefox: what a page in it knows and shows, on a machine without the internet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import SitDown
from support.browser_desktop import Colour, Desktop
from support.browser_programs import Terminal
from support.world import Hub, wait_until

NAME = "learner02"
BROWSER_SECONDS = 30
LOCALTIME = Path("/etc/localtime")

# At 08:00 UTC on a winter's day.
CLOCK = """
<script>
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  document.title = `${timeZone} at ${new Date(1_800_000_000_000).getHours()}`;
</script>
"""

MAGENTA = (255, 0, 255)
PLOT = """
from bokeh.plotting import figure, show

plot = figure(title="A bar")
plot.vbar(x=[1], width=1, top=[1], color="magenta")
show(plot)
"""


@pytest.fixture(scope="module")
def in_halifax(_product: Hub) -> Iterator[None]:
    """The node's clock is that of Halifax."""
    before = LOCALTIME.readlink()
    LOCALTIME.unlink()
    LOCALTIME.symlink_to("/usr/share/zoneinfo/America/Halifax")
    yield
    LOCALTIME.unlink()
    LOCALTIME.symlink_to(before)


@pytest.fixture(scope="module")
def desktop(in_halifax: None, sit_down_for_long: SitDown) -> Desktop:
    return Desktop.start(sit_down_for_long(NAME))


@pytest.fixture(scope="module")
def terminal(desktop: Desktop) -> Terminal:
    return Terminal.open(desktop)


def test_firefox_knows_the_node_s_time_zone(desktop: Desktop, terminal: Terminal, hub: Hub) -> None:
    (hub.home(NAME) / "clock.html").write_text(CLOCK)
    terminal.begin("firefox clock.html &")
    desktop.window("^America/Halifax at 4 ", "firefox", timeout=BROWSER_SECONDS)


def test_a_plot_of_bokeh_is_painted(desktop: Desktop, terminal: Terminal, hub: Hub) -> None:
    (hub.home(NAME) / "plot.py").write_text(PLOT)
    terminal.activate()
    terminal.begin("module load python; python plot.py")
    window = desktop.window("^Bokeh Plot", "firefox", timeout=BROWSER_SECONDS)
    wait_until(lambda: count(desktop, MAGENTA) > 10_000, BROWSER_SECONDS, f"{window.title} has its bar")
    desktop.screenshot("bokeh")


def count(desktop: Desktop, colour: Colour) -> int:
    """How many pixels of the picture have a colour, or nearly: the picture may have been through JPEG."""
    colours = desktop.picture().getcolors(1 << 24) or []
    return sum(number for number, seen in colours if _is_near(seen, colour))


def _is_near(seen: object, wanted: Colour) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(a - b) < 24 for a, b in zip(seen, wanted, strict=True))
