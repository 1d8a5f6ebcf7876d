#!/usr/bin/env bash
# Debian packages for the tests, as root or with sudo. A service that comes with a package is not started.
#
#   . tests/packages.sh                      in a script: say, die, have, python_for_venv, install_packages
#   bash tests/packages.sh PACKAGE…          from anywhere: installs them
set -euo pipefail

# Debian keeps servers in sbin, which an ordinary user's PATH lacks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

WHO=$(basename "$0" .sh)
say() { printf '%s: %s\n' "$WHO" "$*"; }
die() { # what is wrong, what to do …
    printf '%s: error: %s\n' "$WHO" "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

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

install_packages() { # package …
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
        for service in haproxy nginx apache2 varnish prometheus; do
            [[ " $* " == *" $service "* ]] || continue
            as_root systemctl disable --quiet "$service" || say "note: $service may start at the next boot"
        done
    fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    [[ $# -gt 0 ]] || die "no packages" "usage: bash tests/packages.sh PACKAGE…"
    install_packages "$@"
fi
