# Every target installs what it needs. `make` prints the targets: `##` marks those for users, `#:` the others.
.DEFAULT_GOAL := help
.PHONY: help setup demo report records index-templates rules faults soak bench bench-report package deploy discover subscribe clusters verify reconcile replay remove redrive-from sbom vulnerabilities \
  reproducible listener build scan check format test requirements clean

MAKEFLAGS += --no-print-directory
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

report: setup  ## a page on who does what, and what it costs: LINES=files, or CLUSTER=name FROM=2026-01-31T10:00 TO=… [JSON=yes] [YES=yes]
	@$(python) -m tools.report $(if $(CLUSTER),--cluster $(CLUSTER) $(if $(FROM),--from "$(FROM)") $(if $(TO),--to "$(TO)"),\
	  $(or $(LINES),$(filter-out %/control-message.log,$(wildcard events/lines/*.log)))) \
	  $(if $(filter yes,$(YES)),--yes) $(if $(filter yes,$(JSON)),--json) $(if $(OUT),--out "$(OUT)") $(ARGS)

records: setup  #: write docs/records.md again: a record of every log type in every format
	@$(python) -m tools.show_records

index-templates: setup  #: apply the index templates to Elasticsearch or OpenSearch: URL=https://host:9200; PRINT=opensearch only prints
	@$(call needs,URL=https://host:9200,$(URL)$(PRINT))$(python) -m tools.index_templates $(if $(PRINT),--print "$(PRINT)") \
	  $(if $(RETENTION),--retention "$(RETENTION)") $(ARGS) $(if $(URL),"$(URL)")

rules: setup  #: write the table of docs/detections.md again, after a change to a shipped rule
	@$(python) -m tools.show_rules

faults: setup  #: try every fault of every collector; ARGS=--write writes docs/faults.md
	@$(python) -m tools.faults $(ARGS)

soak: setup  #: minutes of load on a collector that fails a third of the time; ARGS="--seconds 60" for less
	@$(python) -m tools.soak $(ARGS)

bench: setup  #: compare the speed with a common function and with the limit; takes minutes
	@$(python) -m benchmarks $(ARGS)

bench-report: setup  #: measure all figures and plots; writes docs/performance.md, cost.md and scale.md
	@$(python) -m benchmarks --report $(ARGS)

deploy: setup  ## deploy the forwarder of a cluster, and prove that it delivers: CLUSTER=name LISTENER=https://host:port
	@$(python) -m tools.deploy $(CLUSTER) $(if $(LISTENER),--listener "$(LISTENER)") \
	  $(if $(DESTINATION),--destination $(DESTINATION)) $(if $(ENVIRONMENT),--environment $(ENVIRONMENT)) \
	  $(if $(EMAIL),--email "$(EMAIL)") $(if $(SECRET_ARN),--secret-arn "$(SECRET_ARN)") \
	  $(if $(STACK),--stack $(STACK)) $(if $(SUBNETS),--subnets $(SUBNETS)) \
	  $(if $(SECURITY_GROUP),--security-group $(SECURITY_GROUP)) $(if $(filter yes,$(YES)),--yes) $(ARGS)

discover: setup  ## find what a cluster has and lacks, for samconfig.toml: CLUSTER=name LISTENER=host:port
	@$(python) -m tools.discover $(CLUSTER) $(if $(LISTENER),--listener "$(LISTENER)") $(ARGS)

# Ends a recipe that lacks what it needs, unless ARGS has it: $(call needs,CLUSTER=name,$(CLUSTER))
needs = $(if $(2)$(ARGS),,$(error make $@ needs $(1)))

subscribe: setup  ## subscribe the deployed forwarder to another cluster: CLUSTER=name [LOG_GROUP=name LOG_TYPE=autoModeCompute]
	@$(call needs,CLUSTER=name,$(CLUSTER)$(LOG_GROUP))$(python) -m tools.subscribe $(CLUSTER) $(if $(LOG_GROUP),--log-group "$(LOG_GROUP)") \
	  $(if $(LOG_TYPE),--log-type $(LOG_TYPE)) $(if $(STACK),--stack $(STACK)) $(ARGS)

clusters: setup  ## list the EKS clusters of the region, their logging and subscriptions
	@$(python) -m tools.clusters $(if $(STACK),--stack $(STACK)) $(ARGS)

verify: setup  ## prove that a deployed stack delivers: STACK=name; ALERT=yes sends a test alarm, too
	@$(python) -m tools.verify $(if $(STACK),--stack $(STACK)) $(if $(filter yes,$(ALERT)),--alert) $(ARGS)

reconcile: setup  ## prove that no event is missing: STACK=name FROM=2026-01-31T10:00 TO=…; JSON=yes for JSON
	@$(python) -m tools.reconcile $(if $(STACK),--stack $(STACK)) $(if $(FROM),--from "$(FROM)") \
	  $(if $(TO),--to "$(TO)") $(if $(filter yes,$(JSON)),--json) $(ARGS)

replay: setup  ## send lines that CloudWatch still has again: CLUSTER=name START=2026-01-31T10:00 END=… [LOG_GROUP=name] [DRY_RUN=yes] [SEEN=yes]
	@$(call needs,CLUSTER=name,$(CLUSTER))$(call needs,START=time,$(START))$(call needs,END=time,$(END))$(python) -m tools.replay $(CLUSTER) "$(START)" "$(END)" $(if $(LOG_GROUP),--log-group "$(LOG_GROUP)") $(if $(DRY_RUN),--dry-run) $(if $(filter yes,$(SEEN)),--seen) $(if $(STACK),--stack $(STACK)) $(ARGS)

remove: setup  ## delete a stack and what was created around it: STACK=name [QUEUES=yes] [SECRET=yes] [YES=yes]
	@$(call needs,STACK=name,$(STACK))$(python) -m tools.remove $(STACK) $(if $(filter yes,$(QUEUES)),--queues) $(if $(filter yes,$(SECRET)),--secret) $(if $(filter yes,$(YES)),--yes) $(ARGS)

redrive-from: setup  #: move the messages of a queue that outlived its stack to another stack: QUEUE=url STACK=name
	@$(call needs,QUEUE=url,$(QUEUE))$(call needs,STACK=name,$(STACK))$(python) -m tools.redrive_from "$(QUEUE)" --stack $(STACK) $(ARGS)

sbom: setup  #: list the components of the package in CycloneDX: build/sbom.cdx.json
	@$(python) -m tools.sbom

vulnerabilities: setup  #: look up known vulnerabilities of the pinned packages (asks osv.dev)
	@tools/setup .venv-supply requirements/supply.txt
	@for pinned in $(or $(PINNED),functions/requirements.txt $(sort $(wildcard requirements/*.txt))); do \
	  echo "$$pinned:"; .venv-supply/bin/pip-audit --requirement $$pinned --require-hashes --disable-pip --strict \
	    --vulnerability-service osv --progress-spinner off $(ARGS) || status=1; \
	done; exit $${status:-0}

reproducible: setup  #: build twice in two environments and compare the results
	@EMPTY_CACHE=1 $(python) -m pytest tests/integration/test_reproducible.py

listener: setup  #: run a local log listener with XPLG's endpoint; ARGS="--help" for options
	@$(python) -m tools.listener $(ARGS)

build: setup  #: run sam build and check the result
	@sam build
	@$(python) -m tools.check_build .aws-sam/build

package: setup  #: upload code and templates for a deployment without this repository: BUCKET=name
	@$(call needs,BUCKET=name,$(BUCKET))$(python) -m tools.package $(BUCKET) $(ARGS)

scan: setup  #: scan the stacks of the templates with checkov
	@tools/setup .venv-scan requirements/scan.txt
	@$(python) -m tools.scan

check: setup  #: check format, lint, types, spelling and template
	@ruff format --check .
	@ruff check .
	@mypy
	@codespell
	@sam validate --lint
	@cfn-lint central.yaml network.yaml subscription.yaml queries.yaml
	@$(python) -m tools.check_settings

format: setup  #: format the files
	@ruff format .
	@ruff check --fix .

# The emulated tests run one after the other: MiniStack waits only a moment for what a busy machine does late.
test: check  #: run check and all tests; ARGS=--cov measures coverage, too
	@$(python) -m pytest --numprocesses auto --dist worksteal --ignore tests/emulated $(ARGS)
	@$(python) -m pytest tests/emulated $(if $(findstring --cov,$(ARGS)),--cov-append) $(ARGS)

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
