import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_spawner import FormSettings, Offer, OptionRules, OptionsError, SlurmSettings
from classdesk_spawner.form.render import read_fields, render_form
from classdesk_spawner.slurm.offer import Partition


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())

    def named(self, name: str) -> dict[str, str | None]:
        return next(attrs for _, attrs in self.found if attrs.get("name") == name)


def test_every_field_has_its_label(rules: OptionRules) -> None:
    form = _Elements(render_form(rules, {}))
    labels = {attrs["for"] for tag, attrs in form.found if tag == "label"}
    assert labels == {form.named(name)["id"] for name in ("ui", "cores", "hours")}
    assert {"User interface", "Number of cores", "Time (hours)"} <= set(form.text)


def test_first_visit_shows_the_desktop_with_its_preset(rules: OptionRules) -> None:
    form = _Elements(render_form(rules, {}))
    selected = [attrs["value"] for tag, attrs in form.found if tag == "option" and "selected" in attrs]
    assert selected == ["desktop"]
    assert form.named("cores")["value"] == "2"
    assert form.named("hours")["value"] == "3"
    assert form.named("cores")["max"] == "4"
    assert form.named("hours")["max"] == "8"


def test_each_interface_carries_its_preset_for_the_page(rules: OptionRules) -> None:
    form = _Elements(render_form(rules, {}))
    options = [attrs for tag, attrs in form.found if tag == "option"]
    fields = {attrs["value"]: json.loads(attrs["data-fields"] or "") for attrs in options}
    presets = {key: (value["cores"]["preset"], value["hours"]["preset"]) for key, value in fields.items()}
    assert presets == {"desktop": ("2", "3"), "lab": ("1", "1"), "terminal": ("1", "1")}


def test_each_partition_that_can_be_chosen_carries_its_limits_for_the_page() -> None:
    main, big = Partition("main", 4, 24, 8192, 0), Partition("big", 64, 2, 65536, 4)
    shown = FormSettings.model_validate({"fields": {"partition": {"show": "shown"}}})
    form = _Elements(render_form(OptionRules(shown, SlurmSettings(), Offer((main, big))), {}))
    option = next(attrs for tag, attrs in form.found if tag == "option" and "data-fields" in attrs)
    partitions = json.loads(option["data-partitions"] or "")
    most = {name: {field["key"]: field.get("max") for field in fields} for name, fields in partitions.items()}
    assert {name: limits["cores"] for name, limits in most.items()} == {
        "": "4",
        "main": "4",
        "big": "64",
    }
    assert form.named("gpus")["disabled"] is None, "for the partition that has some"


def test_what_an_empty_field_means_is_said(rules: OptionRules) -> None:
    form = _Elements(render_form(rules, {}))
    assert (form.named("cores")["placeholder"], form.named("hours")["placeholder"]) == ("2", "3")
    assert "Between 1 and 4 cores; if empty, 2" in form.text


def test_each_interface_says_what_it_is(rules: OptionRules) -> None:
    form = _Elements(render_form(rules, {"ui": "terminal"}))
    abouts = {str(attrs["value"]): attrs["data-about"] for tag, attrs in form.found if tag == "option"}
    assert abouts.keys() == {"desktop", "lab", "terminal"}
    assert all(abouts.values())
    assert abouts["terminal"] in form.text, "that of the chosen one is shown"
    assert abouts["desktop"] not in form.text
    assert form.named("ui")["aria-describedby"] == "classdesk-ui-about"


def test_refused_values_come_back_as_they_were(rules: OptionRules) -> None:
    form = _Elements(render_form(rules, {"ui": "lab", "cores": "99", "hours": '"><script>'}))
    assert form.named("cores")["value"] == "99"
    assert form.named("hours")["value"] == '"><script>'
    assert not [tag for tag, _ in form.found if tag == "script"]


@given(st.dictionaries(st.sampled_from(["ui", "cores", "hours"]), st.text()))
def test_no_value_becomes_markup(rules: OptionRules, filled: dict[str, str]) -> None:
    tags = [tag for tag, _ in _Elements(render_form(rules, filled)).found]
    assert tags == [tag for tag, _ in _Elements(render_form(rules, {})).found]


def test_fields_are_read_as_single_values() -> None:
    assert read_fields({"ui": ["lab"], "cores": ["1"], "_xsrf": ["x"]}) == {
        "ui": "lab",
        "cores": "1",
    }


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(OptionsError, match="Number of cores: it was given 2 times"):
        read_fields({"cores": ["1", "2"]})
