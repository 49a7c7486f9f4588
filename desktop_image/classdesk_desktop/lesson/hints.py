"""The probable cause of a wrong answer: explanations only, the verdict never depends on them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

__all__ = ["of_error", "of_output", "of_slowness"]

_UNGUARDED = (
    "Processes start your file once more, each from its first line. Put what computes below "
    'if __name__ == "__main__": and leave imports and functions above it.'
)
_ENDED = "One of the processes that your script started was ended, perhaps because the memory was used up."

# The last line of a traceback and what to do about it. Our words, for what learners meet.
_ERRORS: tuple[tuple[str, str], ...] = (
    (
        r"TabError",
        "Some lines begin with tabs and others with spaces. Use two spaces for each level.",
    ),
    (
        r"IndentationError",
        "A line begins with too many or too few spaces. Lines on the same level begin with the same number.",
    ),
    (
        r"SyntaxError",
        "Python does not understand the line above: look for a missing bracket, quote or colon.",
    ),
    (
        r"ExecutableNotFound|failed to execute .*dot",
        "The program dot, which draws the picture, is not on the PATH. Please tell your instructor.",
    ),
    (
        r"No module named '(dask|graphviz|distributed)",
        "Type: module load python",
    ),
    (
        r"has no attribute '(compute|visualize)'",
        "Only a delayed result has compute() and visualize(). This is a plain value: it was never "
        "delayed, or it has already been computed.",
    ),
    (
        r"Truth of Delayed objects",
        "An if needs its answer at once, and a delayed test has none yet. Do not delay the test.",
    ),
    (
        r"Delayed objects of unspecified length",
        "You cannot loop over a result that is not computed yet. Delay the function that takes it.",
    ),
    (
        r"NameError",
        "A name is used that is not defined anywhere: check its spelling and the imports.",
    ),
    (r"EOFError", "The script waits for something to be typed, but nobody types while it is checked."),
)


def of_error(errors: str, source: str) -> str:
    """Why a script ended with an error.

    Args:
        errors: What it wrote to the error stream.
        source: The script's text.
    """
    if re.search(r"IndentationError|TabError", errors) and (where := _uneven_line(errors, source)):
        return where
    if re.search(r"freeze_support|bootstrapping phase", errors):
        return _UNGUARDED
    if re.search(r"Nanny failed to start|BrokenProcessPool", errors):
        return _ENDED if "__main__" in source else _UNGUARDED
    return next((hint for pattern, hint in _ERRORS if re.search(pattern, errors)), "")


def _uneven_line(errors: str, source: str) -> str:
    """Which line is indented otherwise than it should be, and by how much; empty where that is not known."""
    number = re.findall(r"line (\d+)", errors)
    lines = source.splitlines()
    if not number or not 1 < int(number[-1]) <= len(lines):
        return ""
    at = int(number[-1]) - 1
    above = next((i for i in range(at - 1, -1, -1) if lines[i].strip()), None)
    if above is None:
        return ""
    said = f"Line {at + 1} begins with {_indent(lines[at])}, line {above + 1} above it with {_indent(lines[above])}."
    return f"{said} Lines on the same level begin with the same number of spaces."


def _indent(line: str) -> str:
    """How a line begins, in words."""
    blank = line[: len(line) - len(line.lstrip())]
    tabs, spaces = blank.count("\t"), blank.count(" ")
    parts = [
        f"{count} {name}{'' if count == 1 else 's'}" for count, name in ((tabs, "tab"), (spaces, "space")) if count
    ]
    return " and ".join(parts) or "no space"


def of_output(output: str, source: str) -> str:
    """Why the output is not the answer."""
    if "Delayed(" in output:
        if any(_calls(ast.walk(_parsed(source)), "compute")):
            return (
                "A Delayed object was printed. compute() gives its value back and leaves the object "
                "as it is: print what compute() gives."
            )
        return "A Delayed object was printed: nothing has called compute() on it yet."
    if not output.strip():
        return "Nothing was printed. Does the script call main() at its end, and print the result?"
    return ""


def of_slowness(source: str) -> str:
    """Why a script with the right answer ran one call after the other."""
    tree = _parsed(source)
    for call in _calls(ast.walk(tree), "delayed"):
        if call.args and isinstance(call.args[0], ast.Call):
            inner = ast.unparse(call.args[0].func)
            given = ", ".join(ast.unparse(argument) for argument in call.args[0].args)
            return (
                f"Line {call.lineno}: {ast.unparse(call)} calls {inner} at once and delays only its "
                f"result. Delay the function: delayed({inner})({given})."
            )
    for loop in ast.walk(tree):
        for call in _calls(_inside(loop), "compute"):
            return (
                f"Line {call.lineno}: compute() inside the loop waits for each result before the next "
                f"begins. Collect the delayed results, and call compute() once after the loop."
            )
    if not _mentions(tree, "delayed"):
        return "The script does not use delayed, so its calls run one after the other."
    return "Is every slow call delayed, and is there just one compute(), at the end?"


def _parsed(source: str) -> ast.AST:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that a loop repeats; nothing for what is not a loop."""
    match node:
        case ast.For() | ast.While():
            for statement in node.body:
                yield from ast.walk(statement)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            yield from ast.walk(node.elt)


def _calls(nodes: Iterable[ast.AST], name: str) -> Iterator[ast.Call]:
    for node in nodes:
        if isinstance(node, ast.Call) and _is_name(node.func, name):
            yield node


def _mentions(tree: ast.AST, name: str) -> bool:
    return any(_is_name(node, name) for node in ast.walk(tree))


def _is_name(node: ast.AST, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)
