"""Modules and the course's Python in the desktop image work the way the course's page says."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from support.image import IMAGE, USER, run_in_image, shell

COURSE_PIP_LINE = "pip install pandas numpy dask distributed graphviz bokeh dask_jobqueue mimesis requests matplotlib"
NO_BROWSER = "/opt/classdesk/bin/no-browser"


@pytest.mark.parametrize("options", [["-lc"], ["-ic"], ["-lic"]], ids=["log-in", "interactive", "both"])
def test_module_load_python_works_in_every_kind_of_shell(options: list[str], shared_image_home: Path) -> None:
    script = "module load python && module list 2>&1 && command -v python && python -c 'print(6 * 7)'"
    output = run_in_image(["bash", *options, script], shared_image_home).stdout
    assert "python/3.13." in output
    assert "/opt/python/3.13/bin/python\n42\n" in output


def test_module_avail_shows_the_one_python(shared_image_home: Path) -> None:
    output = shell("module -t avail 2>&1", shared_image_home).stdout
    versions = [line for line in output.split() if line.startswith("python/") and line != "python/"]
    assert [version.rsplit(".", 1)[0] for version in versions] == ["python/3.13"]
    assert "gcc/14.2.0" in output.split()


def test_module_avail_gives_no_advice(shared_image_home: Path) -> None:
    lines = [line for line in shell("module avail 2>&1", shared_image_home).stdout.splitlines() if line]
    assert len(lines) == 2  # the directory, and the two modules beside each other


def test_python_without_the_module_says_what_to_type(shared_image_home: Path) -> None:
    outcome = shell("python ./hello.py", shared_image_home, check=False)
    assert outcome.returncode == 127
    assert "module load python" in outcome.stderr


def test_module_sets_nothing_that_hides_what_is_in_an_environment(shared_image_home: Path) -> None:
    script = "env -0 | sort -z >before; module load python; env -0 | sort -z | comm -z13 before - | tr '\\0' '\\n'"
    changed = {line.split("=")[0] for line in shell(script, shared_image_home).stdout.splitlines() if "=" in line}
    assert {name for name in changed if not name.startswith(("_", "LMOD", "LOADEDMODULES"))} == {
        "BOKEH_RESOURCES",
        "PATH",
        "VIRTUALENV_SYSTEM_SITE_PACKAGES",
    }


TYPE_IN_A_TERMINAL = """
import os, pty, sys
process, terminal = pty.fork()
if not process:
    os.execvp("bash", ["bash", "-l"])
os.write(terminal, sys.argv[1].encode())
said = b""
try:
    while piece := os.read(terminal, 4096):
        said += piece
except OSError:  # the shell has ended
    pass
print(said.decode())
"""


def test_help_of_a_module_leaves_what_is_typed_next_to_the_shell(shared_image_home: Path) -> None:
    """A pager would take it for its own commands, and wait for more."""
    typed = "module help python\necho ty''ped\nexit\n"
    shown = run_in_image(["python3", "-c", TYPE_IN_A_TERMINAL, typed], shared_image_home).stdout
    assert "with everything that the course's `pip install` line asks for" in shown
    assert "\ntyped\n" in shown.replace("\r", "")


# --- the course's Python -------------------------------------------------------------------------------------------


EXTENSION = """
cimport cython
import numpy
cimport numpy

def sum_of(numpy.ndarray[double] values):
    cdef double total = 0
    cdef int i
    for i in range(values.shape[0]):
        total += values[i]
    return total
"""
SET_UP = """
from {module} import setup
from Cython.Build import cythonize
import numpy
setup(ext_modules=cythonize("fast.pyx"), include_dirs=[numpy.get_include()])
"""


@pytest.mark.parametrize("module", ["setuptools", "distutils.core"])
def test_a_cython_module_is_built_as_the_course_does(module: str, image_home: Path) -> None:
    """The episode's older scripts say distutils, which Python 3.12 took out and setuptools brings."""
    (image_home / "fast.pyx").write_text(EXTENSION)
    (image_home / "setup.py").write_text(SET_UP.format(module=module))
    script = (
        "cd; module load gcc python; pip install cython setuptools; python setup.py build_ext --inplace;"
        " python -c 'import numpy, fast; print(fast.sum_of(numpy.arange(5.0)))'"
    )
    outcome = shell(script, image_home, timeout_s=120)
    assert "Requirement already satisfied: cython" in outcome.stdout
    assert outcome.stdout.endswith("\n10.0\n")


def test_a_c_program_is_compiled_and_linked(image_home: Path) -> None:
    (image_home / "p.c").write_text(
        "#include <math.h>\n#include <pthread.h>\n#include <stdio.h>\n"
        'int main(int n, char **v) { printf("%.3f %d\\n", cos(n), !pthread_self()); return 0; }\n'
    )
    script = "cd; gcc -O2 -g -Wall -fopenmp p.c -o p -lm -lpthread && ./p"
    outcome = shell(script, image_home)
    assert (outcome.stdout, outcome.stderr) == ("0.540 0\n", "")


def test_course_pip_line_succeeds_without_network(image_home: Path) -> None:
    output = shell(f"module load python && {COURSE_PIP_LINE}", image_home).stdout
    assert output.count("Requirement already satisfied") >= 10
    assert not (image_home / ".local/lib").exists()


@pytest.mark.parametrize(
    "module",
    [
        "pandas",
        "numpy",
        "dask",
        "dask.dataframe",
        "dask.array",
        "dask.delayed",
        "distributed",
        "distributed.cli.dask_worker",
        "graphviz",
        "bokeh.plotting",
        "dask_jobqueue",
        "mimesis",
        "requests",
        "matplotlib.pyplot",
        "pyarrow.parquet",
        "pyarrow.dataset",
        "pyarrow.orc",
        "pyarrow.csv",
        "pyarrow.fs",
        "virtualenv",
        "Cython.Build",
        "setuptools",
        "tkinter",
        "numpy.testing",
        "pandas.testing",
        "dask.datasets",
    ],
)
def test_course_module_imports(module: str, shared_image_home: Path) -> None:
    shell(
        f"module load python && python -W error::ImportWarning -c 'import {module}'",
        shared_image_home,
    )


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("to_parquet('data')", "read_parquet('data')"),
        ("to_csv('data-*.csv', index=False)", "read_csv('data-*.csv')"),
    ],
    ids=["parquet", "csv"],
)
def test_dataframe_survives_a_file(write: str, read: str, image_home: Path) -> None:
    (image_home / "frame.py").write_text(
        "import dask.dataframe as dd, pandas as pd\n"
        "frame = pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', 'z']})\n"
        f"dd.from_pandas(frame, npartitions=2).{write}\n"
        f"print(dd.{read}.a.sum().compute())\n"
    )
    assert shell("module load python && python frame.py", image_home).stdout.split() == ["6"]


def test_no_requirement_is_broken(shared_image_home: Path) -> None:
    assert "No broken requirements" in shell("module load python && pip check", shared_image_home).stdout


def _wheel(home: Path, name: str, version: str) -> str:
    info = f"{name}-{version}.dist-info"
    file = home / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", f"__version__ = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    return file.name


@pytest.mark.parametrize(
    ("name", "version"),
    [("something_else", "1.0"), ("toolz", "99.0")],
    ids=["new", "newer-than-ours"],
)
def test_pip_installs_into_the_learners_own_site(name: str, version: str, image_home: Path) -> None:
    shell(
        f"module load python && pip install --no-index ./{_wheel(image_home, name, version)}",
        image_home,
    )
    later = shell(f"module load python && python -c 'import {name}; print({name}.__version__)'", image_home)
    assert later.stdout.strip() == version
    assert (image_home / ".local/lib/python3.13/site-packages" / name).is_dir()


@pytest.mark.parametrize("command", ["python -m venv v", "virtualenv --no-download v"], ids=["venv", "virtualenv"])
def test_an_environment_takes_the_course_s_pip_line_without_network(command: str, image_home: Path) -> None:
    wheel = _wheel(image_home, "mimesis", "99.0")
    shell(
        f"module load python && {command} && . v/bin/activate && {COURSE_PIP_LINE} && pip install --no-index ./{wheel}",
        image_home,
    )
    seen = shell("v/bin/python -c 'import dask.array, mimesis; print(mimesis.__version__)'", image_home).stdout
    assert seen.split() == ["99.0"], "what is installed in it comes before the course's"
    assert not (image_home / ".local/lib").exists()


def test_system_packages_are_not_the_courses(shared_image_home: Path) -> None:
    script = "module load python && python -c 'import sys; print(*sys.path, sep=chr(10))'"
    assert "/usr/lib/python3/dist-packages" not in shell(script, shared_image_home).stdout.split()


def test_visualize_draws_a_graph(image_home: Path) -> None:
    script = "module load python && python -c 'from dask import delayed; delayed(sum)([1, 2]).visualize()'"
    assert "Warning" not in shell(script, image_home).stderr
    assert (image_home / "mydask.png").read_bytes().startswith(b"\x89PNG")


def test_a_program_with_a_window_says_that_there_is_no_screen(shared_image_home: Path) -> None:
    said = shell("pluma loop.py; feh mydask.png", shared_image_home, check=False)
    assert said.returncode == 1
    assert said.stderr.splitlines() == [
        "pluma opens a window, and there is no screen here. Edit with:  nano loop.py",
        "feh opens a window, and there is no screen here. Start a session with the interface Desktop.",
    ]
    with_screen = shell("type -t pluma", shared_image_home, env={"DISPLAY": ":1"}).stdout
    assert with_screen == "file\n"


DASK_TLS = """
import socket, ssl
from distributed.security import Security

security = Security(tls_ca_file="dask.pem", tls_client_cert="dask.pem", tls_scheduler_cert="dask.pem")
client = security.get_connection_args("client")["ssl_context"]
server = security.get_listen_args("scheduler")["ssl_context"]

def connected():
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
    near = client.wrap_socket(pair[0], do_handshake_on_connect=False)
    far = server.wrap_socket(pair[1], server_side=True, do_handshake_on_connect=False)
    waiting = [near, far]
    while waiting:
        try:
            waiting[0].do_handshake()
            waiting.pop(0)
        except ssl.SSLWantReadError:
            waiting.append(waiting.pop(0))
    return near, far

def read(end):
    try:
        return end.recv(1)
    except OSError as error:
        return type(error).__name__

ended, far = connected()
others = connected()
read(ended), [read(end) for end in others]
far.close()
print(read(ended), *(read(end) for end in others))
"""


def test_the_end_of_one_of_dasks_connections_breaks_no_other(image_home: Path) -> None:
    (image_home / "tls.py").write_text(DASK_TLS)
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=x"
    script = f"{make} -keyout key -out cert 2>&1; cat key cert >dask.pem; module load python; python tls.py"
    assert shell(script, image_home).stdout.splitlines()[-1] == "b'' SSLWantReadError SSLWantReadError"


@pytest.mark.parametrize("show", ["plt.show()", "plt.gcf().show()"])
def test_a_plot_without_a_screen_says_what_to_do_and_goes_on(show: str, image_home: Path) -> None:
    (image_home / "plot.py").write_text(
        f"import matplotlib.pyplot as plt\nplt.plot([1, 2])\n{show}\nplt.savefig('plot.png')\n"
    )
    said = shell("module load python && python plot.py", image_home).stderr
    assert "plot.py:3: UserWarning: There is no screen here, so no window opens. " in said
    assert "plt.savefig('plot.png')" in said
    assert (image_home / "plot.png").exists()


def test_bytecode_is_compiled(shared_image_home: Path) -> None:
    script = "python -v -c 'import pandas, distributed, bokeh' 2>&1 | grep -c 'wrote\\|could not write'; true"
    assert shell(f"module load python; {script}", shared_image_home).stdout.strip() == "0"


def _in_notebook(code: str, home: Path) -> str:
    """What a notebook's cell prints; beside it, the terminals of JupyterLab have the environment's rest."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": code,
    }
    kernel = {"name": "python3", "display_name": "x", "language": "python"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (home / "n.ipynb").write_text(json.dumps(notebook))
    convert = "/opt/classdesk/server/bin/jupyter-nbconvert --to notebook --execute --output o.ipynb n.ipynb"
    # A kernel listens on loopback, which an empty network namespace has down.
    run_in_image(convert.split(), home, network=True, env={"BROWSER": NO_BROWSER})
    outputs = json.loads((home / "o.ipynb").read_text())["cells"][0]["outputs"]
    return "".join(line for output in outputs for line in output.get("text", []))


def test_notebook_kernel_is_the_courses_python(image_home: Path) -> None:
    assert _in_notebook("import sys, dask.dataframe; print(sys.prefix)", image_home) == "/opt/python/3.13\n"


def test_notebook_kernel_has_the_variables_of_the_module(image_home: Path) -> None:
    names = "BOKEH_RESOURCES", "VIRTUALENV_SYSTEM_SITE_PACKAGES"
    code = f"import os; print(*(os.environ[name] for name in {names}))"
    (image_home / "show.py").write_text(code)
    loaded = shell("module load python && python show.py", image_home).stdout
    assert _in_notebook(code, image_home) == loaded


BOKEH = """
from bokeh.plotting import figure, output_file, show
output_file("a plot.html")
plot = figure()
plot.line([1, 2], [1, 2])
show(plot)
"""


@pytest.mark.parametrize("place", ["terminal", "notebook"])
def test_a_bokeh_plot_needs_no_network_and_is_found_without_a_screen(place: str, image_home: Path) -> None:
    if place == "notebook":
        said = _in_notebook(BOKEH, image_home)
    else:
        (image_home / "plot.py").write_text(BOKEH)
        said = shell("module load python && python plot.py", image_home, env={"BROWSER": NO_BROWSER}).stderr
    assert "There is no screen here, so no browser opens. The page is in ~/a plot.html: " in said
    page = (image_home / "a plot.html").read_text()
    assert "cdn.bokeh.org" not in page
    assert len(page) > 500_000


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"file:///home/{USER}/a%20plot.html", "The page is in ~/a plot.html: "),
        (f"/home/{USER}/100%.html", "The page is in ~/100%.html: "),
        ("http://127.0.0.1:8787/status", "no browser opens for http://127.0.0.1:8787/status. Start a session"),
    ],
    ids=["address of a file", "name of a file", "address"],
)
def test_the_browser_where_there_is_no_screen_says_what_it_would_show(
    address: str, said: str, shared_image_home: Path
) -> None:
    assert said in run_in_image([NO_BROWSER, address], shared_image_home).stderr


@pytest.mark.parametrize(
    "module",
    [
        "classdesk_desktop.server.app",
        "classdesk_desktop.supervisor.session",
        "jupyter_server.serverapp",
        "jupyter_server_proxy",
        "jupyterlab",
        "jupyter_lsp",
        "nbconvert.exporters",
        "ipykernel.kernelapp",
    ],
)
def test_server_module_imports_from_bytecode_alone(module: str, shared_image_home: Path) -> None:
    run_in_image(["/opt/classdesk/server/bin/python", "-I", "-c", f"import {module}"], shared_image_home)


def test_our_own_code_can_be_read_in_the_image() -> None:
    (packages,) = IMAGE.glob("opt/classdesk/server/lib/python3.*/site-packages")
    assert (packages / "classdesk_desktop/supervisor/session.py").is_file()


def test_completion_in_a_notebook_knows_the_courses_packages(shared_image_home: Path) -> None:
    program = (
        "import sys; sys.path.append(sys.argv[1]); import jedi;"
        "print(*[c.name for c in jedi.Script('import dask\\ndask.dela').complete(2, 9)])"
    )
    (packages,) = IMAGE.glob("opt/classdesk/server/lib/python3.*/site-packages")
    inside = "/" + str(packages.relative_to(IMAGE))
    output = run_in_image(["/opt/python/3.13/bin/python", "-c", program, inside], shared_image_home)
    assert "delayed" in output.stdout.split()
