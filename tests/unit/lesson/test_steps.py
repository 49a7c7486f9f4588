"""A lesson's text: what is a step, a command, a link."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from classdesk_desktop.lesson.steps import StepsError, read_text, with_variables

TEXT = """\
# A lesson

Before the steps, with [a file](a.py).

## First: hello, world! (5 min)

```bash
cd ~/Desktop
python a.py
```

```python
## not a step
[not a link](b.py)
```

```bash window fails
feh a.png
```

## Second

`[code](c.py)` and ![the picture](a.png) and [elsewhere](https://example.org/), {{account}}.
"""


def test_a_heading_begins_a_step() -> None:
    text = read_text(TEXT)
    assert text.introduction == "# A lesson\n\nBefore the steps, with [a file](a.py)."
    first, second = text.steps
    assert (first.name, first.title, first.minutes, first.line) == ("first-hello-world", "First: hello, world!", 5, 5)
    assert (second.name, second.title, second.minutes) == ("second", "Second", 0)
    assert first.text.startswith("```bash")
    assert "## not a step" in first.text


def test_blocks_of_commands_are_told_from_other_code() -> None:
    first, second = read_text(TEXT).steps
    assert [(block.line, block.text, sorted(block.flags)) for block in first.blocks] == [
        (8, "cd ~/Desktop\npython a.py", []),
        (18, "feh a.png", ["fails", "window"]),
    ]
    assert second.blocks == ()


def test_links_to_files_and_variables_have_their_lines() -> None:
    text = read_text(TEXT)
    assert text.links == ((3, "a.py", False), (23, "a.png", True))
    assert text.variables == ((23, "account"),)
    assert with_variables("as {{ account }} or {{other}}", {"account": "def-x"}) == "as def-x or {{other}}"


@given(st.lists(st.sampled_from(["## a", "## b (3 min)", "```", "```bash", "~~~~", "[x](y)", "", "# t", "## ```"])))
def test_any_text_is_read_or_refused_with_a_line_that_it_has(lines: list[str]) -> None:
    try:
        text = read_text("\n".join(lines))
    except StepsError as error:
        assert 1 <= error.line <= len(lines)  # noqa: PT017
        return
    assert all(lines[step.line - 1].startswith("## ") for step in text.steps)
