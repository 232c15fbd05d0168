# Every target installs what it needs. `make` prints the targets: `##` marks those for users, `#:` the others.
.DEFAULT_GOAL := help
.PHONY: help setup demo policy-report detect records faults soak bench bench-report discover subscribe clusters replay sbom vulnerabilities \
  reproducible listener build scan check format test requirements clean

export SAM_CLI_TELEMETRY := 0
export PATH := $(CURDIR)/.venv/bin:$(PATH)
python := .venv/bin/python

help:  #: print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "for developers:"
	@awk -F ':.*#: ' '/^[a-z-]+:.*#: / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  #: create the environments .venv and .venv-ministack (other targets do this too)
	@tools/setup .venv requirements/dev.txt
	@tools/setup .venv-ministack requirements/ministack.txt

demo: setup  ## send real log lines through a deployed stack on this machine; DESTINATION=splunk_hec for another
	@$(python) -m tools.demo $(DESTINATION)

policy-report: setup  ## what an audit policy keeps, trims and drops: LINES=file POLICY=name
	@$(python) -m tools.policy_report $(or $(LINES),events/lines/audit.log) $(or $(POLICY),quiet)

detect: setup  ## try the detection rules: LINES=file; ARGS="--help" for options
	@$(python) -m tools.detect $(or $(LINES),events/lines/audit.log) $(ARGS)

records: setup  #: write docs/records.md again: a record of every log type in every format
	@$(python) -m tools.show_records

faults: setup  #: try every fault of every collector; writes docs/faults.md
	@$(python) -m tools.faults $(ARGS)

soak: setup  #: minutes of load on a collector that fails a third of the time; ARGS="--seconds 60" for less
	@$(python) -m tools.soak $(ARGS)

bench: setup  #: compare the speed with a common function and with the limit; takes minutes
	@$(python) -m benchmarks $(ARGS)

bench-report: setup  #: measure all figures and plots; writes docs/performance.md
	@$(python) -m benchmarks --report $(ARGS)

discover: setup  ## find what a cluster has and lacks, for samconfig.toml: CLUSTER=name LISTENER=host:port
	@$(python) -m tools.discover $(CLUSTER) $(if $(LISTENER),--listener $(LISTENER)) $(ARGS)

subscribe: setup  ## subscribe the deployed forwarder to another cluster: CLUSTER=name
	@$(python) -m tools.subscribe $(CLUSTER) $(ARGS)

clusters: setup  ## list the EKS clusters of the region, their logging and subscriptions
	@$(python) -m tools.clusters $(ARGS)

replay: setup  ## send lines that CloudWatch still has again: CLUSTER=name START=2026-01-31T10:00 END=…
	@$(python) -m tools.replay $(CLUSTER) $(START) $(END) $(ARGS)

sbom: setup  #: list the components of the package in CycloneDX: build/sbom.cdx.json
	@$(python) -m tools.sbom

vulnerabilities: setup  #: look up known vulnerabilities of the pinned packages (asks osv.dev)
	@$(python) -m tools.vulnerabilities $(ARGS)

reproducible: setup  #: build twice in two environments and compare the results
	@$(python) -m tools.check_reproducible

listener: setup  ## run a local log listener with XPLG's endpoint; ARGS="--help" for options
	@$(python) -m tools.listener $(ARGS)

build: setup  #: run sam build and check the result
	@sam build
	@$(python) -m tools.check_build .aws-sam/build

scan: setup  #: scan the stacks of the templates with checkov
	@tools/setup .venv-scan requirements/scan.txt
	@$(python) -m tools.scan

check: setup  #: check format, lint, types, spelling and template
	@ruff format --check .
	@ruff check .
	@mypy
	@codespell
	@sam validate --lint
	@cfn-lint subscription.yaml

format: setup  #: format the files
	@ruff format .
	@ruff check --fix .

test: check  #: run check and all tests
	@$(python) -m pytest --cov

requirements: setup  #: pin the newest versions that requirements/*.in allow, with hashes
	@pin() { uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command 'make requirements' "$$@"; }; \
	set -e; version=$$(cat .python-version); package=functions/requirements-package.txt; all=functions/requirements.txt; \
	pin --python-version $$version requirements/package.in -o $$package; \
	pin --python-version $$version -c $$package $$(sed -n 's/==.*//; s/^[a-z0-9]/--no-emit-package=&/p' $$package) \
	  requirements/functions.in | sed '/^# The following packages/,$$d; 2a -r requirements-package.txt' >$$all.new; \
	mv $$all.new $$all; \
	for name in dev ministack scan supply uv; do \
	  case $$name in uv) pin --python-version 3.9 requirements/uv.in -o requirements/uv.txt ;; \
	    *) pin --python-version $$version requirements/$$name.in -o requirements/$$name.txt ;; esac; \
	done

clean:  #: remove environments, builds and caches
	@rm -rf .venv .venv-ministack .venv-scan .venv-supply .venv-functions .venv-uv .aws-sam build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
