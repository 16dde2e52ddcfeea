# The two commands: `make repro` and `make test`. Everything is set up on the way.
.DEFAULT_GOAL := help
.PHONY: help setup repro test check bench verify verify-all lock compile clean distclean
SHELL := bash
PYTHON ?= python3.11
PYTHON := $(shell command -v $(PYTHON) || command -v python3)
BIN := .venv/bin
# A local folder of wheels, where one is named, holds PyTorch's CPU build.
LINKS := $(if $(PIP_FIND_LINKS),--find-links "$(PIP_FIND_LINKS)")
UV := $(BIN)/uv pip install --quiet --no-deps --require-hashes --python $(BIN)/python $(LINKS)

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

repro: $(BIN)/.harness  ## rerun everything of the smoke profile and judge every claim
	@$(BIN)/harness repro

test: $(BIN)/.dev  ## run all tests
	@$(BIN)/harness env harness torch tvm tensorflow mxnet > /dev/null
	@$(BIN)/python -m pytest tests -n auto --dist loadfile --no-loadscope-reorder

verify: $(BIN)/.harness  ## read every byte again; then make everything anew elsewhere, under all variations at once
	@$(BIN)/harness verify --jobs 2
	@$(BIN)/harness verify --rerun

verify-all: $(BIN)/.dev  ## the whole matrix: every variation, all faults and attacks, the evidence of other CPUs
	@$(BIN)/harness env harness torch tensorflow mxnet > /dev/null
	@$(BIN)/harness verify --jobs 2
	@$(BIN)/python -m harness.rerun.matrix
	@$(BIN)/harness verify --rerun --vary cpu --check
	@FAULT_POINTS=200 FUZZ_EXAMPLES=400 $(BIN)/python -m pytest tests/faults tests/hostile tests/verification tests/rerun -n auto --dist loadfile
	@cat .harness/tests/faults.md

check: $(BIN)/.dev  ## lint, types, stale files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/harness validate
	@$(BIN)/harness compile --check
	@$(BIN)/harness schema --check
	@$(BIN)/python -m harness.documents --check
	@$(BIN)/hadolint Dockerfile

bench: $(BIN)/.dev  ## measure the speeds that the project promises, as ratios
	@$(BIN)/harness env harness torch tensorflow mxnet > /dev/null
	@$(BIN)/python -m pytest benchmarks --benchmark-columns=min,median,rounds

setup: $(BIN)/.dev  ## install the harness and its tools into .venv

$(BIN)/.uv: environments/uv.txt
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r environments/uv.txt
	@touch $@

# Installing compiles the kernel, where there is a compiler.
KERNEL := $(wildcard reproductions/ensemble_kd/serving/*.[ch])

$(BIN)/.harness: environments/harness.txt pyproject.toml $(KERNEL) $(BIN)/.uv
	@$(UV) -r environments/harness.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@touch $@

$(BIN)/.dev: environments/dev.txt $(BIN)/.harness
	@$(UV) -r environments/dev.txt
	@touch $@

compile: $(BIN)/.harness  ## write params.yaml, dvc.yaml and plan/ from the specs
	@$(BIN)/harness compile
	@$(BIN)/harness schema
	@$(BIN)/python -m harness.documents

lock: $(BIN)/.uv  ## resolve the environments anew
	@cd environments && for name in uv harness dev pytest torch tvm tensorflow mxnet; do \
	  UV_CUSTOM_COMPILE_COMMAND="make lock" ../$(BIN)/uv pip compile $$name.in -o $$name.txt \
	    --quiet --generate-hashes --python-version 3.11 --no-emit-find-links --no-annotate $(LINKS) || exit 1; done
	@cd environments && UV_CUSTOM_COMPILE_COMMAND="make lock" ../$(BIN)/uv pip compile tvm-aarch64.in -o tvm-aarch64.txt \
	  --quiet --generate-hashes --python-version 3.11 --no-emit-find-links --no-annotate $(LINKS) \
	  --python-platform aarch64-manylinux_2_28

clean:  ## remove what runs leave behind, but no environment and no download
	@rm -rf artifacts data .harness/scratch .harness/failures .harness/logs .harness/compiled
	@rm -rf .mypy_cache .ruff_cache .hypothesis .benchmarks

distclean: clean  ## remove everything that git does not keep
	@rm -rf .venv .harness .dvc/cache .dvc/tmp
