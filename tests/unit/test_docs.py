"""The docs say what is there: paths, commands, settings and sentences are those of the code."""

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import typer
from pydantic import BaseModel

from classdesk_hub.command.app import app
from classdesk_hub.site.file import Site
from classdesk_spawner import FormSettings, Offer, OptionRules, OptionsError, SlurmSettings
from classdesk_spawner.errors import JobEndedError
from classdesk_spawner.session.progress import REASONS, reason_text
from classdesk_spawner.slurm.offer import Partition
from classdesk_spawner.slurm.refusals import REFUSALS, explain_refusal
from classdesk_spawner.slurm.states import END_SENTENCES, end_sentence

REPOSITORY = Path(__file__).parents[2]
ERRORS = REPOSITORY / "docs/admin/errors.md"
# What is made on a machine, is not in the repository, and may be named.
_MADE = ("build", ".venv", "node_modules")


def _documents() -> Iterator[Path]:
    for folder, folders, files in os.walk(REPOSITORY):
        folders[:] = sorted(f for f in folders if f not in _MADE and not f.startswith("."))
        yield from (Path(folder, file) for file in sorted(files) if file.endswith(".md"))


DOCUMENTS = [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in _documents()]
TOP_LEVEL = {
    p.name
    for p in REPOSITORY.iterdir()
    if p.is_dir() and p.name not in _MADE and (p.name == ".ci" or not p.name.startswith("."))
}


def _prose_and_blocks(text: str) -> tuple[str, list[str]]:
    """Return a document without its blocks of code, and the lines of these."""
    prose: list[str] = []
    lines: list[str] = []
    in_block = False
    for line in text.splitlines():
        if line.startswith("```"):
            in_block = not in_block
        elif in_block or re.match(r" {4}(?! )", line):
            lines.append(line.strip())
        else:
            prose.append(line)
    return "\n".join(prose), lines


def _spans(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`\n]+)`", _prose_and_blocks(text)[0])


def _code(text: str) -> list[str]:
    """Return the code of a document: each span in backticks, each line of a block."""
    return _spans(text) + _prose_and_blocks(text)[1]


def _without_comment(line: str) -> str:
    return re.split(r"\s#\s", line)[0]


def _expanded(word: str) -> list[str]:
    """Return the words that `a/{b,c}` stands for."""
    found = re.fullmatch(r"(.*)\{([^{}]*)\}(.*)", word)
    if not found:
        return [word]
    head, middle, tail = found.groups()
    return [f"{head}{part}{tail}" for part in middle.split(",")]


def _named_paths(text: str) -> set[str]:
    """Return the words in a document's code that are paths in the repository."""
    words = (
        word.strip(",;:()'\"").split("::")[0]
        for line in _code(text)
        for group in line.split()
        for word in _expanded(group)
    )
    return {
        word
        for word in words
        if word.partition("/")[0] in TOP_LEVEL
        and "/" in word
        and not re.search(r"[<>$…=]|\b[A-Z]{3,}\b(?!\.md)|NN-", word)
    }


# Those of a lesson's text are checked whenever it is read, and its pictures are made by its scripts.
@pytest.mark.parametrize("document", [d for d in DOCUMENTS if not re.match(r"lesson_scripts/.+/", str(d.id))])
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", _prose_and_blocks(document.read_text())[0])
    local = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_paths_exist(document: Path) -> None:
    missing = [
        path
        for path in sorted(_named_paths(document.read_text()))
        if not any(REPOSITORY.glob(path.rstrip("/"))) and not (document.parent / path).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for line in _code(document.read_text())
        for target in re.findall(r"(?:^|&& |# |, |sudo )make ([a-z]+)", line)
    }
    assert named - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_options_of_the_tests_exist(document: Path) -> None:
    ours = "".join((REPOSITORY / file).read_text() for file in ("tests/conftest.py", "tests/run"))
    for line in _code(document.read_text()):
        if line.startswith("tests/run "):
            named = re.findall(r"--[a-z-]+", _without_comment(line))
            assert [option for option in named if option not in ours] == [], line


@pytest.mark.parametrize("document", DOCUMENTS)
def test_classdesk_commands_exist(document: Path) -> None:
    for line in _code(document.read_text()):
        for words in re.findall(r"(?:^|/|-- |&& )classdesk((?: +[a-z]+)+)", _without_comment(line)):
            command: Any = typer.main.get_command(app)
            for word in words.split():
                if not hasattr(command, "commands"):
                    break  # the command's own argument
                assert word in command.commands, f"{line}: there is {', '.join(command.commands)}"
                command = command.commands[word]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_settings_exist(document: Path) -> None:
    tables = "|".join(Site.model_fields)
    named = [
        span
        for span in _spans(document.read_text())
        if re.fullmatch(rf"\[({tables})(\.[a-z_]+)*(\.NAME)?\]|({tables})\.[a-z_]+", span)
        and not span.endswith((".conf", ".js", ".css", ".html", ".py"))
    ]
    for span in named:
        model: type[BaseModel] = Site
        for part in span.strip("[]").removesuffix(".NAME").split("."):
            assert part in model.model_fields, f"{span}: there is {', '.join(model.model_fields)}"
            annotation = model.model_fields[part].annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                model = annotation


@pytest.mark.parametrize("document", DOCUMENTS)
def test_nothing_is_left_to_be_written(document: Path) -> None:
    found = re.findall(r"\b(TODO|FIXME|TBD|XXX|lorem ipsum|coming soon)\b", document.read_text(), re.IGNORECASE)
    assert found == []


def test_readme_is_short() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 150


def test_readme_names_every_folder_of_the_repository() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    folders = {name for name in TOP_LEVEL if not name.startswith(".") and any(_tracked(name))}
    assert [name for name in sorted(folders) if f"{name}/" not in readme] == []


def _tracked(folder: str) -> Iterator[Path]:
    files = (REPOSITORY / folder).rglob("*")
    return (f for f in files if f.is_file() and not {"__pycache__", ".pytest_cache"} & {*f.parts})


@pytest.mark.parametrize(
    ("document", "folder"),
    [
        pytest.param("spawner/README.md", "spawner/classdesk_spawner", id="spawner"),
        pytest.param("tests/README.md", "tests", id="tests"),
    ],
)
def test_map_of_files_is_complete(document: str, folder: str) -> None:
    cells = re.findall(r"^\| ([^|]+) \|", (REPOSITORY / document).read_text(), re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    rows = [re.sub(r"/.*", "/", name) for name in named]
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (REPOSITORY / folder).iterdir()
        if not path.name.startswith("__py") and not (path.is_dir() and not any(path.iterdir()))
    }
    assert {*rows} == there - {"README.md", "run"}


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading of errors.md."""
    section = ERRORS.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    assert len(table) > 2, f"errors.md has no table below “{heading}”"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


def test_examples_of_the_site_file_are_valid() -> None:
    text = (REPOSITORY / "docs/admin/settings.md").read_text()
    examples = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        Site.model_validate(tomllib.loads(example))


def test_errors_page_has_every_refusal_and_what_slurm_said() -> None:
    rows = _rows("Slurm refused the session")
    sentences = {cells[0] for cells in rows}
    assert [sentence for _, sentence in REFUSALS if sentence not in sentences] == []
    for sentence, said, _ in rows:
        examples = re.findall(r"`([^`]+)`", said) or [said]
        for example in examples:
            stderr = f"sbatch: error: Batch job submission failed: {example}"
            assert explain_refusal(stderr, "ada").jupyterhub_message == sentence, example


def test_errors_page_has_every_end_of_a_job() -> None:
    rows = _rows("The session ended before it was ready")
    told = {state: cells[0] for cells in rows for state in re.findall(r"`([A-Z_]+)`", cells[1])}
    assert told == END_SENTENCES
    assert all(end_sentence(state) == sentence for state, sentence in told.items())


def test_errors_page_has_the_advice_for_a_sessions_last_words() -> None:
    for last_words, advice, _ in _rows("What the session's log ended with"):
        error = JobEndedError("It failed.", job_id="1", last_words=last_words.strip("`"))
        assert error.jupyterhub_message == f"It failed. {advice}"


def test_errors_page_has_every_reason_for_waiting() -> None:
    rows = _rows("The session waits")
    told = {sentence for sentence, _, _ in rows}
    assert [text for _, text in REASONS if text not in told] == []
    for sentence, said, _ in rows:
        for reason in re.findall(r"`([^`]+)`", said):
            assert reason_text(reason) == sentence, reason


def test_errors_page_has_the_forms_sentences() -> None:
    main = Partition("main", cores=4, hours=24, memory_mib=8192, gpus=0)
    rules = OptionRules(FormSettings(max_hours=8.0), SlurmSettings(), Offer((main,)))
    for asked, sentence in _rows("The form was refused"):
        with pytest.raises(OptionsError) as refused:
            rules.validate(dict(parse_qsl(asked.strip("`"))))
        assert str(refused.value) == sentence


def test_errors_page_quotes_sentences_of_the_code() -> None:
    said = {
        node.value
        for path in (REPOSITORY / "spawner/classdesk_spawner").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [cells[0] for cells in _rows("Other sentences") if cells[0] not in said] == []


def test_every_decision_has_a_date_and_is_in_the_index() -> None:
    index, _, decisions = (REPOSITORY / "docs/developer/decisions.md").read_text().partition("\n## ")
    titles = re.findall(r"^### (.+)$", decisions, re.MULTILINE)
    assert re.findall(r"^- \[(.+)\]\(#", index, re.MULTILINE) == titles
    assert [_anchor(title) for title in titles] == re.findall(r"\]\(#(.+)\)$", index, re.MULTILINE)
    assert len(re.findall(r"^### .+\n\n\*20\d\d-\d\d-\d\d\.\* ", decisions, re.MULTILINE)) == len(titles)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_text_is_no_wider_than_code(document: Path) -> None:
    texts = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL).splitlines()
    # Tables, commands and links cannot be broken.
    assert [text for text in texts if len(text) > 120 and not text.startswith(("|", "    ", "- ["))] == []


def test_no_module_is_longer_than_the_rules_of_the_house_say() -> None:
    rules = (REPOSITORY / "CONTRIBUTING.md").read_text()
    limit = re.search(r"A module is one noun and has at most (\d+) lines\.", rules)
    assert limit
    modules = [
        path for folder in TOP_LEVEL for kind in ("py", "js") for path in (REPOSITORY / folder).rglob(f"*.{kind}")
    ]
    lengths = {str(path.relative_to(REPOSITORY)): len(path.read_text().splitlines()) for path in modules}
    assert len(lengths) > 300
    assert [name for name, length in lengths.items() if length > int(limit[1])] == []
