#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures every promised figure beside its peer and writes bench/RESULTS.md; see bench/run.py --help.
set -eu
cd "$(dirname "$0")/.."
exec python3 bench/run.py "$@"
