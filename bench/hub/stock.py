"""JupyterHub's configuration: batchspawner's SlurmSpawner as it comes, beside the same proxy as ours.

Its commands, script, `srun`, `--get-user-env` and polling are its own defaults. Set are: what a job asks for (the same
as ours), the session's program, and in `bench/watcher` where the commands are.
"""

import os
from pathlib import Path

import batchspawner
import shared
from batchspawner.api import BatchSpawnerAPIHandler
from jupyterhub.apihandlers import default_handlers

import classdesk_spawner  # noqa: F401  # first, as below its handler of the call home is taken out again

c = get_config()  # noqa: F821  # given by JupyterHub

# JupyterHub imports every spawner that is installed, and ours puts its own handler in this place.
_CALL_HOME = r"/api/batchspawner"
default_handlers[:] = [row for row in default_handlers if row[0] != _CALL_HOME]
default_handlers.append((_CALL_HOME, BatchSpawnerAPIHandler))

state = Path(os.environ["HOME"])
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"
c.JupyterHub.db_url = f"sqlite:///{state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{state}/cookie_secret"
# The proxy is a process of its own, as ours is.
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:8001"
c.ConfigurableHTTPProxy.auth_token = (state / "proxy_token").read_text(encoding="ascii").strip()
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False

c.JupyterHub.spawner_class = batchspawner.SlurmSpawner
c.SlurmSpawner.req_nprocs = "1"
c.SlurmSpawner.req_memory = "256M"
c.SlurmSpawner.req_runtime = "1:00:00"
# The light session takes the place of `batchspawner-singleuser jupyterhub-singleuser`, which costs seconds of CPU each.
c.SlurmSpawner.batchspawner_singleuser_cmd = ""
c.SlurmSpawner.cmd = ["/opt/classdesk/bin/classdesk-session"]
if os.environ.get("CLASSDESK_BENCH_LEAN"):
    c.SlurmSpawner.req_srun = ""
if bin_directory := os.environ.get("CLASSDESK_BENCH_SLURM"):
    c.SlurmSpawner.batch_submit_cmd = f"{bin_directory}/sbatch --parsable"
    c.SlurmSpawner.batch_query_cmd = f"{bin_directory}/squeue -h -j {{job_id}} -o '%T %B'"
    c.SlurmSpawner.batch_cancel_cmd = f"{bin_directory}/scancel {{job_id}}"
shared.configure(c)
