# make run     a server with its store and a rehearsal: drive it as facilitator
# make test    everything: static checks, then all tests
# make setup   only the environment; leaves .venv/bin/thera-peer
# make check   only the static part
# make faults  the long run of tests/faults: hundreds of kills, within an hour
# make bench   how fast it is on this machine, beside its peers: writes docs/benchmarks.md
#              (BENCH=short: a check in 3 minutes that all of it works, which writes nothing)
# Works from a fresh clone with Python >= 3.11 and make; what has not changed is not made again.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Programs of the tests, each of the Debian package of its name (ss: iproute2). (redis-server may
# start a server on 127.0.0.1:6379 when it is installed, nginx one on 80: no test uses these ports.)
DEBIAN_PROGRAMS := chromium chromium-headless-shell espeak-ng faketime nginx redis-server ss

# Most tests wait for clocks: five at a time keep two cores busy.
TESTERS := 5

# What the benchmarks compare with, in an environment of its own.
PEERS := benchmarks/peers

WEB_SOURCES := $(wildcard web/*.py web/*.txt web/package-lock.json web/locales/*/LC_MESSAGES/*.po)

# Downloads no interpreter, and says nothing unless something is wrong.
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# A network with a certificate of its own has told the system about it, not the installers.
export UV_SYSTEM_CERTS := true
export NODE_USE_SYSTEM_CA := 1
# What uv cannot do here (another configuration, another proxy), pip may still.
# $(call install,folder with a python in it,requirements file)
install = { [ -x $(BIN)/uv ] && \
  $(BIN)/uv pip install --quiet --python $(1)/python --require-hashes -r $(2); } || \
  $(1)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)

.PHONY: setup run test faults check bench browser-packages lock clean
.DELETE_ON_ERROR:

setup: $(VENV)/stamp-package $(VENV)/stamp-web

run: setup
	@$(BIN)/thera-peer serve --rehearse 8

# What runs against real clocks measures the machine, too, and whoever shares it: what failed (and
# nothing else went wrong: 1) is tried once more, with nothing beside it, and must pass then.
# (Other kinds of traceback may fail to be made, which ends a tester with all that it had to say.)
# $(call in_real_time,which tests,how many at a time)
in_real_time = $(BIN)/pytest -q --tb=native $(1) $(2) || { [ $$? = 1 ] && \
  echo 'Once more, alone: what failed.' && \
  $(BIN)/pytest -q --tb=native --last-failed --last-failed-no-failures none $(1); }

# Faults mostly wait; what keeps every core busy, or listens to a voice, runs by itself.
test: check browser-packages
	$(BIN)/pytest -q tests/engine --cov -n 2
	$(call in_real_time,--ignore=tests/engine -m "not alone",-n $(TESTERS) --dist worksteal)
	$(call in_real_time,tests/faults -m "alone and not every_core",-n $(TESTERS) --dist worksteal)
	$(call in_real_time,tests/faults -m "alone and every_core")
	$(call in_real_time,tests/server -m alone,-n 2 --dist worksteal)
	$(call in_real_time,tests/browser -m alone)

# pytest-timeout's two minutes are for short runs; its thread would end a process, and the
# seed with it. Two at a time, as most of them wait; then those that keep every core busy.
LONG_FAULTS = THERA_PEER_LONG_FAULTS=1 $(BIN)/pytest -v --timeout 3600 --timeout-method signal
faults: setup $(VENV)/stamp-dev browser-packages
	$(LONG_FAULTS) -n 2 --dist worksteal -m "not every_core" tests/faults
	$(LONG_FAULTS) -m every_core tests/faults

check: setup $(VENV)/stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

bench: setup $(VENV)/stamp-dev $(PEERS)/.venv/stamp $(PEERS)/node_modules/.package-lock.json
	@$(BIN)/python -m benchmarks

# ---- The environment -------------------------------------------------------------------
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed: make setup PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo 'Python has no venv module: install python3-venv.' >&2; exit 1; }

# uv is a faster installer, no more: where it cannot be had, pip does the same.
$(VENV)/stamp-uv: requirements-bootstrap.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements-bootstrap.txt || echo 'No uv for this machine: going on with pip.'
	@touch $@

$(VENV)/stamp-requirements: requirements.txt $(VENV)/stamp-uv
	@echo 'Installing what Thera-Peer needs ...'
	@$(call install,$(BIN),requirements.txt)
	@touch $@

$(VENV)/stamp-dev: requirements-dev.txt $(VENV)/stamp-requirements
	@echo 'Installing what the tests need ...'
	@$(call install,$(BIN),requirements-dev.txt)
	@touch $@

$(VENV)/stamp-package: pyproject.toml hatch_build.py $(VENV)/stamp-requirements
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .
	@touch $@ $(VENV)/stamp-web

$(VENV)/stamp-web: $(WEB_SOURCES) | $(VENV)/stamp-package
	@$(BIN)/python hatch_build.py
	@touch $@

$(PEERS)/.venv/stamp: $(PEERS)/requirements.txt $(VENV)/stamp-uv
	@echo 'Installing what the benchmarks compare with ...'
	@rm -rf $(PEERS)/.venv && $(PYTHON) -m venv $(PEERS)/.venv
	@$(call install,$(PEERS)/.venv/bin,$<)
	@touch $@

$(PEERS)/node_modules/.package-lock.json: $(PEERS)/package-lock.json | $(VENV)/stamp-package
	@$(BIN)/python hatch_build.py $(PEERS)
	@touch $@

# Installed where we may, named where we may not.
browser-packages:
	@missing=; for program in $(DEBIAN_PROGRAMS); do \
	  PATH=$$PATH:/usr/sbin command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	missing=$$(echo "$$missing" | sed 's/ ss$$/ iproute2/'); \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Debian packages:$$missing"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
	    --no-install-recommends $$missing; } >/dev/null; \
	else echo "The tests need these Debian packages: apt-get install$$missing" >&2; exit 1; fi

# Versions are chosen in pyproject.toml; this writes them down with everything they bring.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-annotate --custom-compile-command 'make lock' --no-emit-index-url --no-emit-find-links
lock: $(VENV)/stamp-uv
	$(LOCK) pyproject.toml --group build -o requirements.txt
	$(LOCK) pyproject.toml --group dev -o requirements-dev.txt
	$(LOCK) requirements-bootstrap.in -o requirements-bootstrap.txt
	$(LOCK) $(PEERS)/requirements.in -o $(PEERS)/requirements.txt

clean:
	rm -rf $(VENV) build dist web/node_modules web/static/vendor \
	  $(PEERS)/.venv $(PEERS)/node_modules
