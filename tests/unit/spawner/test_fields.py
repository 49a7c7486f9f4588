"""What a site can do with the form's fields."""

import time
from dataclasses import replace
from typing import Any

import pytest

from classdesk_spawner import FormSettings, Offer, OptionRules, OptionsError, SlurmSettings
from classdesk_spawner.form.fields import LABELS, Number, number
from classdesk_spawner.form.render import render_form
from classdesk_spawner.slurm.offer import Partition, Reservation

MAIN = Partition("main", cores=4, hours=24, memory_mib=8192, gpus=0)
BIG = Partition("big", cores=64, hours=2, memory_mib=65536, gpus=4)
CLASS = Reservation("class1", 0, 4_000_000_000, frozenset({"ada"}), frozenset())


def _rules(form: dict[str, Any], offer: Offer | None = None, partition: str = "") -> OptionRules:
    return OptionRules(
        FormSettings.model_validate({"max_hours": 8.0, **form}),
        SlurmSettings(partition=partition),
        offer or Offer((MAIN,)),
    )


def _refusal(rules: OptionRules, raw: dict[str, object]) -> str:
    with pytest.raises(OptionsError) as caught:
        rules.validate(raw)
    return str(caught.value.message)


def _shown(rules: OptionRules) -> list[str]:
    html = render_form(rules, {})
    keys = (
        "cores",
        "hours",
        "memory",
        "gpus",
        "gpu_type",
        "partition",
        "account",
        "qos",
        "reservation",
        "oversubscribe",
    )
    return [key for key in keys if f'name="{key}"' in html]


def test_a_plain_site_shows_three_fields() -> None:
    assert _shown(_rules({})) == ["cores", "hours"]


def test_a_hidden_field_keeps_its_preset_and_takes_nothing_else() -> None:
    rules = _rules({"fields": {"hours": {"show": "hidden"}}})
    assert _shown(rules) == ["cores"]
    assert rules.validate({}).minutes == 180
    assert rules.validate({"hours": 3}).minutes == 180
    assert _refusal(rules, {"hours": "2"}) == "Time (hours): this site has set it to 3."


def test_a_fixed_field_is_shown_and_can_not_be_changed() -> None:
    rules = _rules({"fields": {"cores": {"show": "fixed"}}})
    assert "readonly" in render_form(rules, {"cores": "4"})
    assert 'value="4"' not in render_form(rules, {"cores": "4"})
    assert "this site has set it to 2" in _refusal(rules, {"cores": "4"})


def test_least_greatest_and_step_of_a_number() -> None:
    rules = _rules({"fields": {"hours": {"min": 1.0, "max": 4.0, "step": 0.5}}})
    assert rules.validate({"hours": "2.5"}).minutes == 150
    assert "the least is 1" in _refusal(rules, {"hours": "0.5"})
    assert "the most that this site allows is 4" in _refusal(rules, {"hours": "5"})
    assert "choose 1 or more in steps of 0.5" in _refusal(rules, {"hours": "2.2"})


def test_an_interface_can_differ() -> None:
    rules = _rules({"interfaces": {"lab": {"fields": {"cores": {"max": 1.0}, "hours": {"show": "hidden"}}}}})
    assert rules.validate({"ui": "desktop", "cores": "4", "hours": "2"}).cores == 4
    assert "allows is 1" in _refusal(rules, {"ui": "lab", "cores": "2"})
    assert "this site has set it to 1" in _refusal(rules, {"ui": "lab", "hours": "2"})


def test_a_limit_alone_does_not_show_a_hidden_field() -> None:
    assert _shown(_rules({"fields": {"memory": {"max": 4.0}}})) == ["cores", "hours"]


def test_memory_can_be_asked_for_up_to_what_the_partition_has() -> None:
    rules = _rules({"fields": {"memory": {"show": "shown"}}})
    assert _shown(rules) == ["cores", "hours", "memory"]
    assert rules.validate({"memory": "4"}).memory_mib == 4096
    assert "the partition “main” allows is 8" in _refusal(rules, {"memory": "9"})


def test_the_limits_are_those_of_the_chosen_partition() -> None:
    rules = _rules({"fields": {"partition": {"show": "shown"}}}, Offer((MAIN, BIG)))
    assert "partition" in _shown(rules)
    options = rules.validate({"partition": "big", "cores": "64", "hours": "2", "gpus": "2"})
    assert (options.partition, options.cores, options.gpus) == ("big", 64, 2)
    assert "the partition “big” allows is 2" in _refusal(rules, {"partition": "big", "hours": "3"})
    assert "the partition “main” allows is 4" in _refusal(rules, {"cores": "64"})
    assert "You can choose: “main”, “big”." in _refusal(rules, {"partition": "huge"})


def test_a_preset_above_the_partitions_limit_is_lowered() -> None:
    rules = _rules({}, Offer((Partition("small", 1, 1, 8192, 0),)))
    assert (rules.validate({}).cores, rules.validate({}).minutes) == (1, 60)


def test_a_choice_that_the_site_has_made_can_not_be_undone() -> None:
    rules = _rules({}, Offer((MAIN, BIG)), partition="big")
    assert rules.validate({}).partition == "big"
    assert "this site has set it to “big”" in _refusal(rules, {"partition": "main"})
    assert "this site has left it to Slurm" in _refusal(_rules({}, Offer((MAIN,), accounts=("a",))), {"account": "a"})


def test_a_reservation_is_offered_only_to_those_who_may_use_it() -> None:
    assert "reservation" not in _shown(_rules({}))
    rules = _rules({}, Offer((MAIN,), reservations=(CLASS,)))
    assert "reservation" in _shown(rules)
    assert rules.validate({"reservation": "class1"}).reservation == "class1"
    assert rules.validate({}).reservation == ""
    assert "“class1” is not available to you" in _refusal(_rules({}), {"reservation": "class1"})


def test_accounts_can_be_narrowed_by_the_site() -> None:
    form = {"fields": {"account": {"show": "shown", "choices": ["course", "other"]}}}
    rules = _rules(form, Offer((MAIN,), accounts=("course", "research")))
    assert rules.validate({"account": "course"}).account == "course"
    assert "“research” is not available to you" in _refusal(rules, {"account": "research"})


@pytest.mark.parametrize(("given", "set_"), [("on", True), (True, True), ("off", False), (None, False)])
def test_sharing_cores_is_a_switch(given: object, set_: bool) -> None:
    rules = _rules({"fields": {"oversubscribe": {"show": "shown"}}})
    assert rules.validate({"oversubscribe": given}).oversubscribe is set_
    assert "is neither on nor off" in _refusal(rules, {"oversubscribe": "yes please"})


def test_types_of_gpus_are_a_choice_where_there_are_several() -> None:
    one = replace(BIG, gpu_types=(("a100", 4),))
    several = replace(BIG, gpu_types=(("a100", 3), ("v100", 1)))
    assert "gpu_type" not in _shown(_rules({}, Offer((one,))))
    rules = _rules({}, Offer((several,)))
    assert "gpu_type" in _shown(rules)
    options = rules.validate({"gpus": "2", "gpu_type": "a100"})
    assert (options.gpus, options.gpu_type) == (2, "a100")
    assert rules.validate({"gpus": "4"}).gpu_type == "", "any"
    assert rules.validate({"gpus": "0", "gpu_type": "a100"}).gpu_type == ""
    assert _refusal(rules, {"gpus": "2", "gpu_type": "v100"}) == (
        "Number of GPUs: you asked for 2 of the type v100; the most that the partition “big” allows is 1."
    )
    assert "“h100” is not available to you" in _refusal(rules, {"gpus": "1", "gpu_type": "h100"})


def test_gpus_are_offered_where_there_are_some() -> None:
    assert "gpus" in _shown(_rules({}, Offer((BIG,))))
    assert "the partition “main” allows is 0" in _refusal(_rules({}), {"gpus": "1"})
    assert _rules({}, Offer((BIG,))).validate({"gpus": "1"}).gpus == 1


def test_old_limits_are_shown_as_old() -> None:
    assert "the last known limits" in render_form(_rules({}, Offer((MAIN,), stale=True)), {})
    assert "the last known limits" not in render_form(_rules({}), {})


@pytest.mark.parametrize(
    ("field", "least", "refused"),
    [
        pytest.param({"hours": {"step": 1.0}}, "1", "1.25", id="whole-hours"),
        pytest.param({"hours": {"step": 0.5}}, "0.5", "0.25", id="half-hours"),
        pytest.param({"hours": {"step": 2.0, "min": 1.0}}, "1", "2", id="odd-hours"),
        pytest.param({"cores": {"step": 2.0}}, "2", "3", id="even-cores"),
        pytest.param({"cores": {"min": 1.5}}, "2", "1", id="a-broken-number-of-cores"),
        pytest.param({"memory": {"show": "shown", "step": 2.0}}, "2", "1", id="memory"),
    ],
)
def test_what_the_form_shows_of_a_field_with_steps_can_be_started(
    field: dict[str, Any], least: str, refused: str
) -> None:
    rules = _rules({"fields": field})
    (key,) = field
    for ui in ("desktop", "lab"):
        shown = {f.key: f for f in rules.fields(rules.form.interfaces[ui])}[key]
        assert isinstance(shown, Number)
        assert number(shown.least) == least
        rules.validate({"ui": ui, key: number(shown.preset)})
        rules.validate({"ui": ui, key: least})
        assert LABELS[key] in _refusal(rules, {"ui": ui, key: refused})


def test_a_value_that_the_form_shows_rounded_is_taken_as_what_it_stands_for() -> None:
    odd = Partition("odd", cores=4, hours=100 / 60, memory_mib=7973, gpus=0)
    form = {"fields": {"memory": {"show": "shown"}}}
    assert _rules(form, Offer((odd,))).validate({"hours": "1.66667"}).minutes == 100
    assert _rules(form, Offer((odd,))).validate({"memory": "7.78613"}).memory_mib == 7973
    fixed = {
        "fields": {"memory": {"show": "fixed"}},
        "interfaces": {"desktop": {"memory_mib": 3001}},
    }
    assert _rules(fixed).validate({"memory": "2.93066"}).memory_mib == 3001
    assert "set it to 2.93066" in _refusal(_rules(fixed), {"memory": "2.931"})


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"fields": {"hours": {"min": 5.0, "max": 2.0}}}, "the least hours for desktop is 5"),
        ({"fields": {"cores": {"min": 8.0}}, "max_cores": 4}, "the most is 4"),
        (
            {
                "fields": {"memory": {"min": 4.0}},
                "interfaces": {"lab": {"fields": {"memory": {"max": 2.0}}}},
            },
            "the least memory for lab is 4, but the most is 2",
        ),
    ],
    ids=["in-one-table", "above-the-sites-limit", "in-two-tables"],
)
def test_limits_that_leave_nothing_to_choose_are_an_error(form: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        _rules(form)


def test_an_interface_can_have_a_partition_and_an_account_of_its_own() -> None:
    big = {"fields": {"partition": {"default": "big"}, "account": {"default": "gpu-course"}}}
    rules = _rules({"interfaces": {"lab": big}}, Offer((MAIN, BIG)), partition="main")
    assert rules.validate({"ui": "desktop"}).partition == "main"
    options = rules.validate({"ui": "lab", "cores": "64", "gpus": "4"})
    assert (options.partition, options.account, options.cores) == ("big", "gpu-course", 64)
    assert "set it to “big”" in _refusal(rules, {"ui": "lab", "partition": "main"})
    default = _rules({"fields": {"partition": {"default": ""}}}, Offer((MAIN,)), partition="big")
    assert default.validate({}).partition == "", "Slurm's own"


def test_a_call_with_thousands_of_unknown_options_is_answered_at_once() -> None:
    began = time.monotonic()
    sentence = _refusal(_rules({}), {f"option{n}": "x" for n in range(50_000)})
    assert time.monotonic() - began < 1
    assert len(sentence) < 2000


@pytest.mark.parametrize("value", [10**400, -(10**400), 1e308, float("inf")])
def test_no_number_is_too_large_to_be_refused(value: float) -> None:
    for key in ("cores", "hours", "memory", "gpus"):
        rules = _rules({"fields": {"memory": {"show": "shown"}}})
        assert LABELS[key] in _refusal(rules, {key: value})
