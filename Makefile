# Madang. `make help` lists what there is; CONTRIBUTING.md says more.
SHELL       := /bin/sh
.DEFAULT_GOAL := help

DATA        ?= ./data
LISTEN      ?= localhost:8080
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     := -s -w -X main.version=$(VERSION)
GOBUILD     := CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)'
FUZZTIME    ?= 5s
BENCH_EVENTS ?= 1000000
BENCH_FLAGS ?=
CLIENT_SRC  := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)

.PHONY: help run demo test check go-test web-test e2e fuzz bench microbench build client cross deps test-deps screenshots fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: deps build ## build all and start a node at http://localhost:8080, data in ./data
	@exec bin/madang serve --data $(DATA) --listen $(LISTEN) --qr

demo: deps build ## fill ./demo-data with a believable village and start a node on it
	@test -d demo-data || bin/madang demo --data demo-data
	@exec bin/madang serve --data demo-data --listen $(LISTEN)

test: deps test-deps ## set up and pass every test
	@scripts/test.sh

check: web/node_modules/.installed client ## format, vet, staticcheck, types, web lint
	@scripts/check.sh

go-test: client ## Go tests with the race detector
	go test -race -timeout 30m ./...

web-test: web/node_modules/.installed ## web unit tests
	cd web && npm test

e2e: build ## a person's paths in headless Chromium against a real node
	cd web && npm run e2e

fuzz: ## fuzz each target for FUZZTIME (default 5s; 10m or 100000x go further)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

bench: build ## measure bin/madang with BENCH_EVENTS events (default 1000000): one table
	@go run ./cmd/bench -madang bin/madang -events $(BENCH_EVENTS) $(BENCH_FLAGS)

microbench: ## Go benchmarks of every package
	@scripts/microbench.sh

build: client ## build bin/madang, one static binary with the client inside
	$(GOBUILD) -o bin/madang ./cmd/madang

client: web/dist/index.html ## build the web client into web/dist

web/dist/index.html: web/node_modules/.installed $(CLIENT_SRC)
	cd web && npm run build
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

cross: client ## build for linux/arm64 and linux/arm as well
	GOOS=linux GOARCH=arm64 $(GOBUILD) -o bin/madang-linux-arm64 ./cmd/madang
	GOOS=linux GOARCH=arm   $(GOBUILD) -o bin/madang-linux-arm ./cmd/madang

deps: web/node_modules/.installed ## install what running needs (npm packages, ffmpeg)
	@scripts/install.sh ffmpeg

test-deps: ## install what testing needs (ffmpeg, Chromium, a C compiler for the race detector)
	@scripts/install.sh --required ffmpeg chromium gcc

screenshots: build ## make docs/screenshots from a demo village
	cd web && npm run screenshots

fmt: ## format the Go code
	gofmt -w $$(git ls-files '*.go')

clean: ## remove what was built (never data)
	rm -rf bin web/dist/assets web/dist/index.html
