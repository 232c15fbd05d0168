# Every target sets up what it needs; `make` prints the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo policy-report detect records faults soak bench bench-report discover subscribe clusters replay sbom vulnerabilities \
  reproducible listener build scan check format test requirements clean

export SAM_CLI_TELEMETRY := 0
export PATH := $(CURDIR)/.venv/bin:$(PATH)
python := .venv/bin/python

help:  ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make the environments .venv and .venv-ministack (the other targets do it too)
	@tools/setup .venv requirements/dev.txt
	@tools/setup .venv-ministack requirements/ministack.txt

demo: setup  ## real log lines through a deployed stack into a listener; DESTINATION=splunk_hec for another
	@$(python) -m tools.demo $(DESTINATION)

policy-report: setup  ## what an audit policy would keep, trim and drop: LINES=file POLICY=name, else quiet on example lines
	@PYTHONPATH=functions $(python) -m tools.policy_report $(or $(LINES),events/lines/audit.log) $(or $(POLICY),quiet)

detect: setup  ## what the detection rules find: LINES=file, else in example lines; ARGS="--help" for more
	@PYTHONPATH=functions $(python) -m tools.detect $(or $(LINES),events/lines/audit.log) $(ARGS)

records: setup  ## write docs/records.md anew: a record of every log type in every format
	@PYTHONPATH=functions $(python) -m tools.show_records

faults: setup  ## every fault of a collector, and what becomes of the events; writes docs/faults.md; ARGS="--destination all"
	@PYTHONPATH=functions $(python) -m tools.faults --write $(ARGS)

soak: setup  ## minutes of load on a collector that fails a third of the time; ARGS="--seconds 60" for less
	@PYTHONPATH=functions $(python) -m tools.soak $(ARGS)

bench: setup  ## ours against what people use and against the limit, in minutes
	@PYTHONPATH=functions $(python) -m benchmarks $(ARGS)

bench-report: setup  ## all figures and plots: writes docs/performance.md
	@PYTHONPATH=functions $(python) -m benchmarks --report $(ARGS)

discover: setup  ## what a cluster has and lacks, and a section for samconfig.toml: CLUSTER=name LISTENER=host:port
	@$(python) -m tools.discover $(CLUSTER) $(if $(LISTENER),--listener $(LISTENER)) $(ARGS)

subscribe: setup  ## one more cluster for the deployed forwarder: CLUSTER=name
	@$(python) -m tools.subscribe $(CLUSTER) $(ARGS)

clusters: setup  ## every EKS cluster of the region, its logging and its subscription
	@$(python) -m tools.clusters $(ARGS)

replay: setup  ## send lines that CloudWatch still has again: CLUSTER=name START=2026-01-31T10:00 END=…
	@$(python) -m tools.replay $(CLUSTER) $(START) $(END) $(ARGS)

sbom: setup  ## what the package is made of, as CycloneDX: build/sbom.cdx.json
	@tools/setup .venv-supply requirements/supply.txt
	@$(python) -m tools.sbom

vulnerabilities: setup  ## known vulnerabilities of the pinned packages (asks osv.dev)
	@tools/setup .venv-supply requirements/supply.txt
	@$(python) -m tools.audit $(ARGS)

reproducible: setup  ## two builds in two environments, and whether they are the same
	@$(python) -m tools.check_reproducible

listener: setup  ## a local log listener that speaks XPLG's endpoint; ARGS="--help" for its options
	@$(python) -m tools.listener $(ARGS)

build: setup  ## sam build, and a check of what it built
	@sam build
	@$(python) -m tools.check_build .aws-sam/build

scan: setup  ## the policy scanner checkov over the stacks that the templates make
	@tools/setup .venv-scan requirements/scan.txt
	@$(python) -m tools.scan

check: setup  ## format, lint, types, spelling, template
	@ruff format --check .
	@ruff check .
	@mypy
	@codespell
	@sam validate --lint
	@cfn-lint subscription.yaml

format: setup  ## write the files as the formatter wants them
	@ruff format .
	@ruff check --fix .

test: check  ## check, and all the tests
	@tools/setup .venv-supply requirements/supply.txt
	@$(python) -m pytest --cov

requirements: setup  ## pin the newest versions that requirements/*.in allow, with hashes
	@for name in functions dev ministack scan supply uv; do \
	  case $$name in functions) out=functions/requirements.txt ;; *) out=requirements/$$name.txt ;; esac; \
	  case $$name in uv) version=3.9 ;; *) version=$$(cat .python-version) ;; esac; \
	  uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	    --custom-compile-command 'make requirements' --python-version $$version requirements/$$name.in -o $$out; \
	done

clean:  ## remove environments, builds and caches
	@rm -rf .venv .venv-ministack .venv-scan .venv-supply .venv-functions .venv-uv .aws-sam build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
