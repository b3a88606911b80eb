.DEFAULT_GOAL := help
.PHONY: help install run demo test test-timescale chaos up down logs docker stack lint format boards docs bench bench-quick \
	bench-docs bench-flames lab backup restore audit manifests lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= cascade
SEED ?= 1
ARGS ?=
RESULTS ?= build/bench.json
COMPOSE = docker compose $(if $(DEMO),--project-name liquidations-demo --profile demo,--profile live)

EXPORTER = $(if $(DEMO),exporter-demo,exporter)
ARCHIVE := $(or $(FILE),liquidations-$(shell date -u +%Y%m%dT%H%M%SZ).tar)
SAVED = $(if $(DATA),stack.backup,exporter)
WHERE = $(if $(DATA),--data $(DATA) $(if $(LIVE),--live))
ANYWAY = $(if $(FORCE),--force)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.run ## install what running needs into .venv

run: $(VENV)/.run ## run the exporter against the live exchanges: http://localhost:10110
	$(BIN)/python -m exporter run $(ARGS)

demo: $(VENV)/.run ## run it against simulated exchanges, no network needed [SCENARIO= SEED= DURATION= seconds]
	$(BIN)/python -m exporter demo --scenario $(SCENARIO) --seed $(SEED) $(if $(DURATION),--duration $(DURATION)) $(ARGS)

up: docker .env ## run the whole stack in containers [DEMO=1 with simulated exchanges, SCENARIO= SEED=]
	@$(COMPOSE) up --build --detach --wait
	@. ./.env; echo "Grafana       http://localhost:$$GRAFANA_PORT   (boards; admin's password is in .env)"; \
		echo "exporter      http://localhost:$$EXPORTER_PORT"; \
		echo "Prometheus    http://localhost:$$PROMETHEUS_PORT"; \
		echo "Alertmanager  http://localhost:$$ALERTMANAGER_PORT"; \
		echo "make logs$(if $(DEMO), DEMO=1) follows the logs, make down$(if $(DEMO), DEMO=1) stops everything"

down: docker .env ## stop the containers; the data stays [DEMO=1]
	@$(COMPOSE) down
	@echo "stopped; the data stays in Docker's volumes. To remove it as well: $(COMPOSE) down --volumes"

logs: docker .env ## follow the logs of the containers [DEMO=1 SERVICE=]
	@$(COMPOSE) logs --follow --tail 100 $(SERVICE)

docker:
	@docker compose version > /dev/null 2>&1 && docker info > /dev/null 2>&1 \
		|| { echo "error: this needs Docker with its compose plug-in, and the engine running" \
		"(https://docs.docker.com/engine/install); the same stack without Docker: make stack" >&2; exit 2; }

.env: | .env.example
	@umask 077; while IFS= read -r line; do case "$$line" in \
		*_PASSWORD=) echo "$$line$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" ;; *) echo "$$line" ;; esac; \
		done < .env.example > .env.new && mv .env.new .env
	@echo "wrote .env, with random passwords"

stack: $(VENV)/.run ## run the whole stack without Docker [LIVE=1 or SCENARIO= SEED=; DATA= folder to keep]
	$(BIN)/python -m stack $(if $(LIVE),--live,--scenario $(SCENARIO) --seed $(SEED)) $(if $(DATA),--data $(DATA)) $(ARGS)

backup: $(if $(CONTAINERS),docker .env,$(VENV)/.run) ## save everything in one file [FILE= FORCE=1; DATA= LIVE=1 of make stack; CONTAINERS=1 DEMO=1]
	@test -n "$(FORCE)" || test ! -e $(ARCHIVE) || { echo "error: $(ARCHIVE) exists; FORCE=1 replaces it" >&2; exit 2; }
ifdef CONTAINERS
	@umask 077; $(COMPOSE) exec -T $(EXPORTER) python -m exporter backup --output - > $(ARCHIVE).partial \
		&& mv $(ARCHIVE).partial $(ARCHIVE) || { rm -f $(ARCHIVE).partial; exit 2; }
	@echo "wrote $(ARCHIVE)"
else
	@$(BIN)/python -m $(SAVED) backup $(WHERE) --output $(ARCHIVE) $(ANYWAY) $(ARGS)
endif

restore: $(if $(CONTAINERS),docker .env,$(VENV)/.run) ## put a backup back [FILE=, otherwise as backup; FORCE=1 over what is there]
	@test -n "$(FILE)" || { echo "error: which backup? make restore FILE=..." >&2; exit 2; }
ifdef CONTAINERS
	@$(COMPOSE) stop $(EXPORTER)
	@$(COMPOSE) up --detach --wait timescaledb
	@$(COMPOSE) run --rm --no-deps -T $(EXPORTER) restore $(ANYWAY) - < $(FILE)
	@echo "restored; make up$(if $(DEMO), DEMO=1) starts the exporter again"
else
	@$(BIN)/python -m $(SAVED) restore $(WHERE) $(ANYWAY) $(ARGS) $(FILE)
endif

test: $(VENV)/.dev ## run all tests
	$(BIN)/python -m pytest $(ARGS)

test-timescale: $(VENV)/.dev ## run the store tests on the TimescaleDB of this machine
	TIMESCALE_WANTED=1 $(BIN)/python -m pytest -m timescale $(ARGS)

chaos: $(VENV)/.dev ## kill, cut off and fill up everything, then prove that nothing is lost or doubled [SEED=]
	$(BIN)/python -m tests.chaos --seed $(SEED) $(ARGS)

lint: $(VENV)/.dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

boards: $(VENV)/.run ## write the Grafana boards from their code
	$(BIN)/python -m grafana $(ARGS)

docs: $(VENV)/.run ## write METRICS.md and docs/configuration.md from the code
	$(BIN)/python -m reference $(ARGS)

manifests: $(VENV)/.run ## write what the Kubernetes manifests take from config.yaml and the rules
	$(BIN)/python -m deploy

audit: $(VENV)/.dev ## ask whether a package of the locks has a known vulnerability (needs a network)
	@$(BIN)/python -m deploy.audit

bench: $(VENV)/.dev $(VENV)-bench/.peers ## measure speed against its goals and peers [ARGS="SECTION... --json FILE"]
	$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(VENV)/.dev ## the floors in about a minute; fails on a gross loss only
	$(BIN)/python -m benchmarks --quick $(ARGS)

bench-docs: $(VENV)/.lab $(VENV)/.dev ## put measured rows into docs/ [RESULTS=file of bench --json]
	$(BIN)/python -m benchmarks.document $(RESULTS)

bench-flames: $(VENV)/.dev $(VENV)-bench/.peers ## draw where the time goes, as flame graphs, into docs/images
	$(BIN)/python -m benchmarks.flames

lab: $(VENV)/.lab ## measure the cascade detector on simulated markets, renew docs/cascades.md [ARGS=--quick]
	$(BIN)/python -m benchmarks.cascade_lab $(ARGS)

lock: ## renew the dependency locks (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" --upgrade -q -o requirements.lock
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" --upgrade -q --extra dev -o requirements-dev.lock
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" --upgrade -q --extra lab -o requirements-lab.lock
	uv pip compile benchmarks/peers/requirements.in --universal --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-annotate --python-version 3.11 --custom-compile-command "make lock" --upgrade -q \
		-o requirements-bench.lock

clean: ## remove everything that make has made
	rm -rf $(VENV) $(VENV)-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Python 3.11 or newer is needed; name it with make PYTHON=python3.12" >&2; exit 2; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "error: no venv module; on Debian: apt install python3-venv" >&2; exit 2; }

$(VENV)/.run: requirements.lock | $(BIN)/python
	@echo "installing the dependencies (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "installing the development tools (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.lab: requirements-lab.lock $(VENV)/.run
	@echo "installing numpy and matplotlib for the laboratory (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-lab.lock
	@touch $@

$(VENV)-bench/.peers: requirements-bench.lock
	@echo "installing cryptofeed, ccxt and py-spy into $(VENV)-bench (once; nothing but measuring needs them)"
	@$(PYTHON) -m venv $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@
