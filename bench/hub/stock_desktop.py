"""JupyterHub's configuration of the stock stack with desktops: batchspawner's SlurmSpawner as it comes.

Commands, script, `srun`, `--get-user-env`, polling, proxy and single-user server are each project's own defaults. Set
are: what a job asks for (the same as ours), in which root file system its server runs, the page it opens, and ports
beside those of ours, so that both stacks run at the same time on one Slurm.
"""

import os
from pathlib import Path

import batchspawner
from batchspawner.api import BatchSpawnerAPIHandler
from jupyterhub.apihandlers import default_handlers

import classdesk_spawner  # noqa: F401  # first, as below its handler of the call home is taken out again

c = get_config()  # noqa: F821  # given by JupyterHub

# JupyterHub imports every spawner that is installed, and ours puts its own handler in this place.
_CALL_HOME = r"/api/batchspawner"
default_handlers[:] = [row for row in default_handlers if row[0] != _CALL_HOME]
default_handlers.append((_CALL_HOME, BatchSpawnerAPIHandler))

state = Path(os.environ["HOME"])
c.JupyterHub.bind_url = os.environ["CLASSDESK_BENCH_URL"]
c.JupyterHub.hub_bind_url = "http://127.0.0.1:9081"
c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{state}/cookie_secret"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:9001"
c.ConfigurableHTTPProxy.command = os.environ["CLASSDESK_BENCH_PROXY"].split()

# Passwords are not what is measured: everybody has logged in before.
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = batchspawner.SlurmSpawner
# A form without fields, so that both stacks' learners press the same button on the same kind of page.
c.Spawner.options_form = "<p>A desktop with 2 cores for 3 hours.</p>"
c.Spawner.options_from_form = lambda _: {}
c.Spawner.default_url = "/desktop/"
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 120
c.SlurmSpawner.req_nprocs = "2"
c.SlurmSpawner.req_memory = os.environ["CLASSDESK_BENCH_MEMORY"] + "M"
c.SlurmSpawner.req_runtime = "3:00:00"
c.SlurmSpawner.batchspawner_singleuser_cmd = os.environ["CLASSDESK_BENCH_SESSION"] + " batchspawner-singleuser"
