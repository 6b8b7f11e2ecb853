# Every target sets up what it needs: `make demo` on a fresh clone is enough.

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTHON ?= python3
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help venv demo test check format airflow bench faults soak reference audit wheel wheel-check clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter (3.11 or newer); ARGS=\"-k name\" goes to test, demo, airflow and bench."

venv: $(STAMP) ## Create .venv with everything to run, test and check

# The stamp is written last, so that an interrupted installation is taken up again.
$(STAMP): pyproject.toml constraints.txt scripts/venv.sh
	@PYTHON="$(PYTHON)" scripts/venv.sh $(VENV)
	@touch $@

demo: $(STAMP) ## Run every integration against the simulated vendors, through Airflow
	@$(BIN)/python -m airflow_provider_mlconnector.sandbox.demo $(ARGS)

test: $(STAMP) ## Run the whole test suite, on all cores (ARGS=-n0: on one, in order)
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: $(STAMP) ## Format, lint and types: report, change nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(STAMP) ## Format, and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

airflow: $(STAMP) ## Airflow's UI with the simulated vendors, connections and DAGs ready
	@$(BIN)/python -m airflow_provider_mlconnector.sandbox.standalone $(ARGS)

bench: $(STAMP) ## Measure, side by side with what others would write
	@$(BIN)/python -m benchmarks $(ARGS)

faults: $(STAMP) ## Every fault at every vendor operation; writes the tables of docs/reliability.md
	@$(BIN)/python -m tests.faults.report

soak: $(STAMP) ## Play 30 days of hourly runs, with changes and faults, and check what they leave (half an hour)
	@MLCONNECTOR_SOAK_DAYS=30 MLCONNECTOR_SOAK_RUNS=24 $(BIN)/python -m pytest tests/soak $(ARGS)

reference: $(STAMP) ## Write the reference tables of README.md and docs/ from the code
	@$(BIN)/python scripts/reference.py

audit: $(STAMP) ## Look the pinned releases up among known vulnerabilities (needs the network)
	@scripts/audit.sh $(ARGS)

wheel: $(STAMP) ## Build the wheel into dist/
	@$(BIN)/python -m build --wheel

wheel-check: $(STAMP) ## Install the wheel beside a clean Airflow and run it there
	@scripts/wheel_check.sh

clean: ## Remove what the other targets made
	rm -rf $(VENV) .airflow .bench build dist .coverage htmlcov .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
