# Two commands: `make demo` installs and runs the main job, `make test` installs and tests all.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Tests that run side by side; on two cores three, for many of them mostly wait.
AT_ONCE ?= 3
PYTEST = $(BIN)/python -m pytest --numprocesses $(AT_ONCE) --dist worksteal
# Tests of core alone, in a minute or two. Only they are traced: tracing doubles what the others take.
PURE := tests/core tests/history tests/rates

# Else each process that a test starts compiles whatever it imports: two seconds, hundreds of times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test install check bench engines torture clean

demo: $(INSTALLED) ## install, then watch the year 2025 become alerts
	@$(BIN)/tariffwire demo

test: $(INSTALLED) ## install, then lint, type-check and run every test; core must be covered whole
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(PYTEST) $(PURE) --cov --cov-report=
	@$(BIN)/coverage report --fail-under=100
	@$(PYTEST) $(PURE:%=--ignore=%)

install: $(INSTALLED) ## only install

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.11 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable . --group dev
	@touch $@

check: $(INSTALLED) ## what the gate runs before the tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(INSTALLED) ## figures with ratios to a baseline of the same run; MODE=distributed or both
	@$(BIN)/python -m benchmarks $(NAMES) $(if $(MODE),--mode $(MODE))

engines: $(INSTALLED) ## a Kafka and a PostgreSQL that stay, for running single tests again and again
	@$(BIN)/python -m tests.engines

torture: $(INSTALLED) ## the long form of the kill suite: 50 random kills, a rebalance a second for a minute
	@TARIFFWIRE_TEST_KILLS=50 TARIFFWIRE_TEST_REBALANCES=60 $(BIN)/python -m pytest tests/journey/kill --capture=no --timeout=3600

clean: ## forget the installation
	rm -rf $(VENV) .coverage .coverage.*
