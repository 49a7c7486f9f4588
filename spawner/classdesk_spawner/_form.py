"""The start form: its text, and how what comes back from it is read. Pure functions."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import jinja2

from ._errors import OptionsError
from ._options import FIELD_LABELS, MIN_HOURS, OptionRules, number, shown

_JUPYTERHUB_FIELDS = frozenset({"_xsrf"})


def read_fields(data: Mapping[str, object]) -> dict[str, object]:
    """Return a posted form or query string, which come as lists, as single values.

    Raises:
        OptionsError: A field was given twice.
    """
    values: dict[str, object] = {}
    problems = []
    for key, given in data.items():
        if key in _JUPYTERHUB_FIELDS:
            continue
        if isinstance(given, list):
            if len(given) != 1:
                problems.append(
                    f"{FIELD_LABELS.get(key, shown(key))}: it was given {len(given)} times."
                )
                continue
            values[key] = given[0]
        else:
            values[key] = given
    if problems:
        raise OptionsError(problems)
    return values


def render_form(rules: OptionRules, filled: Mapping[str, object]) -> str:
    """Return the HTML of the form's fields.

    Args:
        rules: The interfaces and ceilings in force.
        filled: What the fields show, by option key: what was refused a moment ago, what a link
            presets, or what the learner chose last time. A missing one shows the preset.
    """
    form = rules.form
    chosen = filled.get("ui")
    ui = chosen if isinstance(chosen, str) and chosen in form.offer else form.default_interface
    presets = {key: rules.preset(form.interfaces[key]) for key in form.offer}
    cores, hours = presets[ui]
    return _template().render(
        labels=FIELD_LABELS,
        interfaces=[
            {
                "key": key,
                "label": form.interfaces[key].label,
                "cores": presets[key][0],
                "hours": number(presets[key][1]),
                "selected": key == ui,
            }
            for key in form.offer
        ],
        cores=_field_text(filled.get("cores"), cores),
        hours=_field_text(filled.get("hours"), hours),
        min_hours=number(MIN_HOURS),
        max_cores=number(rules.ceilings.cores.value),
        max_hours=number(rules.ceilings.hours.value),
    )


def _field_text(filled: object, preset: float) -> str:
    if filled is None:
        return number(preset)
    if isinstance(filled, int | float) and not isinstance(filled, bool):
        return number(filled)
    return str(filled)[:40]


@cache
def _template() -> jinja2.Template:
    text = (files(__package__) / "templates" / "form.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    return environment.from_string(text)
