from pathlib import Path

import pytest
from pydantic import BaseModel

from classdesk_hub import SiteFileError, load_site
from classdesk_hub.site.classes import ClassSettings
from classdesk_hub.site.example import example
from classdesk_hub.site.file import Site
from classdesk_spawner import ClassPreset

REPOSITORY = Path(__file__).parents[3]


def _site(tmp_path: Path, text: str) -> Site:
    path = tmp_path / "site.toml"
    path.write_text(text)
    return load_site(path)


def _problems(tmp_path: Path, text: str) -> str:
    with pytest.raises(SiteFileError) as caught:
        _site(tmp_path, text)
    return str(caught.value)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    site = _site(tmp_path, "")
    assert site == Site()
    desktop, lab = site.form.interfaces["desktop"], site.form.interfaces["lab"]
    assert (desktop.cores, desktop.hours) == (2, 3)
    assert (lab.cores, lab.hours) == (1, 1)
    assert site.form.default_interface == "desktop"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "[form]\nmax_core = 3",
            "form.max_core: there is no key “max_core” in [form]; did you mean “max_cores”?",
            id="misspelled-key",
        ),
        pytest.param(
            "[sesion]",
            "sesion: there is no key “sesion”; did you mean “session”?",
            id="misspelled-table",
        ),
        pytest.param(
            "[form.interfaces.desktop]\ncore = 2",
            "in [form.interfaces.desktop]; did you mean “cores”?",
            id="misspelled-key-of-an-interface",
        ),
        pytest.param("[hub]\nzzz = 1", "the keys are bind_url, api_url", id="unknown-key-without-a-near-one"),
        pytest.param(
            '[form]\nmax_hours = "8"',
            "form.max_hours = '8': input should be a valid number",
            id="text",
        ),
        pytest.param(
            "[form]\nmax_cores = 2.5",
            "form.max_cores = 2.5: input should be a valid integer",
            id="fraction",
        ),
        pytest.param(
            "[form]\nmax_cores = 0",
            "form.max_cores = 0: input should be greater than",
            id="too-small",
        ),
        pytest.param("[form]\nmax_hours = nan", "form.max_hours = nan", id="not-a-number"),
        pytest.param(
            "[slurm]\nuse_sudo = 1",
            "slurm.use_sudo = 1: input should be a valid boolean",
            id="number",
        ),
        pytest.param('[slurm]\npartition = "--uid=0"', "slurm.partition = '--uid=0'", id="option-as-a-name"),
        pytest.param('[slurm]\naccount = "a\\nb"', "slurm.account = 'a\\nb'", id="newline-in-a-name"),
        pytest.param(
            '[runtime]\nkind = "docker"',
            "'bubblewrap', 'apptainer' or 'host'",
            id="unknown-runtime",
        ),
        pytest.param('[runtime]\nimage = "image"', "must be an absolute path", id="relative-path"),
        pytest.param('[hub]\nbind_url = "http://127.0.0.1:99999"', "port out of range", id="impossible-port"),
        pytest.param(
            '[hub]\nbind_url = "127.0.0.1:8000"',
            "must be an address such as",
            id="address-without-scheme",
        ),
        pytest.param('[hub]\nbind_url = "http://127.0.0.1"', "must name a port", id="address-without-port"),
        pytest.param(
            '[form]\ndefault_interface = "lb"',
            "default_interface is 'lb'; offer has",
            id="no-such-default",
        ),
        pytest.param(
            '[form]\noffer = ["desktop", "nope"]',
            "offer names the interface 'nope'",
            id="no-such-offer",
        ),
        pytest.param(
            "[form]\nmax_cores = 1",
            "interfaces.desktop.cores is 2; max_cores is 1",
            id="preset-above-the-limit",
        ),
        pytest.param(
            "[slurm]\nfast_tick_s = 10\nslow_tick_s = 5",
            "it must be less than slow_tick_s",
            id="fast-is-slower",
        ),
        pytest.param("form = 3", "form = 3", id="a-number-for-a-table"),
        pytest.param("[classes.Dask]", "classes.Dask", id="class-name-that-is-none"),
        pytest.param(
            '[classes.dask]\ninstructor = ["ines"]',
            "in [classes.dask]; did you mean “instructors”?",
            id="misspelled-key-of-a-class",
        ),
        pytest.param(
            "[classes.dask.preset]\nhour = 1",
            "in [classes.dask.preset]; did you mean “hours”?",
            id="misspelled-key-of-a-preset",
        ),
        pytest.param('[classes.dask]\nlearners = ["a b"]', "classes.dask.learners.0 = 'a b'", id="user-name"),
        pytest.param(
            '[classes.dask]\ninstructors = ["ines"]\nlearners = ["ines"]',
            "ines cannot be both instructor and learner of one class",
            id="instructor-who-learns",
        ),
        pytest.param(
            '[login]\nadmins = ["root2"]\n[classes.dask]\nlearners = ["root2"]',
            "nobody's instructor may act in an administrator's session",
            id="administrator-as-a-learner",
        ),
        pytest.param(
            "[classes.dask.preset]\ncores = 65",
            "classes.dask.preset.cores is 65; form.max_cores is 64",
            id="class-preset-above-the-limit",
        ),
        pytest.param(
            '[classes.dask.preset]\ninterface = "labb"',
            "classes.dask.preset.interface is 'labb'; form.offer has",
            id="class-preset-without-an-interface",
        ),
        pytest.param("[form\n", "it is not TOML", id="not-toml"),
    ],
)
def test_problems_name_key_value_and_limit(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in _problems(tmp_path, text)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = _problems(tmp_path, '[form]\nmax_core = 3\nmax_hours = "x"\n[slurm]\npartition = "-p"')
    assert len(text.splitlines()) == 4


def test_a_missing_file_and_a_file_that_is_not_text(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="it cannot be read: No such file"):
        load_site(tmp_path / "none.toml")
    (tmp_path / "site.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SiteFileError, match="it is not UTF-8"):
        load_site(tmp_path / "site.toml")


def test_an_interface_can_be_changed_key_by_key_and_added(tmp_path: Path) -> None:
    site = _site(
        tmp_path,
        '[form]\noffer = ["desktop", "big"]\n[form.interfaces.desktop]\ncores = 4\n'
        '[form.interfaces.big]\nlabel = "Big desktop"\nkind = "desktop"\ncores = 16\nhours = 2',
    )
    assert site.form.interfaces["desktop"].cores == 4
    assert site.form.interfaces["desktop"].hours == 3
    assert site.form.interfaces["big"].label == "Big desktop"


def test_the_example_is_up_to_date() -> None:
    shipped = (REPOSITORY / "hub_config" / "site.example.toml").read_text()
    assert shipped == example(), "run: classdesk example > hub_config/site.example.toml"


def test_the_example_with_its_comments_taken_away_is_the_defaults(tmp_path: Path) -> None:
    lines = example().splitlines()
    settings = [line.removeprefix("# ") for line in lines if "=" in line and not line.startswith("##")]
    tables = [line for line in lines if line.startswith("[")]
    text = "\n".join(line.removeprefix("# ") for line in lines if line in tables or line.removeprefix("# ") in settings)
    assert _site(tmp_path, text) == Site()


def _keys(model: type[BaseModel]) -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _keys(field.annotation)
        elif name not in {"interfaces", "classes"}:
            assert field.description, f"{model.__name__}.{name} has no description"
            found.append(name)
    return found


def test_every_key_is_in_the_example() -> None:
    for key in _keys(Site):
        assert f"# {key} = " in example()


def test_every_key_of_a_class_is_in_the_example() -> None:
    text = example()
    for table, model in (("classes.NAME", ClassSettings), ("classes.NAME.preset", ClassPreset)):
        assert f"## [{table}]" in text
        for name, field in model.model_fields.items():
            assert field.description or name == "preset"
            assert f"##   {name} = " in text or name == "preset"


def test_jupyterhub_config_is_short() -> None:
    assert len((REPOSITORY / "hub_config" / "jupyterhub_config.py").read_text().splitlines()) <= 15
