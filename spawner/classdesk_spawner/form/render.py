"""The start form: its text, and how what comes back from it is read. Pure functions."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

from classdesk_spawner.errors import OptionsError
from classdesk_spawner.moments import by_words

from .fields import LABELS, THE_SITE, Choice, Number, Switch, number, shown
from .options import OptionRules

_JUPYTERHUB_FIELDS = frozenset({"_xsrf"})


def read_fields(data: Mapping[str, object]) -> dict[str, object]:
    """Return a posted form or query string, which come as lists, as single values.

    Raises:
        OptionsError: A field was given twice.
    """
    values: dict[str, object] = {}
    problems, twice = [], []
    for key, given in data.items():
        if key in _JUPYTERHUB_FIELDS:
            continue
        if isinstance(given, list):
            if len(given) != 1:
                problems.append(f"{LABELS.get(key, shown(key))}: it was given {len(given)} times.")
                twice.append(key)
                continue
            values[key] = given[0]
        else:
            values[key] = given
    if problems:
        raise OptionsError(problems, twice)
    return values


@dataclass(frozen=True)
class FormNotes:
    """What the form says beside its fields.

    Attributes:
        class_name: The class for which the form is locked; empty: none.
        trouble: Why a class link does not work for this learner.
        not_taken: What else a link asks for and does not get, in sentences.
        invalid: The fields that were refused a moment ago.
    """

    class_name: str = ""
    trouble: str = ""
    not_taken: Sequence[str] = ()
    invalid: Collection[str] = ()


def render_form(rules: OptionRules, filled: Mapping[str, object], notes: FormNotes | None = None) -> str:
    """Return the HTML of the form's fields.

    Args:
        rules: The site's form, or that of a class, and what the cluster offers.
        filled: What the fields show, by option key: what was refused a moment ago, what a link
            presets, or what the learner chose last time. A missing one shows the preset.
        notes: What is said beside the fields.
    """
    form = rules.form
    chosen = filled.get("ui")
    ui = chosen if isinstance(chosen, str) and chosen in form.offer else form.default_interface
    by_interface = {key: rules.fields(form.interfaces[key], filled.get("partition")) for key in form.offer}
    by_partition = {
        key: {name: rules.fields(form.interfaces[key], name) for name in _partitions(fields)}
        for key, fields in by_interface.items()
    }
    shapes = [
        *by_interface.values(),
        *(fields for choices in by_partition.values() for fields in choices.values()),
    ]
    visible = {field.key for fields in shapes for field in fields if _is_visible(field)}
    return _template().render(
        labels=LABELS,
        interfaces=[
            {
                "key": key,
                "label": form.interfaces[key].label,
                "about": form.interfaces[key].about,
                "selected": key == ui,
                "fields": {field.key: _for_page(field) for field in fields if field.key in visible},
                "partitions": {
                    name: [_for_page(field) for field in choice if isinstance(field, Number) or field.key == "gpu_type"]
                    for name, choice in by_partition[key].items()
                },
            }
            for key, fields in by_interface.items()
        ],
        fields=[
            {**_for_page(field), "filled": _field_text(filled.get(field.key), field)}
            for field in by_interface[ui]
            if field.key in visible
        ],
        moments=by_words(*(moment for one in rules.offer.reservations for moment in (one.start, one.end))),
        stale=rules.offer.stale,
        title=rules.class_title,
        set_by_class=rules.set_by_class,
        notes=notes or FormNotes(),
    )


def _partitions(fields: Sequence[Number | Choice | Switch]) -> Mapping[str, str]:
    """Return the partitions that the learner can choose: each has limits of its own."""
    for field in fields:
        if isinstance(field, Choice) and field.key == "partition" and field.show == "shown":
            return field.choices if field.has_choice else {}
    return {}


def _is_visible(field: Number | Choice | Switch) -> bool:
    return field.show != "hidden" and (field.has_choice or field.key in {"cores", "hours"})


def _for_page(field: Number | Choice | Switch) -> dict[str, Any]:
    """Return what the page needs to know of a field: also for the interfaces that are not chosen yet."""
    facts: dict[str, Any] = {
        "key": field.key,
        "type": type(field).__name__.lower(),
        "show": field.show if _is_visible(field) else "hidden",
        "preset": _text(field.preset),
    }
    if isinstance(field, Number):
        facts |= {
            "min": number(field.least),
            "max": number(field.ceiling.value) if math.isfinite(field.ceiling.value) else "",
            "step": number(field.step) if field.step else "1" if field.whole else "any",
        }
        facts["range"] = _set_by(field) if field.show == "fixed" else _range(field, facts["min"], facts["max"])
    elif isinstance(field, Choice):
        facts["choices"] = dict(field.choices)
    else:
        facts["choices"] = {"on": "yes", "off": "no"}
    return facts


def _set_by(field: Number) -> str:
    return f"Set by {THE_SITE if field.set_by == THE_SITE else 'your instructor'}"


_UNITS = {"cores": "core", "hours": "hour", "memory": "GiB", "gpus": "GPU"}


def _range(field: Number, least: str, most: str) -> str:
    unit = _UNITS[field.key]
    plural = unit if unit == "GiB" else f"{unit}s"
    if not most:
        return f"{least} {unit if field.least == 1 else plural} or more; if empty, {number(field.preset)}"
    if least == most:
        return f"{most} {unit if field.least == 1 else plural}"
    return f"Between {least} and {most} {unit if most == '1' else plural}; if empty, {number(field.preset)}"


def _field_text(filled: object, field: Number | Choice | Switch) -> str:
    return _text(field.preset if filled is None or field.show == "fixed" else filled)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return number(value) if isinstance(value, int | float) else str(value)[:100]


@cache
def _template() -> jinja2.Template:
    text = (files(__package__) / "form.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    return environment.from_string(text)
