# Everything a person or CI runs. `make help` lists it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
FUZZ := .venv-fuzz
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
GENERATED := proto/anomaly/v1 proto/buf/validate

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run demo test tools contract lint bench load chaos fuzz proto proto-check lock clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## install the product into .venv

setup-dev: $(VENV)/.installed-dev $(FUZZ)/.installed ## install what tests and lint need as well

# One recipe a lock file: the stamp is newer than the lock once its packages are in.
$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing packages into $(VENV) ..."
	@$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

$(FUZZ)/.installed: requirements-fuzz.lock
	@test -x $(FUZZ)/bin/python || $(PYTHON) -m venv $(FUZZ)
	@$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-fuzz.lock
	@touch $@

run: setup ## start scoring server and gateway (Ctrl-C stops both)
	@exec $(BIN)/anomaly up

demo: setup ## start both servers, send simulated payments through them, keep running
	@$(BIN)/python deploy/demo.py

test: setup-dev tools ## run all tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

tools:
	@.ci/tools

contract: setup-dev ## test the REST contract, with EXAMPLES=n generated requests an operation
	@CONTRACT_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest --timeout 0 tests/contract $(PYTEST_ARGS)

chaos: setup-dev ## break things under load, ROUNDS=n times (WORKERS=2: several processes), and look whether anything is lost
	@PYTHONPATH=.:proto $(BIN)/python -m tests.chaos.rounds $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(SEED),--seed $(SEED))

fuzz: setup-dev ## have MESSAGES=n malformed messages read by the kernels
	@PYTHONPATH=.:proto $(BIN)/python -m tests.property.fuzz_wire $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(SEED),--seed $(SEED))

lint: setup-dev proto-check ## check style, types, layers and the protocol
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code --path proto/anomaly
	@mkdir -p build
	@$(BIN)/buf build proto --output build/current.binpb
	@$(BIN)/buf breaking build/current.binpb --against proto/released/anomaly_v1.binpb

bench: setup ## measure speed against an echo server, both sides in one run
	@$(BIN)/anomaly bench

load: setup ## send 1,000 payments a second with ghz to a running server (tests/load/README.md)
	@command -v ghz >/dev/null || { echo "ghz is not on PATH; tests/load/README.md says how to get it"; exit 1; }
	ghz --config tests/load/score.json $(GHZ_ARGS)

proto: setup-dev ## regenerate the Python stubs from proto/
	@$(BIN)/python proto/generate.py

proto-check: setup-dev # the committed stubs are what the protos give
	@$(BIN)/python proto/generate.py --check

lock: ## write the lock files anew (needs uv)
	uv pip compile pyproject.toml --group build --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --group build --group dev --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --quiet --constraint requirements.lock --output-file requirements-dev.lock
	uv pip compile --group fuzz --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --quiet --output-file requirements-fuzz.lock

clean: ## remove build products (keeps ./data)
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
