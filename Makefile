# The names for what the README says; each does one thing that a person could type.
# PORT, SYSLOG_PORT, JSON_PORT and METRICS_PORT move what `make run` listens on.

.DEFAULT_GOAL := help
.PHONY: help run test check-api bench lint build dashboard clean

release := -c release --static-swift-stdlib
pages := $(shell find Sources/Dashboard -type f 2>/dev/null)
swift_code := $(wildcard Sources Tests Benchmarks Package.swift)

help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build, and run hub and agent here (data in ./data; ctrl-C stops)
	@scripts/set-up run
	@$(MAKE) --no-print-directory build
	@scripts/run "$$(swift build $(release) --show-bin-path)"

suites := ProtocolTests EventLoopTests KomfyrAgentTests KomfyrHubTests EndToEndTests BrowserTests
test: ## install what is missing, build, and run all tests: unit, end to end, browser, examples
	@scripts/set-up test
	@$(MAKE) --no-print-directory dashboard
	swift build --build-tests
	@scripts/run-suites $(suites)

check-api: ## hold a hub against its own OpenAPI description, with generated requests
	@scripts/set-up check
	swift build --product komfyr-hub
	@scripts/check-api

bench: ## measure ingest, the agent, and memory on this machine, into Benchmarks/RESULTS.md
	@scripts/set-up run
	@$(MAKE) --no-print-directory build
	swift build $(release) --product komfyr-bench
	@scripts/unpack-peers .build/peers || echo "rsyslog and syslog-ng are left out." >&2
	@bin="$$(swift build $(release) --show-bin-path)" && "$$bin/komfyr-bench" --programs "$$bin" \
		--peers "$(CURDIR)/.build/peers" --results "$(CURDIR)/Benchmarks/RESULTS.md"

lint: ## check form and types of all code, without building it
	swift format lint --strict --parallel --recursive $(swift_code)
	tsc --project Sources/Dashboard
	@for file in scripts/* .ci/run $(shell find examples -name '*.sh' 2>/dev/null); do \
		case "$$(head -n 1 "$$file")" in *bash*|*/sh) echo "bash -n $$file"; bash -n "$$file" || exit 1;; esac; done
	@for file in $(shell find examples Benchmarks Tests -name '*.py' 2>/dev/null); do \
		echo "python3: $$file"; python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$$file" || exit 1; done
	@for file in $(shell find examples -name '*.mjs' 2>/dev/null); do echo "node --check $$file"; node --check "$$file" || exit 1; done

build: dashboard ## build both programs (release, Swift runtime linked in) and the dashboard
	swift build $(release) --product komfyr-hub
	swift build $(release) --product komfyr-agent

dashboard: .build/dashboard/index.html ## bundle the dashboard

.build/dashboard/index.html: $(pages)
	@mkdir -p .build/dashboard
	NODE_PATH=/usr/share/nodejs esbuild Sources/Dashboard/main.ts --bundle --minify --format=iife --target=es2021 --charset=utf8 \
		--log-level=warning --outfile=.build/dashboard/dashboard.js
	esbuild Sources/Dashboard/theme.css --bundle --minify --log-level=warning --outfile=.build/dashboard/theme.css
	cp Sources/Dashboard/favicon.svg .build/dashboard/
	cp Sources/Dashboard/index.html .build/dashboard/

clean: ## remove what was built; ./data stays
	rm -rf .build
