"""Where the options of sbatch, srun and salloc end, as their own help tells."""

import pytest

from classdesk_desktop.slurm.options import Known, components, split

# As Slurm 22.05 and 24.11 print it, shortened.
HELP = """Usage: srun [OPTIONS(0)... [executable(0) [args(0)...]]]

Parallel run options:
  -A, --account=name          charge job to specified account
      --bb=<spec>             burst buffer specifications
  -B  --extra-node-info=S[:C[:T]]  combine request of sockets per node,
  -c, --cpus-per-task=ncpus   number of cpus required per task
      --container             Path to OCI container bundle
      --cpu-bind=             Bind tasks to CPUs
                              (see "--cpu-bind=help" for options)
      --exclusive[=user]      for job allocation, this allocates nodes in
      --export[=names]        specify environment variables to export
  -I, --immediate[=secs]      exit if resources not available in "secs"
  -l, --label                 prepend task number to lines of stdout/err
  -n, --ntasks=ntasks         number of tasks to run
      --ntasks-per-node=n     number of tasks to invoke on each node
      --pty                   run task zero in pseudo terminal
      --pty[=fd]              run task zero in pseudo terminal
  -v, --verbose               verbose mode (multiple -v's increase verbosity)
      --wrap[=command string] wrap command string in a sh script and submit
"""
KNOWN = Known.from_help(HELP)


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ("x.sh a -n 3", [], ["x.sh", "a", "-n", "3"]),
        ("-n 2 x", [("ntasks", "2")], ["x"]),
        ("-n2 x", [("ntasks", "2")], ["x"]),
        ("-vln 2 x", [("verbose", None), ("label", None), ("ntasks", "2")], ["x"]),
        ("--ntasks 2 x", [("ntasks", "2")], ["x"]),
        ("--ntasks=2 x", [("ntasks", "2")], ["x"]),
        ("--acc me x", [("account", "me")], ["x"]),
        ("--ntasks-per-n 1 x", [("ntasks-per-node", "1")], ["x"]),
        ("--export NONE x", [("export", "NONE")], ["x"]),
        ("--exclusive x", [("exclusive", None)], ["x"]),
        ("--exclusive=user x", [("exclusive", "user")], ["x"]),
        ("-I x", [("immediate", None)], ["x"]),
        ("-I5 x", [("immediate", "5")], ["x"]),
        ("--pty bash", [("pty", None)], ["bash"]),
        ("-B 1:1:1 x", [("extra-node-info", "1:1:1")], ["x"]),
        ("--cpu-bind none x", [("cpu-bind", "none")], ["x"]),
        ("-l -- -x", [("label", None)], ["-x"]),
        ("--unknown x", [("unknown", None)], ["x"]),
        ("-n", [("ntasks", None)], []),
        ("--wrap hostname", [("wrap", "hostname")], []),
        ("-n 1 : -n 2 x", [("ntasks", "1"), (":", None), ("ntasks", "2")], ["x"]),
        ("- x", [], ["-", "x"]),
        ("", [], []),
    ],
)
def test_options_end_where_getopt_ends_them(line: str, options: list[tuple[str, str | None]], rest: list[str]) -> None:
    found = split(line.split(), KNOWN)
    assert [(option.name, option.value) for option in found.options] == options
    assert list(found.rest) == rest


def test_words_are_kept_as_they_were_written() -> None:
    given = split(["-vn", "2", "--wrap", "a b", "--exclusive=user"], KNOWN)
    assert given.words("wrap") == ["-v", "-n", "2", "--exclusive=user"]
    assert (given.value("wrap"), given.has("pty")) == ("a b", False)


def test_a_step_may_have_several_components() -> None:
    assert list(components(["-n1", "a", ":", "b"])) == [["-n1", "a"], ["b"]]
    assert list(components(["a"])) == [["a"]]
