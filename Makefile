# Set-up happens by itself, once: a stamp in $(VENV) remembers it until
# pyproject.toml changes. On a machine that has nothing but Python, `make demo`
# and `make test` are all it takes.

VENV ?= .venv
PYTHON ?=
SECONDS ?= 60
SUITE ?=
WILD ?=
SPECIFICATION ?=
DIR ?=

# What is not ours to pass on, and some tests look at: a folder of files of the
# world, a checkout of the specification. Where they are not, those are skipped.
export TRUSTLIB_WILD := $(if $(WILD),$(abspath $(WILD)),$(TRUSTLIB_WILD))
export TRUSTLIB_SPECIFICATION := $(if $(SPECIFICATION),$(abspath $(SPECIFICATION)),$(TRUSTLIB_SPECIFICATION))

# Tests start many processes, and no two need to compile the same file.
unexport PYTHONDONTWRITEBYTECODE

# The tests of a file, and the examples of a page, stay together and in order.
AT_ONCE ?= -n auto --dist loadfile

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all mutation lint types architecture docs links pages release-check conformance fuzz corpus bench bench-quick servers clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  make %-13s %s\n' "$$name" "$$text"; \
	done

# -- what people run ----------------------------------------------------------

demo: $(VENV)/.demo ## see it at work, attacks included
	@$(BIN)/python examples/demo.py

test: $(VENV)/.test servers ## run the tests that take seconds
	$(BIN)/python -m pytest $(AT_ONCE) -m "not slow"

test-all: $(VENV)/.test servers ## run all tests, those that take minutes too
	$(BIN)/python -m pytest $(AT_ONCE)
	$(BIN)/python tests/mutation/run.py

mutation: $(VENV)/.test ## remove every check of the core once; a test must notice
	$(BIN)/python tests/mutation/run.py

lint: $(VENV)/.test ## style: ruff, the linter and the formatter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test ## types: mypy, strict
	$(BIN)/mypy

architecture: $(VENV)/.test ## layers: who may import whom
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.docs ## build the documentation; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -n -b html docs docs/_build/html

links: $(VENV)/.docs ## follow the links that lead out of the documentation (over the network)
	$(BIN)/python -m sphinx --keep-going -q -b linkcheck docs docs/_build/links

pages: $(VENV)/.test ## write the pages of the documentation that are made from the code
	PYTHONPATH=.:tests $(BIN)/python -m reference.write

release-check: $(VENV)/.test ## build what would be released into dist/, and prove that it can be built again
	PYTHONPATH=tests $(BIN)/python -m release.check dist

conformance: $(VENV)/.demo ## run the TUF conformance suite: SUITE=<its checkout>
	@test -f examples/conformance_client.py || \
	  { echo "examples/conformance_client.py is missing: there is no client to test" >&2; exit 1; }
	@test -n "$(SUITE)" || \
	  { echo "say where the suite is: make conformance SUITE=<checkout of theupdateframework/tuf-conformance>" >&2; exit 1; }
	@test -d "$(SUITE)/tuf_conformance" || \
	  { echo "$(SUITE): this is no checkout of theupdateframework/tuf-conformance" >&2; exit 1; }
	@# An environment of its own: the suite pins versions of what our tests use, too.
	@test -x $(VENV)/conformance/bin/pytest || $(BIN)/python -m venv $(VENV)/conformance
	$(VENV)/conformance/bin/python -m pip --disable-pip-version-check install --quiet "$(abspath $(SUITE))"
	@# Once for each driver, and each run of the client again with hints: tests/conformance/replay.py
	for driver in sync async; do \
	  ( cd "$(SUITE)" && TRUSTLIB_DRIVER=$$driver PYTHONPATH="$(CURDIR)/tests/conformance" \
	    "$(abspath $(VENV))/conformance/bin/python" -m pytest -p no:cacheprovider -p replay tuf_conformance \
	    --entrypoint "$(abspath $(BIN))/python $(CURDIR)/examples/conformance_client.py" ) || exit 1; \
	done

fuzz: $(VENV)/.test ## throw hostile bytes at every parser: SECONDS=60
	@test -f tests/fuzz/run.py || { echo "tests/fuzz/run.py is missing" >&2; exit 1; }
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS)

corpus: $(VENV)/.test ## pin a folder of Dockerfiles that are not ours: DIR=<folder>
	@test -d "$(DIR)" || { echo "say where they are: make corpus DIR=<folder of Dockerfiles>" >&2; exit 1; }
	$(BIN)/python tests/pinning/corpus.py "$(DIR)"

bench: $(VENV)/.test ## measure
	@test -f benchmarks/run.py || { echo "benchmarks/run.py is missing" >&2; exit 1; }
	$(BIN)/python benchmarks/run.py

bench-quick: $(VENV)/.test ## measure roughly, in seconds
	@test -f benchmarks/run.py || { echo "benchmarks/run.py is missing" >&2; exit 1; }
	$(BIN)/python benchmarks/run.py --quick

clean: ## remove everything that was made here, the environment too
	rm -rf $(VENV) build dist docs/_build .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- what that needs ----------------------------------------------------------

# A name on the PATH may be a shim that fails, and an interpreter may come
# without venv (Debian's does): the first one that makes a working environment
# with pip in it is taken. An environment that works already is kept.
$(VENV)/.made:
	@works() { "$(BIN)/python" -c "$(NEW_ENOUGH)" && "$(BIN)/python" -m pip --version; }; \
	if ! works >/dev/null 2>&1; then \
	  for python in $(PYTHON) python3.13 python3.12 python3.11 python3 /usr/local/bin/python3 /usr/bin/python3; do \
	    "$$python" -c "$(NEW_ENOUGH)" >/dev/null 2>&1 || continue; \
	    rm -rf "$(VENV)"; \
	    "$$python" -m venv "$(VENV)" >/dev/null 2>&1 && works >/dev/null 2>&1 && break; \
	  done; \
	  works >/dev/null 2>&1 || { rm -rf "$(VENV)"; \
	    echo "no Python from 3.11 on with venv and pip was found;" \
	      "install one (on Debian: python3-venv), or name one: make PYTHON=<path>" >&2; exit 1; }; \
	  echo "$(VENV): made with $$("$(BIN)/python" --version)"; \
	fi
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	$(PIP) install --quiet -e ".[demo]"
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml
	$(PIP) install --quiet -e ".[test]"
	@touch $@

$(VENV)/.docs: $(VENV)/.made pyproject.toml
	$(PIP) install --quiet -e ".[docs]"
	@touch $@

# program=Debian package
SERVERS := docker-registry=docker-registry docker=docker.io dockerd=docker.io notary=notary notary-server=notary notary-signer=notary skopeo=skopeo ssh-agent=openssh-client \
  gpg=gpg gpgconf=gpgconf gpg-agent=gpg-agent softhsm2-util=softhsm2 age=age strace=strace

servers:
	@missing=; packages=; for pair in $(SERVERS); do \
	  command -v $${pair%=*} >/dev/null 2>&1 || \
	    { missing="$$missing $${pair%=*}"; packages="$$packages $${pair#*=}"; }; \
	done; \
	if test -n "$$missing" && test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1; then \
	  echo "installing$$packages, which tests use"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
	      apt-get -qq -y install --no-install-recommends $$packages; } >/dev/null && missing=; \
	fi; \
	test -z "$$missing" || echo "not installed:$$missing; tests that need them are skipped"
