# The door. `make help` lists what can be done; everything else is CMake (see CMakePresets.json).

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
ARGS ?=
klamm = build/klamm
# From what is built already; else the whole is compiled the fast way.
installed = $(if $(wildcard $(klamm)),build,build/install)
# Ninja rewrites one line on a terminal; into a file it would write one line per object.
ninja = ninja -C build -j $(JOBS) $(if $(shell [ -t 2 ] && echo terminal),,--quiet)

.DEFAULT_GOAL := help
.PHONY: help run build install test clients bench serve setup

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build  ## the main job: 20,000 flights through a broker that is killed; then it stays up
	@$(klamm) demo $(ARGS)

serve: build  ## a broker on 127.0.0.1:9092 and :8081, data in ./klamm-data; ARGS='--help' for more
	@$(klamm) serve $(ARGS)

build: build/build.ninja  ## the program, build/klamm
	@$(ninja) klamm

install: $(installed)/build.ninja  ## the library for handlers (doc/first-handler.md) and the program, into PREFIX=/usr/local
	@$(subst -C build,-C $(installed),$(ninja)) klamm klamm_library klamm_postgres_library
	@cmake --install $(installed) --prefix $(PREFIX) >build/install.log || { cat build/install.log >&2; exit 1; }
	@echo "installed in $(PREFIX)"

test: build/build.ninja  ## build everything and run every test
	@$(ninja)
	@ctest --test-dir build --output-on-failure -j $(JOBS) $(ARGS)

clients: build  ## real clients in five languages against one broker; prints the table
	@tools/setup clients
	@$(ninja) json_schema_suite events_app kafka_bus_process_test bus_relay
	@test/clients/run $(ARGS)

bench: build  ## measure beside Apache Kafka; writes bench/RESULTS.md
	@tools/setup bench
	@bench/run $(ARGS)

setup:
	@tools/setup

# Configured once; ninja itself notices changes of CMakeLists.txt. Quiet unless it fails.
build/build.ninja: CMakePresets.json | setup
	@echo "configuring"
	@mkdir -p build
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 1; }
	@touch $@

build/install/build.ninja: CMakePresets.json | setup
	@echo "configuring"
	@mkdir -p build
	@cmake --preset install >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 1; }
	@touch $@
