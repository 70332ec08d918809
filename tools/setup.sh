#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes a Debian 12 machine ready to build Flywheel: the packages of tools/packages.txt and the
# wheels of tools/requirements.txt in .venv. Does nothing when everything is there. Installs only
# what is missing and never removes a package: it simulates first and refuses when apt would.
#
#   tools/setup.sh             what `make build` and `make demo` need
#   tools/setup.sh openvino    also the runtime of flywheel-openvino (tools/requirements-openvino.txt)
#   tools/setup.sh page        also a browser for the tests of the page (tools/packages-page.txt)
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }
fail() {
    echo "setup: $*" >&2
    exit 1
}
# awk counts in doubles, so sums of any size are right.
megabytes() { awk '{ sum += $1 } END { printf "%.0f MB", sum / 1e6 }'; }

missing_packages() {
    local wanted present
    wanted=$(sed 's/#.*//' "$@" | tr -s '[:space:]' '\n' | sed '/^$/d' | sort -u)
    present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
        sed -n 's/^installed //p' | sort -u)
    comm -23 <(echo "$wanted") <(echo "$present")
}

# The prefix with which apt-get may be run, or a failure when this user may not.
privilege() {
    if [ "$(id -u)" -eq 0 ]; then
        echo env
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        echo "sudo -n env"
    else
        return 1
    fi
}

install_packages() {
    local missing=("$@") as_root simulated removed
    say "${#missing[@]} Debian packages are missing: ${missing[*]}"
    if ! as_root=$(privilege); then
        echo "setup: this user may not install them. Type this line, then run it again:" >&2
        echo "  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    local apt=(apt-get -o DPkg::Lock::Timeout=120 --no-install-recommends)
    say "reading the package lists (apt-get update)"
    $as_root apt-get -o DPkg::Lock::Timeout=120 -qq update ||
        say "the package lists could not be refreshed; going on with the ones that are here"
    simulated=$("${apt[@]}" -s install "${missing[@]}" 2>&1) ||
        fail "apt-get cannot install them:"$'\n'"$simulated"
    removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$simulated" | tr '\n' ' ')
    if [ -n "$removed" ]; then
        fail "installing them would remove packages that you have: ${removed}
setup: nothing was changed. Decide yourself, then run it again:
  sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "fetching $("${apt[@]}" -y --print-uris install "${missing[@]}" |
        awk '/^\047/ { print $3 }' | megabytes) for" \
        "$(grep -c '^Inst ' <<<"$simulated") packages (with what they depend on)"
    $as_root DEBIAN_FRONTEND=noninteractive "${apt[@]}" -y -qq --no-remove install "${missing[@]}" \
        >/dev/null || fail "apt-get install failed; its message stands above"
}

# A Python 3.11 that can make environments: the wheels are built for it.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3 python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' \
            2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# wheels_are_there FILE PACKAGE: true when .venv holds exactly what tools/FILE says: a copy of the file
# is left in it at the end of a successful installation.
wheels_are_there() {
    cmp -s "tools/$1" ".venv/$1" && .venv/bin/python -c '' 2>/dev/null &&
        ls -d ".venv/lib/python3.11/site-packages/$2" >/dev/null 2>&1
}

# install_wheels FILE SIZES
install_wheels() {
    local python
    python=$(find_python) || fail "no Python 3.11 with the module venv was found (Debian 12 has it)"
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        say "making .venv"
        "$python" -m venv --clear .venv
    fi
    say "installing the wheels of tools/$1 into .venv ($2)"
    .venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
        --only-binary :all: --no-deps -r "tools/$1"
    cp "tools/$1" ".venv/$1"
}

package_lists=(tools/packages.txt)
openvino=no
for component in "$@"; do
    case "$component" in
        openvino) openvino=yes ;;
        page) package_lists+=(tools/packages-page.txt) ;;
        *) fail "no such component: $component; there are: openvino, page" ;;
    esac
done
mapfile -t missing < <(missing_packages "${package_lists[@]}")
if [ "${#missing[@]}" -gt 0 ]; then
    install_packages "${missing[@]}"
    mapfile -t missing < <(missing_packages "${package_lists[@]}")
    [ "${#missing[@]}" -eq 0 ] || fail "still missing after the installation: ${missing[*]}"
fi
wheels_are_there requirements.txt pyarrow ||
    install_wheels requirements.txt "fetches 117 MB, 370 MB on disk"
if [ "$openvino" = yes ] && ! wheels_are_there requirements-openvino.txt openvino; then
    install_wheels requirements-openvino.txt "fetches 59 MB, 180 MB on disk"
fi
say "everything is there"
