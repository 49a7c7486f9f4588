"""`lesson new`: a small pack that works, to be changed into one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from classdesk_desktop.lesson.model import LessonError

__all__ = ["make_pack"]

_MANIFEST: Final = """\
# What `lesson` knows of this lesson. `lesson schema` prints the JSON Schema of this file, for your editor.
title = "{title}"
summary = "One sentence on what it is about."
minutes = 15

[files]
"README.md" = "the steps"
"squares.py" = "challenge 1: a sum of squares"
"solutions/squares.py" = "solution of challenge 1"

[[exercises]]
name = "squares"
title = "Challenge 1: a sum of squares"
script = "squares.py"
begin = "Open squares.py in an editor, and sum the squares."
prints = ["total is 204"]
hints = {{ "total is 36" = "36 is the sum of the numbers themselves: square them first." }}

[exercises.wrong]
"wrong/squares.py" = "square them first"
"""
_TEXT: Final = """\
# {title}

What learners will know at the end of it.

## A first run (5 min)

Go to the lesson's folder, and run the script. It prints `total is 36`.

```bash
cd ~/Desktop/Lesson/{name}
python3 squares.py
```

## Challenge 1: a sum of squares (10 min)

Change [squares.py](squares.py) so that it sums the squares of the numbers. Is it right?

```bash
lesson check squares
```
"""
_SCRIPT: Final = """\
# {comment}


def main():
  numbers = [1, 2, 3, 4, 5, 6, 7, 8]
  total = sum({summed})
  print("total is " + str(total))


if __name__ == "__main__":
  main()
"""


def make_pack(place: Path) -> list[Path]:
    """Make a pack; its name is the folder's.

    Returns:
        Its files.

    Raises:
        LessonError: There is something of that name already, or the name is not one for a pack.
    """
    name = place.name
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise LessonError(f"{name!r} is not a name for a lesson; use small letters, digits and -, as in my-lesson.")
    title = name.replace("-", " ").capitalize()
    files = {
        "lesson.toml": _MANIFEST.format(title=title),
        "README.md": _TEXT.format(title=title, name=name),
        "squares.py": _SCRIPT.format(comment="Challenge 1: sum the squares of the numbers.", summed="numbers"),
        "solutions/squares.py": _SCRIPT.format(comment="Solution of challenge 1.", summed="n * n for n in numbers"),
        "wrong/squares.py": _SCRIPT.format(comment="Wrong: nothing is squared.", summed="n for n in numbers"),
    }
    try:
        place.mkdir()
    except FileExistsError:
        raise LessonError(f"There is a {place} already. Choose another name.") from None
    except OSError as error:
        raise LessonError(f"{place} cannot be made: {error.strerror}.") from error
    for file, text in files.items():
        (place / file).parent.mkdir(exist_ok=True)
        (place / file).write_text(text, encoding="utf-8")
    return [place / file for file in files]
