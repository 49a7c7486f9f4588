"""What the hub knows of its cluster: one watcher and one cache of limits, shared by all spawners."""

import functools
import logging
import time
from dataclasses import dataclass, field

from ._errors import SessionError
from ._options import Ceiling, Ceilings
from ._settings import FormSettings, SlurmSettings
from ._slurm import PartitionLimits, SlurmCommands
from ._watcher import JobWatcher

_LIMITS_KEEP_S = 60.0

_log = logging.getLogger("jupyterhub.classdesk.cluster")


@dataclass
class Cluster:
    """The cluster as one hub sees it.

    Args:
        settings: How Slurm is asked.
    """

    settings: SlurmSettings
    commands: SlurmCommands = field(init=False)
    watcher: JobWatcher = field(init=False)
    _limits: dict[str, tuple[float, PartitionLimits]] = field(default_factory=dict, init=False)
    _addresses: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.commands = SlurmCommands(
            settings.bin_directory, settings.use_sudo, settings.command_timeout_s
        )
        self.watcher = JobWatcher(
            functools.partial(self.commands.jobs, settings.job_name),
            settings.fast_tick_s,
            settings.slow_tick_s,
        )

    async def ceilings(self, form: FormSettings, partition: str) -> Ceilings:
        """Return the site's limits, lowered to those of the partition.

        While Slurm does not answer, the limits that it gave last hold; if it never did, the site's
        own do, and sbatch has the last word.
        """
        cores = Ceiling(form.max_cores, "this site")
        hours = Ceiling(form.max_hours, "this site")
        limits = await self._partition_limits(partition)
        if limits is None:
            return Ceilings(cores, hours)
        owner = f"the partition {limits.name}"
        return Ceilings(
            cores.lower(Ceiling(limits.cores, owner)), hours.lower(Ceiling(limits.hours, owner))
        )

    async def node_address(self, node: str) -> str:
        """Return the address of a compute node; its name while Slurm does not tell."""
        if node not in self._addresses:
            try:
                self._addresses[node] = await self.commands.node_address(node)
            except SessionError as error:
                _log.warning(
                    "The address of node %s is not known, its name is used: %s", node, error
                )
                return node
        return self._addresses[node]

    async def _partition_limits(self, partition: str) -> PartitionLimits | None:
        asked, limits = self._limits.get(partition, (-_LIMITS_KEEP_S, None))
        if time.monotonic() - asked < _LIMITS_KEEP_S and limits is not None:
            return limits
        try:
            fresh = await self.commands.partition_limits(partition)
        except SessionError as error:
            _log.warning("The limits of partition '%s' are not known anew: %s", partition, error)
            return limits
        if fresh is not None:
            self._limits[partition] = (time.monotonic(), fresh)
        return fresh


@functools.cache
def cluster_for(settings: SlurmSettings) -> Cluster:
    """Return the cluster for these settings: the same one for every spawner of the hub."""
    return Cluster(settings)
