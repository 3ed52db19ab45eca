# Two environments, each set up once, of the versions in constraints.txt: .venv holds requirements.txt alone and
# serves the app; .venv-dev adds training and the tools that check the code.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PORT ?= $(or $(GRADIO_SERVER_PORT),7860)
WORKERS ?= 2
SERVE := .venv/bin/python
DEV   := .venv-dev/bin/python

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z%<>-]+:.*## ' $(MAKEFILE_LIST) \
	  | sed -E 's/^train-%/train-<name>/; s/:.*## /\t/' \
	  | while IFS=$$'\t' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done

##### Use

.PHONY: demo
demo: .venv/.serve-stamp ## serve the app at http://127.0.0.1:7860 (PORT=... for another port)
	@GRADIO_SERVER_PORT=$(PORT) $(SERVE) app.py

.PHONY: training
training: .venv-dev/.dev-stamp ## set up .venv-dev for training, and say on which device it would train
	@$(DEV) -c "import torch; print('ready: training runs on', 'CUDA' if torch.cuda.is_available() else 'Apple MPS' if torch.backends.mps.is_available() else 'the CPU')"

.PHONY: data
data: .venv-dev/.dev-stamp ## build the data sets the committed models were trained on
	$(DEV) -m training.data digits
	$(DEV) -m training.data fashion
	$(DEV) -m training.data toons
	$(DEV) -m training.data heads
	$(DEV) -m training.data heads-labels
	$(DEV) -m training.data toons-lines
	$(DEV) -m training.data earth

train-%: .venv-dev/.dev-stamp ## train, export and evaluate one of the committed models again
	$(DEV) -m training.recipes $*

.PHONY: bench
bench: .venv-dev/.dev-stamp browser ## measure latency, cold start and memory on this machine
	$(DEV) -m training.bench

.PHONY: bench-app
bench-app: .venv-dev/.dev-stamp browser ## measure the app's first load (FIRST="--lighthouse --beside ../other-checkout")
	$(DEV) -m scripts.first_load $(FIRST)

.PHONY: load
load: .venv/.serve-stamp ## drag and draw as 50 + 5 visitors for a minute (LOAD="--visitors 20 --drawing 2 --seconds 30")
	$(SERVE) -m scripts.load $(LOAD)

.PHONY: numbers
numbers: .venv/.serve-stamp ## write the numbers of all cards to exported/numbers.csv, and the READMEs made from cards
	$(SERVE) -m scripts.numbers
	$(SERVE) -m scripts.readme

.PHONY: notebooks
notebooks: .venv-dev/.dev-stamp ## run the notebooks whole and keep what they show: about a quarter of an hour
	$(DEV) -m scripts.notebooks

##### Check

# Three passes: without a browser, with one thread for each worker; in the browser, where each worker serves an app of
# its own; and what a neighbour would disturb.
.PHONY: test
test: lint border browser ## install all that the tests need, Chromium included, and run them (WORKERS=... processes, 2 if not said)
	status=0; \
	parallel="-n $(WORKERS) --dist loadfile --durations=10"; \
	OMP_NUM_THREADS=1 $(DEV) -m pytest -m "not slow and not serial and not browser" $$parallel || status=$$?; \
	$(DEV) -m pytest -m "not slow and not serial and browser" $$parallel || status=$$?; \
	$(DEV) -m pytest -m "not slow and serial" --durations=10 || status=$$?; \
	exit $$status

.PHONY: test-slow
test-slow: .venv-dev/.dev-stamp ## seventy kills and a thousand attacks: many minutes
	$(DEV) -m pytest -m slow

.PHONY: lint
lint: .venv-dev/.dev-stamp ## ruff, pyright, the import contracts and Biome
	$(DEV) -m ruff check .
	$(DEV) -m ruff format --check .
	@find gen_models -name '*.pyi' -delete # Gradio's stubs hide the sources from pyright, and go stale
	$(DEV) -m pyright --pythonpath $(DEV)
	.venv-dev/bin/lint-imports --no-logo
	$(DEV) -m scripts.biome

.PHONY: border
border: .venv/.serve-stamp ## check that the app starts with requirements.txt alone, without torch
	$(SERVE) -m scripts.border

.PHONY: audit
audit: .venv-dev/.dev-stamp ## list the licences of all packages, and ask for their known vulnerabilities
	$(DEV) -m scripts.audit

.PHONY: lock
lock: .venv-dev/.dev-stamp ## write the versions installed in .venv-dev into constraints.txt
	$(DEV) -m scripts.lock

.PHONY: memory
memory: .venv-dev/.dev-stamp browser ## measure memory at start, after every experiment and when idle: 10 minutes
	$(DEV) -m scripts.memory

.PHONY: browser
browser: .venv-dev/.dev-stamp
	@$(DEV) -m scripts.browsers

.PHONY: hooks
hooks: .venv-dev/.dev-stamp ## let git run the linters before every commit
	$(DEV) -m pre_commit install

.PHONY: clean
clean: ## remove both environments and the caches; models, data and runs stay
	rm -rf .venv .venv-dev node_modules .pytest_cache .ruff_cache .import_linter_cache .hypothesis .gradio .lighthouse
	find gen_models training scripts tests -name __pycache__ -prune -exec rm -rf {} +

##### Set up

.venv/.serve-stamp: requirements.txt constraints.txt
	$(install)

.venv-dev/.dev-stamp: requirements.txt training/requirements.txt requirements-dev.txt constraints.txt
	$(install)

NEW_ENOUGH := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
NO_PYTHON  := Latent Lab needs Python 3.11 or newer with its venv module (Debian, Ubuntu: apt install python3-venv).

# An environment is kept only if its set-up was not cut short and its Python still runs.
define install
@if [ -e $(@D)/.unfinished ] || ! $(@D)/bin/python -c "$(NEW_ENOUGH)" 2>/dev/null; then \
  for python in python3.13 python3.12 python3.11 python3; do \
    if $$python -c "$(NEW_ENOUGH)" 2>/dev/null; then \
      rm -rf $(@D); mkdir $(@D); touch $(@D)/.unfinished; exec $$python -m venv $(@D); \
    fi; \
  done; \
  echo "$(NO_PYTHON)" >&2; exit 1; \
fi
@echo "Setting up $(@D) from $^, once ..."
@rm -f $@; touch $(@D)/.unfinished
@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(addprefix -r ,$(filter-out constraints.txt,$^)) -c constraints.txt
@rm $(@D)/.unfinished
@touch $@
endef
