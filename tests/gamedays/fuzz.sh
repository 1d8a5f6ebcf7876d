#!/usr/bin/env bash
# A client that reads the OpenAPI document of `brownout serve` and asks whatever that allows and forbids (schemathesis, PyPI), with
# a token of each role: no answer of 500 or more, none that the document does not have, and no way around a role.
#
#   bash tests/gamedays/fuzz.sh [SECONDS]    so long for each role; BROWNOUT names another binary than target/debug/brownout
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
hooks=$PWD/tests/gamedays
seconds=${1:-30}
brownout=$(realpath "${BROWNOUT:-${CARGO_TARGET_DIR:-target}/debug/brownout}")
work=$(realpath -m "${CARGO_TARGET_DIR:-target}/fuzz")
tools=$work/venv
if [[ ! -x $tools/bin/st ]]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5
fi

rm -rf "$work/data" "$work/gamedays"
mkdir -p "$work/gamedays"
# One that is refused as soon as it begins, one that waits for approvals, and one with a mistake in its file.
printf '%s\n' 'title = "Refused"' '[[run]]' 'scenario = "first-look"' '[[prerequisite]]' \
    'gateway_version = { gateway = "haproxy", at_least = "99.0" }' >"$work/gamedays/refused.toml"
sed '/prerequisite/,$d' "$work/gamedays/refused.toml" >"$work/gamedays/waits.toml"
printf '%s\n' '[[approval]]' 'role = "dba"' >>"$work/gamedays/waits.toml"
printf 'titel = 1\n' >"$work/gamedays/wrong.toml"

token() { "$brownout" serve user add --data "$work/data" "$@" 2>/dev/null; }
declare -A tokens=(
    [view]=$(token vic --role view)
    [operate]=$(token olga --role operate)
    [approve]=$(token ann --role approve --approves-as sre)
)
"$brownout" serve --data "$work/data" --gamedays "$work/gamedays" --listen 127.0.0.1:0 --behind-proxy \
    >"$work/address" 2>"$work/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    grep -q http "$work/address" && break
    sleep 0.1
done
address=$(sed -n 's/serving at //p' "$work/address")

# Events have no end. What the document allows may still be refused because of what there is (409). A token that is left out gets
# in again by `--header`; what becomes of a request without one is `ignored_auth`.
status=0
for role in view operate approve; do
    # In a directory of its own: it leaves what it has found there.
    (cd "$work" && PYTHONPATH=$hooks PYTHONDONTWRITEBYTECODE=1 ROLES=$role SCHEMATHESIS_HOOKS=roles "$tools/bin/st" run "${address}api/v1/openapi.json" \
        --header "Authorization: Bearer ${tokens[$role]}" --exclude-path-regex 'events$' --phases coverage,fuzzing \
        --exclude-checks positive_data_acceptance,missing_required_header --max-time "$seconds" --suppress-health-check all --warnings off \
        >"$work/$role.txt" 2>&1) || { status=1 && cat "$work/$role.txt"; }
    echo "$role: $(grep generated "$work/$role.txt")"
done
if grep -q ERROR "$work/log"; then
    cat "$work/log"
    status=1
fi
exit "$status"
