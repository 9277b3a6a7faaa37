# Everything that is done to this folder, by name. `make` alone prints the lines that start with two hashes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo check test bench soak fuzz docs languages root screenshots

## Boothkit: the box that runs a pop-up.
##
help:
	@sed -n 's/^## \{0,1\}//p' Makefile

##   make demo     A whole box on emulated devices, with a sample event, until Ctrl-C; its data is in ./.demo.
##                 make demo ARGS="--for 60 --staff-port 9000" passes options on to `boothkit up --demo`.
demo: .venv/.runtime
	.venv/bin/boothkit up --demo --data ./.demo $(ARGS)

##   make test     The whole suite; installs the broker, the browser and the rules of accessibility that it needs
##                 where it may, else names them.
##                 make test ARGS="tests/services -k watchdog" passes options on to pytest; ARGS="-n 0 --pdb tests/x"
##                 runs in one process, where a debugger can be had.
test: .venv/.dev tests/browser/node_modules/.stamp tests/foreign/node_modules/.stamp
	-@tools/debian mosquitto chromium fonts-dejavu-core curl nftables nginx strace \
	  systemd udev iproute2 systemd-container mmdebstrap zstd postgresql \
	  xkb-data fonts-wqy-microhei libfribidi0 chrony \
	  network-manager dnsmasq-base dbus isc-dhcp-client udhcpc bind9-dnsutils
	.venv/bin/pytest -n 2 --no-loadscope-reorder $(ARGS)

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

##   make soak     Power cuts and torture, the long form: about half an hour, with another seed each time.
soak: .venv/.dev
	-@tools/debian mosquitto postgresql strace
	seed=$$(date +%s); POWERCUT_POINTS=20000 POWERCUT_SEED=$$seed TORTURE_FACTS=1000000 TORTURE_SEED=$$seed \
	  RECEIPTS=1000 RECEIPTS_SEED=$$seed \
	  .venv/bin/pytest tests/powercut tests/torture tests/paper -o timeout=0 $(ARGS)

##   make fuzz     Every parser and decoder, a million inputs each, and each call of the staff API two thousand times, with
##                 another seed each time: about two hours.
fuzz: .venv/.dev
	seed=$$(date +%s); FUZZ_INPUTS=1000000 FUZZ_SEED=$$seed CONTRACT_EXAMPLES=1000 CONTRACT_SEED=$$seed \
	  .venv/bin/pytest tests/fuzz tests/web/test_contract.py -o timeout=0 -rP $(ARGS)

##   make docs     The pages of docs/reference that are made from the code.
docs: .venv/.dev
	.venv/bin/python -m tools.reference

##   make languages   The catalogues of appliance/languages, from what the code says; then translate what is new.
languages: .venv/.dev
	.venv/bin/python -m tools.languages

##   make screenshots   docs/screenshots anew: every screen at three sizes, by day and by night.
screenshots: .venv/.dev
	-@tools/debian chromium fonts-dejavu-core
	.venv/bin/python -m tools.screenshots

##   make root     The box's root file system in build/root, for a look or for a container; needs root. Debian's part is
##                 kept in the cache folder and made anew when a package is.
root: .venv/.runtime
	-@tools/debian mmdebstrap zstd systemd-container
	image/root build/root

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

# axe-core and receiptio, for tests only and from their locks, which name no registry: npm asks the one it is set up
# for. Without them the tests that need them are skipped and say so.
tests/browser/node_modules/.stamp tests/foreign/node_modules/.stamp: tests/%/node_modules/.stamp: tests/%/package.json tests/%/package-lock.json
	-@command -v npm >/dev/null || tools/debian nodejs npm
	-@npm ci --prefix tests/$* --ignore-scripts --no-fund --no-audit --loglevel=error && touch $@
