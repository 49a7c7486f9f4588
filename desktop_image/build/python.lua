-- The course's Python. Variables such as PYTHONPATH or PIP_PREFIX would reach into virtual environments.
whatis("Name: python")
whatis("Version: @full@")
whatis("Description: Python @minor@ with dask, pandas, numpy, matplotlib and what else the course installs")
help([[
Python @full@ with everything that the course's `pip install` line asks for.
`pip install` of more goes to ~/.local and stays after the session; so does a virtual environment made with
`python -m venv NAME` or `virtualenv --no-download NAME`, which sees all of the packages here.
]])
family("python")
-- Without internet, bokeh's pictures need their JavaScript in the file; an environment sees what is installed here.
setenv("BOKEH_RESOURCES", "inline")
setenv("VIRTUALENV_SYSTEM_SITE_PACKAGES", "1")
prepend_path("PATH", pathJoin(os.getenv("HOME") or "/nonexistent", ".local/bin"))
prepend_path("PATH", "/opt/python/@minor@/bin")
