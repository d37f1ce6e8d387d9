# Millrace's commands. `make help` lists them. None needs another to have run before.

STACK = Infra/local/stack
SWIFT ?= swift
export SWIFT

.DEFAULT_GOAL := help
.PHONY: help run up down status time demo test qa bench fuzz lint format evidence

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: MILLRACE_PORT=8080  MILLRACE_APP=app.json[:second.json]  MILLRACE_VAR=var  SWIFT=swift"

run: ## install what is missing, build, start everything, load two feeds, follow the logs; Ctrl-C stops all
	@exec $(STACK) run

up: ## the same, detached; var/run/stack.env then holds addresses and keys
	@exec $(STACK) up

down: ## stop it
	@exec $(STACK) down

status: ## what runs
	@exec $(STACK) status

time: ## five starts with everything built: the median until all is ready
	@exec $(STACK) time

demo: ## FEED=<file or address> (several with spaces): read feeds, or lists of them (OPML), show timeline:demo as the SDK reads it
	@exec Infra/local/demo $(FEED)

test: ## lint, build, module tests, QA on a stack of its own; last line: N passed, N failed, N skipped
	@exec Infra/local/test

qa: ## BASE_URL=http://… API_KEY=… API_SECRET=…: the cross-service tests against a deployment (READ_ONLY=1 writes nothing)
	@exec Infra/local/test qa

evidence: ## make test with the full figures: seeds, followers, crashes
	@MILLRACE_EVIDENCE=1 exec Infra/local/test

bench: ## ONLY=http|keevo|api (all without it): ours beside its peer; rows in var/bench/
	@exec Benchmarks/run $(ONLY)

fuzz: ## SECONDS=60: the fuzz targets
	@exec Fuzz/run $(SECONDS)

lint: ## the formatter's rules, the arrows between modules
	@exec Infra/local/test lint

format: ## let the formatter have its way
	@$(SWIFT) format -i -r --parallel Package.swift Services Shared Tests
