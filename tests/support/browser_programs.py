"""The programs of the lesson, as a learner uses them in the desktop: terminal and editor."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from support.browser_desktop import Desktop
from support.screen import Window, session_processes
from support.world import PATIENCE, wait_until

PROMPT = re.compile(r"^[\w-]+@[\w.-]+:[^\s$]*\$(?: |$)", re.MULTILINE)
COMMAND_SECONDS = 30.0
COPY_SECONDS = 10.0
COPY_AGAIN_SECONDS = 2.0


@dataclass(frozen=True)
class Output:
    """What a command printed, as the terminal shows it, and how long it took."""

    text: str
    seconds: float

    @property
    def real_seconds(self) -> float:
        """What bash's `time` said."""
        match = re.search(r"^real\s+(\d+)m([\d.]+)s$", self.text, re.MULTILINE)
        assert match, f"no time in {self.text!r}"
        return 60 * int(match[1]) + float(match[2])


@dataclass
class Terminal:
    """The one terminal window of a desktop."""

    desktop: Desktop
    _prompts: int | None = None  # how many the last command has left behind; None where something else was typed

    @classmethod
    def open(cls, desktop: Desktop) -> "Terminal":
        """Right click on the empty desktop, *Open in Terminal*."""
        desktop.open_desktop_menu()

        def chosen() -> bool:
            # The entry's own letter; where it stands in the menu may change. A menu that is just being
            # opened has not the keyboard yet.
            desktop.press("t")
            return not desktop.x.menus()

        wait_until(chosen, 10, "the menu has taken the choice", every=0.5)
        desktop.window("", "mate-terminal")
        terminal = cls(desktop)
        terminal.activate()
        wait_until(lambda: PROMPT.search(terminal.text(2)), COMMAND_SECONDS, "the shell's prompt")
        return terminal

    def activate(self) -> Window:
        return self.desktop.activate("", "mate-terminal")

    def text(self, seconds: float = COPY_SECONDS) -> str:
        """All that the terminal shows and has shown: selected as a whole and copied out to the browser.

        Raises:
            LookupError: Nothing was copied; an empty terminal copies nothing.
        """
        self.activate()
        field = self.desktop.page.locator("#clipboard-text")
        # The desktop's clipboard gets a text of its own first, so that the terminal's is told from an older copy of it.
        mark = f"nothing of the terminal yet {time.monotonic_ns()}"
        field.evaluate(
            "(field, mark) => { field.value = mark; field.dispatchEvent(new Event('input')); }",
            mark,
        )
        end = time.monotonic() + PATIENCE * seconds
        while time.monotonic() < end:
            self.desktop.press("Control+Shift+A", "Control+Shift+C")
            again = time.monotonic() + COPY_AGAIN_SECONDS
            while time.monotonic() < again:
                if (text := field.input_value()) != mark:
                    return text
                time.sleep(0.03)
        raise LookupError(f"the terminal has copied nothing within {seconds:g} s")

    def deselect(self) -> None:
        """A click into the terminal, so that a picture shows it as it is."""
        window = self.activate()
        self.desktop.click(window.x + window.width - 60, window.y + window.height - 12)

    def begin(self, command: str) -> None:
        """Types a command that goes on for longer."""
        self.activate()
        self._prompts = None
        self.desktop.type(f"{command}\n")

    def run(self, command: str, timeout: float = COMMAND_SECONDS) -> Output:
        """Types a command and waits until the shell asks for the next one."""
        self.activate()
        prompts = self._prompts or len(PROMPT.findall(self.text()))
        self.desktop.type(command)
        began = time.monotonic()
        self.desktop.press("Enter")
        return self._finish(began, prompts, command, timeout)

    def _finish(self, began: float, prompts: int, command: str, timeout: float) -> Output:
        ended = began

        def finished() -> str | None:
            nonlocal ended
            if not self.is_idle():
                return None
            ended = time.monotonic()
            text = self.text()
            found = list(PROMPT.finditer(text))
            if len(found) <= prompts:
                return None
            self._prompts = len(found)
            return text[found[prompts - 1].end() : found[prompts].start()]

        said = str(wait_until(finished, timeout, f"the end of the command {command!r}", every=0.05))
        # Long lines come back as they were typed: the terminal wraps them on the screen only.
        first, _, rest = said.partition("\n")
        assert first.rstrip() == command, f"typed {command!r}, and the terminal shows {first!r}"
        return Output(rest, ended - began)

    def is_idle(self) -> bool:
        """Whether the shell waits for a command: it is the foreground process of its terminal."""
        shell = self.shell()
        fields = Path(f"/proc/{shell}/stat").read_text().rpartition(")")[2].split()
        return fields[2] == fields[5]

    def shell(self) -> int:
        """The shell's process id on the node."""
        parents = {
            pid
            for pid, arguments in session_processes(self.desktop.learner.name).items()
            if re.search(r"\bmate-terminal\b", arguments.partition(" ")[0])
        }
        shells = [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/stat")
            if (fields := _stat(path)) and int(fields[1]) in parents
        ]
        if len(shells) != 1:
            raise LookupError(f"{len(shells)} shells in the terminal, not one")
        return shells[0]


def _stat(path: Path) -> list[str]:
    try:
        return path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@dataclass
class Editor:
    """A pluma window."""

    desktop: Desktop
    home: Path

    def activate(self) -> Window:
        return self.desktop.activate("Pluma", "pluma")

    def write(self, program: str) -> None:
        """Types a program over whatever there is, as a person does in an editor that indents by itself."""
        self.activate()
        self.desktop.press("Control+a", "Delete")
        indented = 0
        for number, line in enumerate(program.rstrip("\n").split("\n")):
            if number:
                self.desktop.press("Enter")
            wanted = len(line) - len(line.lstrip(" "))
            self.desktop.press(*["Backspace"] * max(0, indented - wanted))
            self.desktop.type(line[min(indented, wanted) :])
            indented = wanted

    def save(self, name: str) -> str:
        """Ctrl + S; returns what the file holds then."""
        self.activate()
        self.desktop.press("Control+s")
        return self._saved(name)

    def save_as(self, name: str) -> str:
        """Ctrl + Shift + S, the name, Enter; returns what the file holds then."""
        self.activate()
        self.desktop.press("Control+Shift+S")
        self.desktop.window("Save As", "pluma")
        wait_until(lambda: "Save As" in self._active_title(), 5, "the dialogue has the keyboard")
        self.desktop.press("Control+a")
        self.desktop.type(f"{name}\n")
        return self._saved(name)

    def _active_title(self) -> str:
        active = self.desktop.x.active()
        return active.title if active else ""

    def _saved(self, name: str) -> str:
        wait_until(
            lambda: re.match(rf"{re.escape(name)} ", self._active_title()),
            10,
            f"the editor says that {name} is saved",
        )
        return wait_until((self.home / name).read_text, 5, f"the file {name} is there")
