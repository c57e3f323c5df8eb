# Two commands do everything:   make paper TOPIC="…"   and   make test
# Both set up what they need (a virtual environment here, and system packages where that is possible).

PYTHON ?= python3
PRESET ?= quick
TOPIC  ?=
VENV   := .venv
BIN    := $(VENV)/bin
TORCH  := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)
export PATH := $(CURDIR)/.tools/usr/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: paper test setup setup-test lint clean lock

paper: setup
	@if [ -z "$$TOPIC" ]; then echo 'usage: make paper TOPIC="Does the learning-rate schedule matter for tiny language models?"' >&2; exit 2; fi
	@./.ci/system-packages paper
	@$(BIN)/researchclaw run --topic "$$TOPIC" --auto-approve --preset $(PRESET)
export TOPIC

test: setup-test lint
	@./.ci/system-packages test
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check -q .
	$(BIN)/mypy

setup: $(VENV)/ready
setup-test: $(VENV)/ready-test

# A machine without an NVIDIA driver gets the CPU build of torch where an index offers it: gigabytes less.
$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "researchclaw needs Python 3.11 or newer; set PYTHON=…" >&2; exit 2; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "could not make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@command -v nvidia-smi >/dev/null 2>&1 || $(BIN)/pip install -q --no-deps --retries 0 --timeout 20 \
	    --index-url https://download.pytorch.org/whl/cpu $(TORCH) >/dev/null 2>&1 || $(BIN)/pip install -q --no-deps $(TORCH)
	@$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

$(VENV)/ready-test: $(VENV)/ready
	@$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	@touch $@

# Exact versions of what is installed now; run it after a deliberate upgrade and commit the result.
lock: setup-test
	$(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//' | LC_ALL=C sort -f > constraints.txt

clean:
	rm -rf $(VENV) .tools dist .mypy_cache .pytest_cache .ruff_cache
