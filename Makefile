# SPDX-License-Identifier: Apache-2.0
# The commands of everyday work. `make` alone says what there is. CMake does the building (presets in
# CMakePresets.json); this file only gives the steps short names.
.PHONY: help setup demo test build bench format tidy pictures
.DEFAULT_GOAL := help
# One goal after another: ninja and ctest use the cores.
.NOTPARALLEL:

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

setup: ## Install what is missing: Debian packages, wheels in .venv (under 3 s when all is there)
	@tools/setup.sh

demo: setup build ## Watch a model grow old and get better: five years of headlines
	build/release/flywheel demo news $(ARGS)

build: setup ## Build the release: build/release/flywheel
	@test -f build/release/build.ninja || cmake --preset release
	@cmake --build --preset release --target flywheel

test: ## Everything .ci/run does: build, tests, sanitizers, style, README; installs OpenVINO and Chromium for its tests
	@tools/setup.sh openvino page
	@python3 tools/checks.py $(STAGES)

bench: setup build ## Measure, and write bench/RESULTS.md
	@bench/run.sh $(ARGS)

pictures: build ## Take the screenshots of README
	@tools/setup.sh page
	@tests/page/pictures.py build/release/flywheel

format: ## Format the sources with clang-format-19
	@git ls-files -co --exclude-standard -- 'src/*.h' 'src/*.cpp' 'tests/*.h' 'tests/*.cpp' 'bench/*.h' 'bench/*.cpp' \
	    'examples/*.h' 'examples/*.cpp' | while read -r file; do test -f "$$file" && echo "$$file"; done | xargs -r clang-format-19 -i

tidy: ## Check the rules of the house, and FILES (default: changed ones) with clang-tidy-19
	@python3 tools/tidy.py
ifdef FILES
	@cmake --preset tidy >/dev/null && clang-tidy-19 --quiet -p build/tidy $(FILES)
else
	@python3 tools/checks.py clang-tidy
endif
