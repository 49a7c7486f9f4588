"""What a learner chooses: form, link, REST call and class link, on their way to validated options."""

from collections.abc import Mapping, Sequence
from typing import Any

from classdesk_spawner.errors import OptionsError
from classdesk_spawner.hub.start_queue import Step
from classdesk_spawner.settings.models import SlurmSettings, SpawnerSettings
from classdesk_spawner.slurm.cluster import Cluster, cluster_for

from .class_form import CLASS_KEY, ClassForm, class_of
from .fields import LABELS
from .options import OptionRules, SessionOptions, to_stored
from .render import FormNotes, read_fields, render_form


class ChosenOptions:
    """The part of `DesktopSpawner` that is the form, and what comes of it."""

    settings: SpawnerSettings
    classes: Mapping[str, ClassForm]
    options: SessionOptions | None
    user: Any
    orm_spawner: Any
    handler: Any
    req_partition: str
    req_account: str
    req_qos: str
    req_reservation: str
    _refused_fields: Mapping[str, object] | None
    _refused_keys: Sequence[str] = ()

    @property
    def cluster(self) -> Cluster:
        """The cluster, shared with all other spawners of this hub."""
        return cluster_for(self.settings.slurm)

    async def option_rules(self, class_name: object = "") -> OptionRules:
        """Return the rules in force for this learner now.

        Args:
            class_name: The class for which a session is; empty: none.

        Raises:
            OptionsError: There is no such class, or the learner is not in it.
        """
        form, slurm = self.settings.form, self._slurm_settings()
        offer = await self.cluster.offer(self.user.name)
        if not class_name:
            return OptionRules(form, slurm, offer)
        groups = {group.name for group in self.user.groups}
        class_ = class_of(class_name, self.classes, groups)
        return OptionRules(*class_.lock(form, slurm), offer, class_.title, class_.locked)

    async def validated_options(self, raw: Mapping[str, object]) -> SessionOptions:
        """Return raw options as validated ones.

        Raises:
            OptionsError: Something in them is refused.
        """
        class_name = raw.get(CLASS_KEY) or ""
        self.cluster.expect_reservation(raw.get("reservation"))
        rules = await self.option_rules(class_name)
        options = rules.validate({key: raw[key] for key in raw if key != CLASS_KEY})
        return options.model_copy(update={"class_name": class_name}) if class_name else options

    async def _take_options(self, raw: Mapping[str, object]) -> None:
        """Hook of JupyterHub, called before each start: form, link, REST call or stored options."""
        await self.cluster.turnstile.pass_through(Step.CHECKED)
        self.options = await self.validated_options(raw)

    async def _read_options_form(self, data: Mapping[str, object]) -> dict[str, object]:
        """Return the form's fields as the options to store; refused ones are shown again as they were."""
        self._refused_fields = {key: value[0] for key, value in data.items() if isinstance(value, list)}
        await self.cluster.turnstile.pass_through(Step.PRESSED)
        try:
            options = await self.validated_options(read_fields(data))
        except OptionsError as error:
            self._refused_keys = error.fields
            raise
        self._refused_fields = None
        return to_stored(options)

    async def _render_options_form(self) -> str:
        refused, keys = self._refused_fields, self._refused_keys
        self._refused_fields, self._refused_keys = None, ()
        given = refused or self._linked_fields()
        class_name, trouble = str(given.get(CLASS_KEY, "")), ""
        not_taken: Sequence[str] = ()
        try:
            rules = await self.option_rules(class_name)
        except OptionsError as error:
            class_name, trouble = "", str(error.message)
            rules = await self.option_rules()
        filled: Mapping[str, object] = {key: given[key] for key in given if key != CLASS_KEY}
        if not given:
            filled = self._last_choice(rules)
        elif not refused:
            filled, not_taken = rules.takes(filled)
        return render_form(rules, filled, FormNotes(class_name, trouble, not_taken, keys))

    def _linked_fields(self) -> dict[str, object]:
        """Return the fields that a link presets: `/hub/spawn?ui=desktop&cores=2&hours=3`."""
        arguments = self.handler.request.query_arguments if self.handler else {}
        return {
            key: arguments[key][-1].decode("utf-8", "replace") for key in (*LABELS, CLASS_KEY) if arguments.get(key)
        }

    def _last_choice(self, rules: OptionRules) -> Mapping[str, object]:
        stored = (self.orm_spawner.user_options if self.orm_spawner else None) or {}
        chosen = {key: stored[key] for key in stored if key != CLASS_KEY}
        try:
            rules.validate(chosen)
        except OptionsError:
            return {}  # limits have changed since, or a REST call stored something else
        return chosen

    def _slurm_settings(self) -> SlurmSettings:
        site = self.settings.slurm
        return site.model_copy(
            update={
                "partition": self.req_partition or site.partition,
                "account": self.req_account or site.account,
                "qos": self.req_qos or site.qos,
                "reservation": self.req_reservation or site.reservation,
            }
        )
