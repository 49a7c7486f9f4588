-- The course's Python. Only PATH changes: variables such as PYTHONPATH or PIP_PREFIX would reach into virtual environments.
whatis("Name: python")
whatis("Version: @full@")
whatis("Description: Python @minor@ with dask, pandas, numpy, matplotlib and what else the course installs")
help([[
Python @full@ with everything that the course's `pip install` line asks for.
`pip install` of more goes to ~/.local and stays after the session; so does a virtual environment made with
`python -m venv NAME` or `virtualenv --no-download NAME`.
]])
family("python")
prepend_path("PATH", pathJoin(os.getenv("HOME") or "/nonexistent", ".local/bin"))
prepend_path("PATH", "/opt/python/@minor@/bin")
