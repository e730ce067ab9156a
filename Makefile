# LLMReady: `make run` starts everything on this machine, `make test` runs every test.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
STAGE ?= dev
TEST_PROCESSES ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
TOOLS := tools/node_modules/.bin

# Node and the CDK come from the virtual environment, so nothing needs to be installed beforehand.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup run test test-enforced fuzz check image pin-images audit format lock synth sender bootstrap deploy diff destroy clean clean-local

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(STAMPS)/python $(STAMPS)/mdream web/dist/index.html ## Install Python packages, Node and npm packages into this folder

run: setup ## Start the whole system on this machine (PORT=8000); Ctrl-C stops it
	@exec $(BIN)/python -m infra.local --port $(PORT)

test: setup $(STAMPS)/cdk $(STAMPS)/tools test-packages ## Run all tests except chaos tests (TEST_PROCESSES=2); as root on Debian, install packages that some tests need
	@$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadscope --no-loadscope-reorder
	@$(call enforced,$(ENFORCED_PART),--part)

test-enforced: setup test-packages ## Run the tests of the whole system with IAM enforced; report denied and unused permissions
	@$(call enforced,tests/e2e)

# Each call is checked against the template's policies, over TLS. Afterwards, the decisions are compared with the policies.
DECISIONS := .build/decisions.jsonl
ENFORCED_PART := tests/e2e/test_walk.py::test_a_website_becomes_files \
	tests/e2e/test_accounts.py::test_from_sign_up_to_recovery \
	tests/e2e/test_accounts.py::test_a_running_crawl_ends_with_its_account \
	tests/e2e/test_operations.py::test_expired_files_are_deleted \
	tests/e2e/test_operations.py::test_quota_resets_each_month \
	tests/e2e/test_operations.py::test_a_lost_generation_is_failed_and_refunded \
	tests/e2e/test_operations.py::test_interrupted_deletion_is_continued \
	tests/e2e/test_dead_letters.py \
	tests/e2e/test_operations.py::test_an_address_that_bounced_or_complained_gets_no_more_mail
enforced = mkdir -p .build && rm -f $(DECISIONS) \
	&& LLMREADY_ENFORCE_IAM=true LLMREADY_ACCESS_REPORT=$(CURDIR)/$(DECISIONS) $(BIN)/python -m pytest $(1) \
	&& $(BIN)/python -m infra.local.permissions $(DECISIONS) $(2)

.PHONY: bench
bench: setup ## Run all benchmarks and compare the figures with their limits (ARGS="--only crawl --runs 3")
	@$(BIN)/python -m bench $(ARGS)

.PHONY: chaos
chaos: setup ## Run the chaos tests: races, faults at every AWS call, kills, bad networks, load (half an hour)
	@$(BIN)/python -m pytest -q -m "chaos or not chaos" tests/chaos tests/worker/test_interruption.py \
		tests/functions/test_long_runs.py tests/mail/test_outage.py

.PHONY: screenshots
screenshots: setup test-packages ## Take a screenshot of every screen of the web app into .build/screenshots (three widths, both themes)
	@$(BIN)/python -m tests.web.screenshots

.PHONY: test-packages
test-packages:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		missing=$$(dpkg-query -W -f '$${Package} $${Status}\n' $$(cat tests/debian-packages.txt) 2> /dev/null \
			| awk '/ installed$$/ {print $$1}' | sort | comm -13 - tests/debian-packages.txt); \
		if [ -n "$$missing" ]; then \
			{ apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing; } > /dev/null 2>&1 \
				|| echo "could not install $$missing; the tests that need them will skip"; \
		fi; \
	fi

fuzz: setup ## Send generated requests to the API, and hostile texts and random documents to the parsers (about an hour)
	@LLMREADY_FUZZ_EXAMPLES=110 $(BIN)/python -m pytest tests/e2e/test_fuzz.py --capture=no
	@LLMREADY_FUZZ_TEXT_BYTES=10000000 $(BIN)/python -m pytest tests/crawler/test_linear_time.py
	@LLMREADY_FUZZ_DOCUMENTS=3000 $(BIN)/python -m pytest tests/mdream/test_round_trip.py

check: check-python check-javascript check-documents check-templates ## Lint, formats, types, spelling, links, templates (or one part: check-python, …)

.PHONY: check-python check-javascript check-documents check-templates
check-python: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

check-javascript: setup $(STAMPS)/tools
	@$(TOOLS)/eslint --config tools/eslint.config.js .
	@$(TOOLS)/tsc --project tools/tsconfig.json
	@$(TOOLS)/tsc --project tools/tsconfig.browser.json
	@cd web && npm run --silent check
	@$(BIN)/python -m infra.expressions

.PHONY: linear-expressions
linear-expressions: setup $(STAMPS)/tools ## Check that all regular expressions take linear time, and renew the list of checked ones
	@$(BIN)/python -m infra.expressions --write

check-documents: setup $(STAMPS)/tools
	@$(BIN)/codespell
	@$(TOOLS)/remark --rc-path tools/remark.config.js --no-stdout --quiet --frail *.md docs .github layers

check-templates: setup $(STAMPS)/checkov
	@$(BIN)/hadolint container/Dockerfile
	@rm -rf .build/check
	@for budget in 0 20; do \
		$(BIN)/python -m infra.app --stage prod -c mail_sender=noreply@example.com -c alarm_address=ops@example.com \
			-c malware_scan=true -c cors_origins=https://app.example.com -c budget_usd=$$budget \
			--output .build/check/budget-$$budget || exit 1; \
	done
	@$(BIN)/python -m infra.app --stage dev --output .build/check/dev
	@$(BIN)/cfn-lint $(CFN_LINT) --regions $(REGIONS) --template .build/check/budget-0/*.template.json .build/check/dev/*.template.json
	@$(BIN)/cfn-lint $(CFN_LINT) --regions $(REGIONS_WITH_BUDGETS) --template .build/check/budget-20/*.template.json
	@.build/checkov/bin/checkov --config-file .checkov.yaml \
		-f .build/check/dev/*.template.json -f .build/check/budget-20/*.template.json

# W3005: the CDK writes dependencies explicitly that CloudFormation would find itself.
CFN_LINT := --ignore-checks W3005
# One region of each kind: the oldest one, a large one, and some that were opened after 2019 and lack services.
REGIONS := us-east-1 eu-central-1 eu-central-2 ap-southeast-3 me-central-1
REGIONS_WITH_BUDGETS := us-east-1 eu-central-1

format: setup ## Format the code and apply the automatic fixes of the linter
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

COMPILE := uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url

image: setup ## Build the worker's images (with Docker, otherwise buildah), check their sizes, list their packages
	@$(BIN)/python -m infra.image

pin-images: setup ## Write the current digests of the base images into the Dockerfile
	@$(BIN)/python -m infra.image.pins

audit: setup $(STAMPS)/audit ## Look for known vulnerabilities of all pinned packages, Python and npm
	@$(BIN)/python -m infra.audit

lock: setup ## Pin requirements/*.in into requirements/*.txt with hashes
	@$(COMPILE) requirements/dev.in --output-file requirements/dev.txt
	@$(COMPILE) requirements/checkov.in --output-file requirements/checkov.txt
	@$(COMPILE) requirements/audit.in --output-file requirements/audit.txt
	@for part in lambda sendgrid container browser cli infra; do \
		$(COMPILE) requirements/$$part.in --constraints requirements/dev.txt --output-file requirements/$$part.txt || exit 1; \
	done

synth: setup ## Write the CloudFormation template of a stage into cdk.out (STAGE=dev)
	@$(BIN)/python -m infra.app --stage $(STAGE) $(ARGS)

# Settings of a stage are in stages/STAGE.toml; ARGS="-c setting=value" overrides them.
CDK = infra/cdk/node_modules/.bin/cdk
# Checks before the CDK runs; a failed check prints one sentence.
PREFLIGHT = $(BIN)/python -m infra.preflight
# Bootstrapping an account and removing a stage need no sender address.
WITHOUT_MAIL = -c mail_provider=none

sender: setup ## Ask SES to verify the sender address or domain of a stage (STAGE=prod)
	@$(PREFLIGHT) sender --stage $(STAGE) $(ARGS)

bootstrap: setup $(STAMPS)/cdk ## Prepare your AWS account and region for the CDK, once
	@$(PREFLIGHT) bootstrap --stage $(STAGE) $(WITHOUT_MAIL) $(ARGS)
	@$(CDK) bootstrap $(WITHOUT_MAIL) --context stage=$(STAGE) $(ARGS)

deploy: setup $(STAMPS)/cdk ## Deploy a stage into your AWS account, with the settings of stages/STAGE.toml (STAGE=dev)
	@options=$$($(PREFLIGHT) deploy --stage $(STAGE) $(ARGS)) \
		&& { $(CDK) deploy $$options --context stage=$(STAGE) $(ARGS) \
			|| { $(PREFLIGHT) explain --stage $(STAGE) $(ARGS); exit 1; }; } \
		&& $(PREFLIGHT) protect --stage $(STAGE) $(ARGS)

diff: setup $(STAMPS)/cdk ## Show what a deploy would change (STAGE=dev)
	@$(PREFLIGHT) diff --stage $(STAGE) $(ARGS)
	@$(CDK) diff --context stage=$(STAGE) $(ARGS)

destroy: setup $(STAMPS)/cdk ## Remove a stage from your AWS account (STAGE=dev; EMPTY=yes deletes its files, too)
	@$(PREFLIGHT) destroy$(if $(filter yes,$(EMPTY)),-with-files) --stage $(STAGE) $(WITHOUT_MAIL) $(ARGS)
	@$(CDK) destroy $(WITHOUT_MAIL) --context stage=$(STAGE) $(ARGS)

clean-local: ## Remove the local system's data (.local/)
	@rm -rf .local

clean: clean-local ## Remove everything that the targets created
	@rm -rf $(VENV) .build cdk.out container/mdream/node_modules infra/cdk/node_modules tools/node_modules web/node_modules web/dist web/public/example

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("LLMReady needs Python 3.11 or newer; $(PYTHON) is %d.%d. Try: make PYTHON=python3.12 …" % sys.version_info[:2])'
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; install it (on Debian: apt install python3-venv) and try again." >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: $(STAMPS)/venv requirements/dev.txt pyproject.toml
	@awk '/^[^ ]/ {kept = /^uv==/} kept' requirements/infra.txt > $(STAMPS)/uv.txt
	@{ $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(STAMPS)/uv.txt \
		&& $(BIN)/uv pip sync --python $(BIN)/python --quiet --require-hashes requirements/dev.txt \
		&& $(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable . ; \
	} || { echo "The Python packages could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@

$(STAMPS)/mdream: container/mdream/package-lock.json | $(STAMPS)/python
	@cd container/mdream && npm ci --loglevel=error --no-audit --no-fund \
		|| { echo "The npm packages could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@

$(STAMPS)/web: web/package-lock.json | $(STAMPS)/python
	@cd web && npm ci --loglevel=error --no-audit --no-fund \
		|| { echo "The web app's npm packages could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@

# The example on the start screen: the crawler's result for a small site in this repository.
EXAMPLE := web/public/example/result.json
EXAMPLE_SOURCES := $(shell find web/example container/llmready/crawler container/mdream -name node_modules -prune -o \
	-type f \( -name '*.html' -o -name '*.py' -o -name '*.mjs' \) -print 2> /dev/null)

$(EXAMPLE): $(STAMPS)/mdream infra/example_result.py $(EXAMPLE_SOURCES)
	@$(BIN)/python -m infra.example_result

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts -type f -not -path '*/example/*' 2> /dev/null)

web/dist/index.html: $(STAMPS)/web $(WEB_SOURCES) $(EXAMPLE)
	@cd web && npm run --silent build -- --logLevel error

$(STAMPS)/checkov: $(STAMPS)/python requirements/checkov.txt
	@$(PYTHON) -m venv .build/checkov \
		&& $(BIN)/uv pip sync --python .build/checkov/bin/python --quiet --require-hashes requirements/checkov.txt \
		|| { echo "checkov could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@

$(STAMPS)/audit: $(STAMPS)/python requirements/audit.txt
	@$(PYTHON) -m venv .build/audit \
		&& $(BIN)/uv pip sync --python .build/audit/bin/python --quiet --require-hashes requirements/audit.txt \
		|| { echo "pip-audit could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@

$(STAMPS)/tools: tools/package-lock.json | $(STAMPS)/python
	@cd tools && npm ci --omit=optional --ignore-scripts --loglevel=error --no-audit --no-fund \
		|| { echo "The npm packages of tools could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@

$(STAMPS)/cdk: infra/cdk/package-lock.json | $(STAMPS)/python
	@cd infra/cdk && npm ci --loglevel=error --no-audit --no-fund \
		|| { echo "The CDK CLI could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@
