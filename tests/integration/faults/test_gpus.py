"""A cluster with GPUs: the form offers them, and a session that has one can use it. Devices and driver are fakes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import faults
from support.hub_client import HubClient
from support.session_shell import in_session
from support.world import Hub, command, wait_until

DEVICES = (Path("/dev/nvidia0"), Path("/dev/nvidiactl"))
GRES_CONF = faults.SLURM_CONF.with_name("gres.conf")
# A library of the node's under the name of the driver's, which has as many letters.
LIBRARY, DRIVER = Path("/lib/x86_64-linux-gnu/libutil.so.1"), Path("/usr/local/lib/libcuda.so.1")

LOOK = """
ls /dev/nvidia* 2>&1
module load python
python -c 'import ctypes; print(ctypes.CDLL("libcuda.so.1"))' 2>&1 | tail -n 1
"""


@pytest.fixture
def gpu(hub: Hub) -> Iterator[None]:
    """Give the cluster's node a GPU of the type a100."""
    before = faults.SLURM_CONF.read_text()
    with_gpu = re.sub(r"^(NodeName=.*)$", r"\1 Gres=gpu:a100:1", before, flags=re.MULTILINE)
    try:
        for device in DEVICES:
            device.touch()
            device.chmod(0o666)
        DRIVER.write_bytes(LIBRARY.read_bytes().replace(b"libutil.so.1\0", b"libcuda.so.1\0"))
        command("/sbin/ldconfig")
        GRES_CONF.write_text("Name=gpu Type=a100 File=/dev/nvidia0\n")
        _restart(hub, f"{with_gpu}\nGresTypes=gpu\n")
        yield
    finally:
        for file in (*DEVICES, DRIVER, GRES_CONF):
            file.unlink(missing_ok=True)
        command("/sbin/ldconfig")
        _restart(hub, before)


def _restart(hub: Hub, configuration: str) -> None:
    """Restart Slurm with another configuration, and the hub, which asks Slurm for its offer once a minute."""
    with faults.stopped("hub"):
        faults.supervisor("stop", "slurmd", "slurmctld")
        faults.SLURM_CONF.write_text(configuration)
        faults.supervisor("start", "slurmctld", "slurmd")
        faults.slurm_is_well()
    faults.hub_answers(hub)


@pytest.mark.usefixtures("gpu")
def test_a_session_has_the_gpu_that_it_asked_for(ada: HubClient, hub: Hub) -> None:
    wait_until(lambda: 'name="gpus"' in ada.http.get("/hub/spawn").text, 30, "the form offers GPUs")
    job_id = ada.start(ui="terminal", cores="1", hours="1", gpus="1")
    assert "gpu:1" in faults.job_facts(job_id)["TresPerNode"].replace("gres:", "")
    seen = in_session(ada.name, LOOK)
    assert all(str(device) in seen for device in DEVICES), seen
    assert "CDLL 'libcuda.so.1'" in seen, seen
    ada.stop()
    ada.start(ui="terminal", cores="1", hours="1", gpus="0")
    seen = in_session(ada.name, LOOK)
    assert not [device for device in DEVICES if str(device) in seen.splitlines()], seen
    assert "CDLL" not in seen
    ada.stop()
    checked = command("/opt/classdesk/venv/bin/classdesk", "check", check=False, cwd="/")
    assert "a100" in checked, checked
    assert "ConstrainDevices" in checked, "the one-machine cluster has no cgroups"
