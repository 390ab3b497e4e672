# Everything is done in a virtual environment under this folder; the machine
# needs only Python, make and git. `make help` lists the targets.

PYTHON ?= python3
# The OpenStack release whose constraints are installed.
RELEASE ?= 2026.2
VENV ?= .venv
# Where `make demo-up` lets Placement listen; 8778 is Placement's own port.
PORT ?= 8778
SOURCE ?= examples/spec.yaml
PYTEST_ARGS ?=

BIN := $(VENV)/bin
INPUTS := setup.cfg requirements.txt constraints/$(RELEASE).txt
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
      --constraint constraints/$(RELEASE).txt
# Runs with nova 28 only; the tests ask its own functions.
DRIVER_2023.2 := compute-hyperv==16.0.0
NOVA_TESTS = $(wildcard tests/nova/test_*.py)
BENCHMARKS := reconcile select_destinations adopt scarcity live_migration audit \
    winrm agent_idle agent_day status scheduler_memory placement_quality \
    scheduling disk_group upkeep shares

# nova and openstack-placement say which Python a release runs on.
# hv_sched itself needs 3.10.
RELEASES := $(patsubst constraints/%.txt,%,$(wildcard constraints/2*.txt))
PYTHON_2023.1 := 3, 10
PYTHON_2023.2 := 3, 10
PYTHON_2024.1 := 3, 10
PYTHON_2024.2 := 3, 10
PYTHON_2025.1 := 3, 10
PYTHON_2025.2 := 3, 10
PYTHON_2026.1 := 3, 10
PYTHON_2026.2 := 3, 11
BEFORE_2023.1 := 3, 12
BEFORE_2023.2 := 3, 12
BEFORE_2024.1 := 3, 12
BEFORE_2024.2 := 3, 12
BEFORE_2025.1 := 3, 13
BEFORE_2025.2 := 3, 13
BEFORE_2026.1 := 3, 13
BEFORE_2026.2 := 4, 0

.PHONY: help demo demo-up demo-down cloud cloud-down cloud-test \
        cloud-storm cloud-mixed cloud-ansible test \
        test-wide test-faults test-long glance lint test-RELEASE matrix installs \
        $(RELEASES:%=test-%) container test-lowest test-placement-upgrade docs \
        sample-config bench dist product sbom licences audit clean

help:  ## this list
	@grep -hE '^[a-zA-Z0-9.-]+:.*## ' $(MAKEFILE_LIST) \
	    | sed 's/:.*## /\t/' | expand -t 16

# One virtual environment grows with what is asked of it: the demo must not
# wait for Nova, and the tests add to what the demo installed.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
	    sys.exit(0 if ($(PYTHON_$(RELEASE))) <= v < ($(BEFORE_$(RELEASE))) \
	    else f"{sys.executable} is Python {v[0]}.{v[1]}, but OpenStack " \
	    "$(RELEASE) needs at least ($(PYTHON_$(RELEASE))) and less than " \
	    "($(BEFORE_$(RELEASE))): make PYTHON=/path/to/python ...")'
	@echo "== creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.demo: $(INPUTS) | $(BIN)/python
	@echo "== installing hv_sched and openstack-placement ($(RELEASE))"
	@$(PIP) 'setuptools<81' --editable '.[demo]'
	@touch $@

$(VENV)/.test: $(INPUTS) | $(VENV)/.demo
	@echo "== installing nova and the test tools ($(RELEASE)," \
	    "some minutes the first time)"
	@$(PIP) 'setuptools<81' \
	    --editable '.[scheduler,demo,test]' $(DRIVER_$(RELEASE))
	@touch $@

$(VENV)/.lint: $(INPUTS) | $(VENV)/.test
	@echo "== installing ruff, mypy, import-linter"
	@$(PIP) 'setuptools<81' --editable '.[lint]'
	@touch $@

$(VENV)/.docs: $(INPUTS) | $(VENV)/.demo
	@echo "== installing Sphinx and reno"
	@$(PIP) 'setuptools<81' --editable '.[docs]'
	@touch $@

demo: $(VENV)/.demo  ## one volume counted once, on a real Placement
	@$(BIN)/python -m hv_sched.demo run --source $(SOURCE)

demo-up: $(VENV)/.demo  ## leave that Placement running (PORT=8778)
	@$(BIN)/python -m hv_sched.demo up --source $(SOURCE) --port $(PORT)

demo-down: $(VENV)/.demo  ## stop it
	@$(BIN)/python -m hv_sched.demo down

# In .cloud, with a virtual environment of its own.
cloud:  ## a real OpenStack on loopback with hv_sched (CLOUD_ARGS=--stock)
	@$(PYTHON) -m tests.cloud up $(CLOUD_ARGS)

cloud-down:  ## stop it (CLOUD_ARGS=--purge: forget its databases, too)
	@$(PYTHON) -m tests.cloud down $(CLOUD_ARGS)

cloud-test:  ## acceptance tests on another one, in .cloud-test
	@$(PYTHON) -m tests.cloud --folder .cloud-test test

# A short one: make cloud-storm STORM_ARGS='--events 60 --kills 3'
# It installs ansible-core and kolla, and takes the wheel of dist/.
ANSIBLE := .venv-ansible
$(ANSIBLE)/.ansible:
	@$(PYTHON) -m venv $(ANSIBLE)
	@$(ANSIBLE)/bin/python -m pip install --quiet \
	    --disable-pip-version-check 'ansible-core>=2.19,<2.21' ansible-lint \
	    kolla kolla-ansible docker
	@touch $@

cloud-ansible: $(ANSIBLE)/.ansible dist  ## the Ansible role on another one
	@$(ANSIBLE)/bin/ansible-lint --offline -q contrib/ansible
	@$(PYTHON) -m tests.ansible.run $(ANSIBLE)/bin

cloud-storm:  ## 500 events, 20 kills of the agent, on one in .cloud-storm
	@$(PYTHON) -m tests.storm $(STORM_ARGS)

# The commit of 0.1.0: a clone may lack its tag.
EARLIER := 72cb408
# MIXED_ARGS='--minutes 5' is a short one.
cloud-mixed:  ## an hour of 0.1.0 beside the checkout, in .cloud-mixed
	@$(PYTHON) -m tests.storm --folder .cloud-mixed --earlier $(EARLIER) \
	    --minutes 60 --events 400 --kills 40 $(MIXED_ARGS)

# Some of them wait for processes they start: three keep two processors busy.
test: $(VENV)/.test  ## unit, functional (with gabbits) and Nova suites
	@echo "== unit and functional tests ($(RELEASE))"
	@$(BIN)/python -m pytest -q -n 3 tests/unit tests/functional tests/chaos \
	    tests/fuzz $(PYTEST_ARGS)
ifneq ($(NOVA_TESTS),)
	@echo "== tests inside a real Nova ($(RELEASE))"
# Not with xdist: Nova's harness may replace the threads its workers talk by.
# It waits much: three at a time keep two processors busy.
# 5 is pytest's word for a file all of whose tests are long ones.
	@printf '%s\n' $(NOVA_TESTS) | xargs -P 3 -I{} \
	    sh -c '$(BIN)/python -m pytest -q $(PYTEST_ARGS) {} || [ $$? -eq 5 ]'
endif

# What `make test` has no time for: more of the same kind.
WIDE := wide and not faults and not long
test-wide: $(VENV)/.test  ## the rest of the suites; .ci/run runs it, too
	@echo "== the wider unit and functional tests ($(RELEASE))"
	@$(BIN)/python -m pytest -q -n 3 -m '$(WIDE)' tests/unit tests/functional \
	    tests/chaos tests/fuzz $(PYTEST_ARGS)
	@echo "== the wider tests inside a real Nova ($(RELEASE))"
	@grep -l 'mark\.wide' tests/nova/test_*.py | xargs -P 3 -I{} \
	    sh -c '$(BIN)/python -m pytest -q -m "$(WIDE)" $(PYTEST_ARGS) {} \
	    || [ $$? -eq 5 ]'

# The kill suites, and the fault injector over its whole space. For the page of
# it: HV_SCHED_FAULTS_RECORD=doc/faults.json make test-faults
FAULT_SUITES ?= tests/functional tests/chaos
test-faults: $(VENV)/.test  ## killed at every write, each fault at each call
	@$(BIN)/python -m pytest -q -n 3 -m faults $(FAULT_SUITES) \
	    $(PYTEST_ARGS)

# A Glance of its own: what it needs is not what nova and the tests need.
GLANCE := .venv-glance
glance: $(GLANCE)/.glance  ## a real Glance for test-long, in .venv-glance

$(GLANCE)/.glance: constraints/$(RELEASE).txt
	@echo "== installing glance ($(RELEASE)) in $(GLANCE)"
	@$(PYTHON) -m venv $(GLANCE)
	@$(GLANCE)/bin/python -m pip install --quiet \
	    --disable-pip-version-check \
	    --constraint constraints/$(RELEASE).txt 'setuptools<81' glance
	@touch $@

test-long: $(VENV)/.test glance  ## storms, random examples, a real Glance
	@grep -l 'mark\.long' tests/functional/test_*.py tests/nova/test_*.py \
	    tests/fuzz/test_*.py tests/unit/providers/test_*.py \
	    | xargs -P 2 -n 1 $(BIN)/python -m pytest -q -m long $(PYTEST_ARGS)

lint: $(VENV)/.lint  ## ruff, mypy, import-linter, names
	@$(BIN)/ruff check hv_sched tests benchmarks doc tools
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/vague_names.py --at-most 1
	@$(BIN)/python tools/class_names.py

test-RELEASE:  ## the suites of `make test` on it: make test-2023.2
	@echo "one of: $(RELEASES:%=test-%)"

$(RELEASES:%=test-%): test-%:
	@$(MAKE) --no-print-directory test RELEASE=$* VENV=.venv-$*

installs: dist  ## each way to install, timed, into doc/installs.json
	@$(PYTHON) -m tests.installs.run

# Without a registry: CONTAINER_ARGS='--build-arg PYTHON=VERSION-OF-AN-IMAGE'.
container: $(VENV)/.demo  ## build the agent's image, and use it
	@$(BIN)/python -m tests.installs.container $(CONTAINER_ARGS)

# MATRIX_ARGS='--release 2024.1 test_create': that file on that release.
matrix:  ## tests/nova on the releases, file by file, into doc/matrix.json
	@$(PYTHON) -m tests.matrix.run $(MATRIX_ARGS)

# Exactly the lower bounds of requirements.txt and setup.cfg; what others
# require is of OpenStack 2023.1, the oldest release.
LOWEST := .venv-lowest
$(LOWEST)/.test: $(INPUTS) constraints/lowest.txt setup.py pyproject.toml
	@echo "== installing the lowest versions in $(LOWEST)"
	@$(PYTHON) -m venv $(LOWEST)
	@$(LOWEST)/bin/python -m pip install --quiet \
	    --disable-pip-version-check 'pbr==5.8.0' 'setuptools==64.0.0' wheel
	@$(LOWEST)/bin/python -m pip install --quiet \
	    --disable-pip-version-check --constraint constraints/lowest.txt \
	    '.[scheduler,demo,test]'
	@$(LOWEST)/bin/python -m pip install --quiet \
	    --disable-pip-version-check --no-build-isolation --no-deps \
	    --force-reinstall .
	@touch $@

test-lowest: $(LOWEST)/.test  ## unit and functional tests, lowest versions
	@$(LOWEST)/bin/python -m pytest -q -n 2 tests/unit tests/functional \
	    tests/chaos tests/fuzz $(PYTEST_ARGS)

# Placement 9 alone, to be upgraded from.
OLD_PLACEMENT := .venv-placement
$(OLD_PLACEMENT)/.placement: constraints/2023.1.txt
	@echo "== installing openstack-placement (2023.1) in $(OLD_PLACEMENT)"
	@$(PYTHON) -m venv $(OLD_PLACEMENT)
	@$(OLD_PLACEMENT)/bin/python -m pip install --quiet \
	    --disable-pip-version-check --constraint constraints/2023.1.txt \
	    openstack-placement PyMySQL waitress 'setuptools<81'
	@touch $@

test-placement-upgrade: $(VENV)/.test $(OLD_PLACEMENT)/.placement  ## under an agent
	@$(BIN)/python -m pytest -q -m long \
	    tests/functional/test_placement_upgrade.py $(PYTEST_ARGS)

docs: $(VENV)/.docs  ## the documentation, doc/build/html
	@$(BIN)/reno -q lint .
	@$(BIN)/python -m sphinx -W -q -b html doc/source doc/build/html
	@echo "doc/build/html/index.html"

sample-config: $(VENV)/.demo  ## write examples/*.conf.sample anew
	@$(BIN)/oslo-config-generator --namespace hv_sched --wrap-width 79 \
	    --output-file examples/hv_sched.conf.sample
	@$(BIN)/oslo-config-generator --namespace hv_sched.agent --wrap-width 79 \
	    --output-file examples/keystone.conf.sample

dist: $(VENV)/.demo  ## the wheel and the source tarball, in dist/
# setuptools would put what build/ has from before into the wheel.
	@rm -rf dist build
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check \
	    --no-deps --wheel-dir dist .
	@$(BIN)/python -W ignore setup.py --quiet sdist --dist-dir dist
	@rm -rf build
	@ls dist/*

# What an operator installs, alone: the wheel with the extras of a service.
PRODUCT := .venv-product
AUDIT := .venv-audit
PRODUCT_PYTHON = $(PRODUCT)/bin/python
product: dist
	@echo "== installing the wheel in $(PRODUCT)"
	@rm -rf $(PRODUCT)
	@$(PYTHON) -m venv $(PRODUCT)
	@$(PRODUCT_PYTHON) -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints/$(RELEASE).txt packaging \
	    "$$(ls dist/*.whl)[agent,status,winrm]"

$(AUDIT)/.audit:
	@echo "== installing cyclonedx-bom and pip-audit in $(AUDIT)"
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet \
	    --disable-pip-version-check 'cyclonedx-bom>=7,<8' 'pip-audit>=2.9,<3'
	@touch $@

sbom: product $(AUDIT)/.audit  ## dist/hv_sched.cdx.json (CycloneDX)
	@$(AUDIT)/bin/cyclonedx-py environment --output-reproducible \
	    --output-format JSON --output-file dist/hv_sched.cdx.json \
	    $(PRODUCT_PYTHON)
	@ls dist/*.cdx.json

licences: product  ## of what the wheel requires, against tools/licences.txt
	@$(PRODUCT_PYTHON) tools/licences.py

# --strict: where the advisories cannot be asked, that is no "none found".
# hv_sched itself is on no index that has any.
audit: product $(AUDIT)/.audit  ## known vulnerabilities (needs a network)
	@$(PRODUCT_PYTHON) -m pip freeze --disable-pip-version-check \
	    --exclude hv_sched > dist/dependencies.txt
	@$(AUDIT)/bin/pip-audit --strict --progress-spinner off --disable-pip \
	    --no-deps --requirement dist/dependencies.txt

bench: $(VENV)/.test  ## measured figures of benchmarks/
	@for each in $(BENCHMARKS); do \
	    echo "== $$each"; \
	    $(BIN)/python -W ignore -m benchmarks.$$each || exit 1; done

clean:  ## remove everything made here
	@if [ -x $(BIN)/python ] && [ -d .demo ]; then \
	    $(BIN)/python -m hv_sched.demo down; fi
	@$(PYTHON) -m tests.cloud down
	@$(PYTHON) -m tests.cloud --folder .cloud-test down
	@$(PYTHON) -m tests.cloud --folder .cloud-storm down
	@$(PYTHON) -m tests.cloud --folder .cloud-mixed down
	@$(PYTHON) -m tests.cloud --folder .cloud-ansible down
	rm -rf .cloud .cloud-test .cloud-storm .cloud-mixed .cloud-ansible dist .venv $(RELEASES:%=.venv-%) \
	    .venv-lowest $(OLD_PLACEMENT) $(PRODUCT) $(AUDIT) .venv-glance \
	    $(ANSIBLE) .demo doc/build .pytest_cache .mypy_cache \
	    .ruff_cache .import_linter_cache .grimp_cache .hypothesis
