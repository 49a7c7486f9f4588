"""The form of a class: preset and locked, for its learners."""

import re

import pytest

from classdesk_spawner import (
    ClassForm,
    ClassPreset,
    FormSettings,
    Offer,
    OptionRules,
    OptionsError,
    SlurmSettings,
)
from classdesk_spawner.form.class_form import class_of
from classdesk_spawner.form.render import FormNotes, render_form
from classdesk_spawner.slurm.offer import Partition, Reservation

OFFER = Offer(
    (Partition("main", cores=4, hours=24, memory_mib=8192, gpus=0),),
    (Reservation("tuesday", 0, 4_000_000_000, frozenset({"ada"}), frozenset()),),
)
DASK = ClassForm(
    "Dask, Tuesday",
    ClassPreset(interface="desktop", cores=1, hours=2.5, reservation="tuesday"),
)
CLASSES = {"dask": DASK}


def _rules(form: FormSettings | None = None, dask: ClassForm = DASK) -> OptionRules:
    locked = dask.lock(form or FormSettings(), SlurmSettings())
    return OptionRules(*locked, OFFER, dask.title, dask.locked)


def test_the_preset_is_what_comes_out() -> None:
    options = _rules().validate({})
    assert (options.ui, options.cores, options.minutes) == ("desktop", 1, 150)
    assert options.reservation == "tuesday"


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        pytest.param({"cores": "2"}, "Number of cores: the class “Dask, Tuesday” has set it to 1", id="cores"),
        pytest.param({"hours": 8}, "Time (hours): the class “Dask, Tuesday” has set it to 2.5", id="hours"),
        pytest.param(
            {"ui": "lab"},
            "User interface: the class “Dask, Tuesday” has set it to Desktop.",
            id="interface",
        ),
        pytest.param({"reservation": ""}, "", id="an-empty-field-is-the-preset"),
        pytest.param(
            {"reservation": "x"},
            "the class “Dask, Tuesday” has set it to “tuesday”",
            id="reservation",
        ),
    ],
)
def test_nothing_else_is_taken(raw: dict[str, object], sentence: str) -> None:
    if sentence:
        with pytest.raises(OptionsError, match=re.escape(sentence)):
            _rules().validate(raw)
    else:
        assert _rules().validate(raw).reservation == "tuesday"


def test_a_class_without_a_preset_has_the_interfaces_own() -> None:
    options = _rules(dask=ClassForm("x", ClassPreset())).validate({})
    assert (options.ui, options.cores, options.minutes, options.reservation) == (
        "desktop",
        2,
        180,
        "",
    )


def test_the_sites_hidden_fields_do_not_keep_a_class_from_its_preset() -> None:
    hidden = {"cores": {"show": "hidden"}, "hours": {"show": "hidden"}}
    options = _rules(FormSettings.model_validate({"fields": hidden})).validate({"cores": 1})
    assert (options.cores, options.minutes) == (1, 150)


def test_the_form_shows_its_fields_but_lets_nobody_change_them() -> None:
    title = "Dask, <b>Tuesday</b>"
    rules = _rules(dask=ClassForm(title, DASK.preset))
    html = render_form(rules, {"cores": "2", "hours": "8"}, FormNotes("dask"))
    assert '<input type="hidden" name="class" value="dask">' in html
    assert "Dask, &lt;b&gt;Tuesday&lt;/b&gt;" in html
    for name, value in (("cores", "1"), ("hours", "2.5")):
        (field,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', html)
        assert f'value="{value}"' in field
        assert "readonly" in field
        assert "form-control-plaintext" in field, "it does not look as if it could be changed"
    for field in ("ui", "cores", "hours"):
        assert re.search(rf'id="classdesk-{field}-(help|range)">Set by your instructor<', html)
    (offered,) = re.findall(r'<select[^>]*name="ui"[^>]*>', html)
    assert "hidden" in offered


def test_only_members_come_by_the_link() -> None:
    assert class_of("dask", CLASSES, {"dask", "other"}) is DASK
    with pytest.raises(OptionsError, match="you are not in “Dask, Tuesday”"):
        class_of("dask", CLASSES, {"other"})
    for name in ("dusk", "", None, ["dask"]):
        with pytest.raises(OptionsError, match=r"^Class: .* does not exist"):
            class_of(name, CLASSES, {"dask"})
