# Everything runs in .venv, made from hash-locked files. `make` alone lists the targets.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PIP := $(PY) -m pip --disable-pip-version-check install --quiet
UV_VERSION := 0.13.9
COMPILE := build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes
SCRATCH := build/check
CHECKED := CCM_DEMO=true CCM_DATABASE_URL=sqlite:///$(SCRATCH)/ccm.sqlite $(VENV)/bin/ccm-fhir
MUTATE_WORKERS ?= 2
SHARE ?= 1
SAMPLE ?=
ALL_MUTANTS = $(foreach module,$(patsubst %/,%,$(MODULE:.py=)),'$(subst /,.,$(module)).*')

MUTANTS = $(if $(SAMPLE),$$($(PY) -m tests.mutation_sample $(SAMPLE)),$(ALL_MUTANTS))
MUTMUT = $(PY) -m mutmut run --max-children $(MUTATE_WORKERS)

.DEFAULT_GOAL := help
.PHONY: help install demo test coverage check conformance sbom vulnerabilities screenshots bench faults mutate golden lock clean

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

install: $(STAMP)  ## Make .venv from the hash-locked files (again only when those change)

$(STAMP): requirements/dev.lock requirements/build.lock pyproject.toml build_hook.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'Python 3.11 or newer is needed: make install PYTHON=python3.12'; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/dev.lock
	$(PIP) --require-hashes --no-deps -r requirements/build.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

demo: install  ## Start a sandbox EHR and the app on loopback, until Ctrl-C
	$(VENV)/bin/ccm-fhir demo

test: install  ## Run the whole suite; what cannot run here is counted
	$(PY) -m pytest

coverage: install  ## Fail where a branch of the domain is not tried by its own tests
	$(PY) -m pytest -q tests/domain tests/golden tests/conformance tests/rulebook tests/x12 \
		--cov=ccm_fhir/domain --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

check: install  ## Format, lint, types, layers, migrations, rules
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	@rm -rf $(SCRATCH) && mkdir -p $(SCRATCH)
	$(CHECKED) migrate
	$(CHECKED) migrate --check
	$(CHECKED) rules check

conformance: install  ## Run the tests that prove a numbered requirement, write docs/conformance.md
	$(PY) -m tests.conformance_register

sbom: install  ## List the locked packages as CycloneDX in build/sbom.cdx.json
	$(PY) -m tests.supply_chain sbom

vulnerabilities: install  ## Look every locked package up; exit 3 where it could not be looked up
	$(PY) -m tests.supply_chain vulnerabilities

screenshots: install  ## Take docs/screenshots again from a demo (needs chromium)
	$(PY) -m tests.browser.screenshots

bench: install  ## Run the benchmarks
	$(PY) -m tests.benchmarks.bench_decide
	$(PY) -m tests.benchmarks.bench_chart
	$(PY) -m tests.benchmarks.bench_classify
	$(PY) -m tests.benchmarks.bench_cds
	$(PY) -m tests.benchmarks.bench_ledger
	$(PY) -m tests.benchmarks.bench_close
	$(PY) -m tests.benchmarks.bench_deliveries
	$(PY) -m tests.benchmarks.bench_sweep

faults: install  ## Run the fault matrix with full figures, write docs/faults.md (SHARE=0.1 is less)
	$(PY) -m tests.faults --share $(SHARE)

mutate: install  ## Run mutation tests on the domain, on MODULE=ccm_fhir/domain/decision, or a SAMPLE=2000
	rm -rf mutants
	$(if $(SAMPLE),$(MUTMUT) 'ccm_fhir.domain.mbi.*' >mutate.log 2>&1)
	$(MUTMUT) $(MUTANTS) >mutate.log 2>&1 || { tail -n 40 mutate.log; exit 1; }
	@$(PY) -m mutmut results
	@$(PY) -m tests.mutation_score $(if $(SAMPLE),--sample)

golden: install  ## Rewrite the golden files; read the diff line by line
	$(PY) -m pytest tests/golden tests/fhir/test_planning.py --rewrite-golden
	git --no-pager diff --stat -- tests/golden

lock:  ## Resolve the dependencies again and rewrite requirements/*.lock
	@test -x build/lock/bin/uv || { $(PYTHON) -m venv build/lock \
	    && build/lock/bin/pip --disable-pip-version-check install --quiet uv==$(UV_VERSION); }
	$(COMPILE) --extra dev pyproject.toml -o requirements/dev.lock
	$(COMPILE) --extra postgres --extra pdf --extra parquet pyproject.toml -o requirements/app.lock
	$(COMPILE) --extra sandbox --constraint requirements/dev.lock pyproject.toml \
	    -o requirements/sandbox.lock
	$(COMPILE) --no-emit-package django --no-emit-package asgiref --no-emit-package sqlparse \
	    --no-emit-package tzdata requirements/build.in -o requirements/build.lock

clean:  ## Remove .venv, caches and build products
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	    .hypothesis mutants mutate.log test-artifacts smart_app/static/vendor tests/validators/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
