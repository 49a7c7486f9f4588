"""What begins once the hub has started and all sessions are loaded."""

from typing import Any

from classdesk_spawner import SpawnerSettings, cluster_for

from . import process
from .membership import follow_site_file


def begin(db: Any, classes: Any, settings: object) -> None:
    """Set the process up for its work, look for stray jobs from now on, and follow the site file's classes.

    Args:
        db: JupyterHub's session with its database.
        classes: The classes of the site file, by name; who is no longer in the file leaves the class.
        settings: The spawner's, where they are set.
    """
    process.watch_commands_without_threads()
    process.trust_the_database(db)
    process.settle_memory()
    if isinstance(settings, SpawnerSettings):
        cluster_for(settings.slurm).start_sweeping()
    follow_site_file(db, classes)
