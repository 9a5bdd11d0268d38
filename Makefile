# Front door: `make demo` and `make test` set up everything that they need.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --quiet --disable-pip-version-check

# PyTorch by itself and first, since a lock can't choose its build.
# TORCH_BACKEND: cpu, auto, cu130, rocm7.2, …; pip: the build that pip's own settings give; none: no PyTorch.
TORCH ?= torch==2.13.0
TORCH_BACKEND ?= cpu
UV ?= uv==0.13.9
TORCH_READY := .venv/.torch-$(TORCH_BACKEND)
COMPILE := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint check docs format lock clean

help:
	@echo "make demo      set up, make the demo clips, serve the arena (VOTES=2000 SERVE=0 PORT=8000)"
	@echo "make test      set up and run the quick tests (ARGS='tests/elo -x')"
	@echo "make test-all  run all tests, the slow ones, too"
	@echo "make lint      format check, lint, spelling, templates, types, import contract, docstrings, lengths"
	@echo "make check     migrations are complete, and settings safe in production"
	@echo "make docs      build the documentation site into docs/_build"
	@echo "make format    rewrite the code as the formatter wants it"
	@echo "make lock      write both locks anew (needs uv)"
	@echo "make clean     remove the virtual environment and the demo's data"
	@echo "TORCH_BACKEND=cpu|auto|cu130|pip|none chooses the build of PyTorch; none leaves HappyHorse out of the demo"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

# Another build replaces the one that is there. A wheel on this machine that pip is told of comes before a download.
$(TORCH_READY): | $(BIN)/python
ifneq ($(TORCH_BACKEND),none)
	@if ls .venv/.torch-* >/dev/null 2>&1; then $(BIN)/pip uninstall --quiet --quiet --yes torch; rm .venv/.torch-*; fi
	@echo "Setting up PyTorch ($(TORCH_BACKEND)) in .venv"
endif
ifeq ($(TORCH_BACKEND),cpu)
	@$(PIP) --no-index --no-deps $(TORCH) 2>/dev/null || $(FETCH_TORCH)
else ifeq ($(filter pip none,$(TORCH_BACKEND)),)
	@$(FETCH_TORCH)
endif
ifneq ($(TORCH_BACKEND),none)
	@$(PIP) $(TORCH)
endif
	@touch $@

define FETCH_TORCH
{ $(PIP) $(UV) && $(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend=$(TORCH_BACKEND) $(TORCH) || \
	{ echo "That build of PyTorch can't be had here. Take the one that pip gives: TORCH_BACKEND=pip"; exit 1; }; }
endef

.venv/.run: requirements.lock $(TORCH_READY)
	@echo "Setting up the arena in .venv"
	@$(PIP) --require-hashes -r requirements.lock
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.run
	@$(if $(filter none,$(TORCH_BACKEND)),echo "Tests and linters need PyTorch: leave TORCH_BACKEND=none out"; exit 1)
	@echo "Setting up the tests and linters in .venv"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# Variables of the command line reach the demo as options: make demo VOTES=2000 SERVE=0
demo: .venv/.run
	@$(BIN)/python manage.py demo $(if $(VOTES),--votes $(VOTES)) $(if $(filter 0,$(SERVE)),--no-serve) \
		$(if $(PORT),--port $(PORT)) $(if $(filter none,$(TORCH_BACKEND)),--without happyhorse)

# Two workers fill two cores: threads of libraries would wait for each other.
test test-all: export OMP_NUM_THREADS := 1

test: .venv/.dev
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-all: .venv/.dev
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/typos
	$(BIN)/hadolint Dockerfile
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files '*.html')
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.docstrings
	$(BIN)/python -m tests.measures

check: .venv/.run
	$(BIN)/python manage.py makemigrations --check --dry-run
	PADDOCK_ENVIRONMENT=production ALLOWED_HOSTS=arena.example.org SECRET_KEY=for-this-check-alone-and-never-for-a-real-arena-0123456789 \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

docs: .venv/.dev
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -c docs . docs/_build

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djade --target-version 5.2 $$(git ls-files '*.html')

lock:
	$(COMPILE) -o requirements.lock
	$(COMPILE) -o requirements-dev.lock --extra dev -c requirements.lock

clean:
	rm -rf .venv data
