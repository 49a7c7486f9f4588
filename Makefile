# classdesk: the commands of this repository. There is no logic here; each target names the script that does the work,
# and bash, with which a copy on a file system that runs no programs can say so.
.DEFAULT_GOAL := help
.PHONY: help up down status logs accounts purge image check test bench lint audit
# Targets do not depend on files, and two at once make no sense.
.NOTPARALLEL:

export BIND PORT YES F N

help: ## this text
	@awk -F ':.*## ' 'BEGIN {print "make TARGET\n"} /^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\n  BIND=ADDRESS PORT=NUMBER   with up: where the hub listens (initially 127.0.0.1 and 8000; kept in /etc/classdesk/site.toml)\n'
	@printf '  YES=1                      with purge: do not ask        F=1, N=LINES   with logs: follow, how many lines\n'

up: ## install what is missing, start Slurm and the hub, print address and accounts; run it again at any time
	@bash cluster/up

down: ## end all sessions and stop everything
	@bash cluster/down

status: ## what is running and since when, sessions, address, log files
	@bash cluster/status

logs: ## the last lines of all logs
	@bash cluster/logs

accounts: ## the demo accounts, one "name password" per line
	@bash cluster/accounts

purge: ## undo what up did: accounts, files, state
	@bash cluster/purge

image: ## build the desktop image, export it as an OCI archive, print sizes and times
	@bash desktop_image/build/image --oci build/classdesk-desktop.oci.tar

check: ## lint, types, unit and JavaScript tests: a minute or two, without root
	@bash tests/run check

test: ## set up what the tests need, then what check does, integration and browser tests
	@bash tests/run

bench: ## a class presses Start, 300 sessions are watched, a desktop starts, answers and idles, a console looks: beside the stock stack (needs root, takes 27 minutes)
	@bench/class_start && bench/watcher && bench/start_to_desktop && bench/latency && bench/memory && bench/console

lint: ## ruff, mypy, shellcheck and biome
	@bash tests/run lint

audit: ## ask the registries for known faults of all locked packages
	@bash tests/run audit
