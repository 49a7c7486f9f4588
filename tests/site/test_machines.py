"""The site itself: machines that are told apart, share what a site shares, and run jobs."""

from support.site import Site


def test_each_machine_has_booted_without_a_fault(site: Site) -> None:
    for name, machine in site.machines.items():
        assert machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""
        assert machine.run("hostname").strip() == name


def test_a_job_runs_on_both_nodes_and_accounting_has_it(site: Site) -> None:
    said = site.slurm("srun", "--chdir=/", "--nodes=2", "hostname", user="ada")
    assert sorted(said.split()) == ["node1", "node2"]
    assert "COMPLETED" in site.slurm("sacct", "--noheader", "--format=state", user="ada")
