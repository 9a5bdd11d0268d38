# Front door: `make demo` and `make test` set up everything that they need.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types lock clean

help:
	@echo "make demo    set up, make the demo clips, serve the arena (VOTES=2000 SERVE=0 PORT=8000)"
	@echo "make test    set up and run the tests (ARGS='tests/elo -x')"
	@echo "make lint    format check, lint, templates, types, import contract, longest functions"
	@echo "make format  rewrite the code as the formatter wants it"
	@echo "make lock    write requirements.lock anew (needs uv)"
	@echo "make clean   remove the virtual environment and the demo's data"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

# PyTorch by itself and first: pip's own settings then choose its build (CPU or CUDA), which a lock can't.
TORCH ?= torch==2.13.0

$(READY): requirements.lock | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Variables of the command line reach the demo as options: make demo VOTES=2000 SERVE=0
demo: $(READY)
	@$(BIN)/python manage.py demo $(if $(VOTES),--votes $(VOTES)) $(if $(filter 0,$(SERVE)),--no-serve) $(if $(PORT),--port $(PORT))

test: $(READY)
	$(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files '*.html')
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.longest

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djade --target-version 5.2 $$(git ls-files '*.html')

lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --extra dev --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf .venv data
