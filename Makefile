# `make generate` and `make test` need Python 3.11 or newer and make, and set up all the rest.
PYTHON ?= python3
ARGS ?=
UNIT := -m "not slow and not whole_run and not consumer" $(addprefix --ignore tests/,end_to_end browser notebooks recipes)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TRAIN_BIN := $(VENV)-train/bin
TRAIN_READY := $(VENV)-train/.ready

export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: generate test unit proofs train-proof consumers check coverage bench viz viz-build mlflow screenshots format

generate: $(READY)  ## plan, generate, check, report, export; options in ARGS
	$(BIN)/kedro run --pipelines generate $(ARGS)

test: check  ## everything that must pass
	$(BIN)/python -m pytest

unit: $(READY)  ## the tests that start no run, browser or notebook, in one to two minutes
	$(BIN)/python -m pytest $(UNIT) --hypothesis-profile quick

train-proof: $(TRAIN_READY)  ## whether exported rows train a model; makes .venv-train, some GB (torch)
	$(TRAIN_BIN)/python -m pytest -n 0 -m "slow or not slow" tests/pipelines/evaluate tests/end_to_end/test_training_proof.py

consumers: $(READY)  ## the exports in the programs that read them, or in one: ONE=polars; environments in ~/.cache, some GB (torch)
	$(BIN)/python -m pytest -n 0 -m consumer tests/consumers$(if $(ONE),/test_$(ONE).py)

proofs: $(READY)  ## the slow tests, which `make test` leaves out, and properties tried on more examples
	$(BIN)/python -m pytest -m slow && $(BIN)/python -m pytest $(UNIT) --hypothesis-profile thorough

check: $(READY)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

coverage: $(READY)  ## the tests with branch coverage, child processes included
	$(BIN)/coverage erase && $(BIN)/coverage run -m pytest -m "not consumer" && $(BIN)/coverage combine -q && $(BIN)/coverage report

bench: $(READY)  ## how fast, against what a user would write by hand; about 10 minutes, on a quiet machine
	$(BIN)/python -m pip install --quiet --editable ".[bench]" --constraint constraints.txt && $(BIN)/python -m benchmarks

viz: $(READY)  ## the pipeline in the browser; options of `kedro viz run` in ARGS, such as --port 4142
	$(BIN)/python -m synthetic_textcat.viz_server $(ARGS)

viz-build: $(READY)  ## the same as a folder, build/, for any web server, with previews; it asks no other host for anything
	rm -rf build && $(BIN)/kedro viz build --include-previews && $(BIN)/python -m synthetic_textcat.viz_folder build

mlflow: $(READY)  ## the runs in the browser, at 127.0.0.1:5000; options of `mlflow ui` in ARGS, such as --port 5001
	@case "$$MLFLOW_TRACKING_URI" in \
	http*) echo "MLFLOW_TRACKING_URI is an MLflow server: open its address in the browser" ;; \
	*) MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --workers 1 \
		--backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}" $(ARGS) ;; \
	esac

screenshots: $(READY)  ## docs/pictures anew, of real runs, in the system's Chromium; some minutes
	$(BIN)/python -m docs.pictures.make

format: $(READY)  ## fix what a tool can fix
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[viz,labels,publish,s3,dev]" --constraint constraints.txt
	touch $(READY)

$(TRAIN_READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-train
	$(TRAIN_BIN)/python -m pip install --quiet --editable ".[dev,train]" --constraint constraints.txt
	touch $(TRAIN_READY)
