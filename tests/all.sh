#!/usr/bin/env bash
# Everything that must hold before a change is merged, from a fresh machine on: the gateways are set up, then
# formatting, lints, dependencies, documentation, tests. Stops at the first step that fails.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A gateway that is missing fails its tests here; by default they would be skipped.
export BROWNOUT_REQUIRE_GATEWAYS=1
# Debian keeps haproxy and nginx in sbin, which an ordinary user's PATH lacks.
export PATH=$PWD/.gateways/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin

took() { # since when, in the format of EPOCHREALTIME
    local microseconds=$((${EPOCHREALTIME//[.,]/} - ${1//[.,]/}))
    printf '%d.%d s' $((microseconds / 1000000)) $((microseconds / 100000 % 10))
}

started=$EPOCHREALTIME
step() { # headline, command …
    local headline=$1 since=$EPOCHREALTIME status=0
    shift
    printf '\n━━ %s: %s\n' "$headline" "$*"
    "$@" || status=$?
    if [[ $status -ne 0 ]]; then
        printf '━━ %s FAILED (exit %d) after %s\n' "$headline" "$status" "$(took "$since")"
        exit "$status"
    fi
    printf '━━ %s: %s\n' "$headline" "$(took "$since")"
}
skip() { # headline, why
    printf '\n━━ %s SKIPPED: %s\n' "$1" "$2"
}

step gateways bash tests/setup-gateways.sh
step formatting cargo fmt --all --check
step lints cargo clippy --workspace --all-targets --locked -- -D warnings

if cargo deny --version >/dev/null 2>&1; then
    step dependencies cargo deny --locked check
else
    skip dependencies 'cargo-deny is not installed (cargo install cargo-deny --locked)'
fi

step documentation env RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked

# The tests run under a watch: a process that they start and that outlives them fails the run.
watched=(python3 tests/outlived.py --)
if cargo nextest --version >/dev/null 2>&1; then
    step tests "${watched[@]}" cargo nextest run --workspace --locked
    # nextest runs no doctests.
    step doctests "${watched[@]}" cargo test --doc --workspace --locked
else
    step 'tests and doctests' "${watched[@]}" cargo test --workspace --locked
fi

# The binary that was tested: built alone, it would be built anew with the features that it alone needs.
export BROWNOUT=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/brownout

# What is written for other tools, read by those tools. The first run installs them.
step formats bash tests/formats.sh

# The HTML pages in a real browser.
step browser bash tests/browser.sh

printf '\n━━ all passed in %s\n' "$(took "$started")"
