# Everything that is done to this folder, by name. `make` alone prints the lines that start with two hashes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo check test bench docs

## Boothkit: the box that runs a pop-up.
##
help:
	@sed -n 's/^## \{0,1\}//p' Makefile

##   make demo     A whole box on emulated devices, with a sample event, until Ctrl-C; its data is in ./.demo.
##                 make demo ARGS="--for 60 --staff-port 9000" passes options on to `boothkit up --demo`.
demo: .venv/.runtime
	.venv/bin/boothkit up --demo --data ./.demo $(ARGS)

##   make test     The whole suite; installs the broker and the browser it talks to where it may, else names them.
##                 make test ARGS="tests/services -k watchdog" passes options on to pytest.
test: .venv/.dev
	-@tools/debian mosquitto chromium fonts-dejavu-core curl nftables strace
	.venv/bin/pytest $(ARGS)

##   make check    Format, lint, types and the contracts about who may import whom; changes nothing.
check: .venv/.dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

##   make bench    The benchmarks, each a module in benchmarks/ that prints its own figures.
bench: .venv/.dev
	@set -e; for file in benchmarks/[a-z]*.py; do \
	  .venv/bin/python -m benchmarks.$$(basename $$file .py) $(ARGS); \
	done

##   make docs     The pages of docs/reference that are made from the code.
docs: .venv/.dev
	.venv/bin/python -m tools.reference

##   make setup    Only .venv, with what running the box needs; needs Python 3.11 or newer and the package index.
setup: .venv/.runtime

# The stamps say which lock .venv was last filled from. The development lock holds all of the runtime lock.
.venv/.runtime: requirements.lock pyproject.toml tools/venv
	@tools/venv requirements.lock
	@touch $@

# Tests drive Debian's /usr/bin/chromium; playwright downloads no browser of its own.
.venv/.dev: requirements-dev.lock pyproject.toml tools/venv
	@tools/venv requirements-dev.lock
	@touch .venv/.runtime $@
