"""What the notes of painted.js say, and where it looks. Pure functions."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

Place = tuple[int, int]
Area = tuple[int, int, int, int]
"""x, y, width, height."""

PHASES = ("accepted", "ready", "page", "canvas", "painted")
"""What happens between Start and the painted desktop, in this order."""


class Places(TypedDict):
    """Places on the canvas and the colours there."""

    places: Sequence[Place]
    colours: Sequence[Sequence[int]]


class Picture(TypedDict):
    """What a painted desktop looks like."""

    width: int
    height: int
    panel: Places
    ground: Places


def places_of(width: int, height: int, panels: Sequence[Area]) -> Mapping[str, list[Place]]:
    """Return where to look: a grid in the panels, and one on the rest of the desktop.

    The upper left part is left out of the rest: icons are drawn there one by one.

    Raises:
        ValueError: No panel is on the canvas.
    """
    panel = [
        (x + panel_width * step // 48, y + panel_height * third // 3)
        for x, y, panel_width, panel_height in panels
        for third in (1, 2)
        for step in range(1, 48)
    ]
    panel = [(x, y) for x, y in panel if 0 <= x < width and 0 <= y < height]
    if not panel:
        raise ValueError(f"no panel on a canvas of {width} by {height}: {panels}")

    def is_free(place: Place) -> bool:
        return not any(
            x <= place[0] < x + panel_width and y <= place[1] < y + panel_height
            for x, y, panel_width, panel_height in panels
        )

    grid = [(width * x // 16, height * y // 16) for x in range(4, 16) for y in range(1, 16)]
    return {"panel": panel, "ground": [place for place in grid if is_free(place)]}


def phases(notes: Sequence[tuple[str, float]]) -> Mapping[str, float]:
    """Return the seconds from Start until each phase has ended.

    * `accepted`: the answer to Start is there, which is the waiting page, or already the session's
    * `ready`: the session is up, the browser logged in to it, and asks for its page
    * `page`: it is loaded
    * `canvas`: the desktop's socket is connected and has told its size
    * `painted`: panel and ground are on the canvas

    Args:
        notes: What happened, and when, in milliseconds since 1970.

    Raises:
        ValueError: The notes do not reach from Start to a painted desktop.
    """
    starts = [number for number, (what, _) in enumerate(notes) if what == "start"]
    if not starts or notes[-1][0] != "painted":
        raise ValueError(f"no start to a painted desktop in {notes}")
    since = notes[starts[-1] + 1 :]
    began = notes[starts[-1]][1]

    def last(prefix: str) -> float:
        return max((when for what, when in since if what.startswith(prefix)), default=began)

    pages = [when for what, when in since if what.startswith("page ")]
    ends = {
        "accepted": min(pages, default=began),
        "ready": last("asked /user/"),
        "page": last("loaded /user/"),
        "canvas": last("canvas"),
        "painted": last("painted"),
    }
    return {name: (ends[name] - began) / 1000 for name in PHASES}
