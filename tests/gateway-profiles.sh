#!/usr/bin/env bash
# Asks each gateway that the tests know what it does with the configuration that is made for it where no policy is declared, and
# writes a page and a profile of each to docs/gateways/. Takes some six minutes on a quiet machine.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PWD/.gateways/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin
brownout=${BROWNOUT:-$PWD/target/release/brownout}
[[ -x $brownout ]] || { echo "gateway-profiles: $brownout is not there: cargo build --release, or set BROWNOUT" >&2; exit 4; }
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
mkdir -p docs/gateways

one() { # gateway
    local page="$runs/$1.page"
    "$brownout" discover --gateway "$1" --quiet --out "$runs/$1" --profile "docs/gateways/$1.toml" >"$page"
    {
        printf '# What %s does where nothing is asked of it\n\n' "$1"
        printf 'Found by `brownout discover --gateway %s` with the configuration that brownout makes where no policy is declared: three\n' "$1"
        printf 'backends, and neither retries nor a breaker nor timers asked for, whatever the gateway'"'"'s own defaults are. The profile is [%s.toml](%s.toml); made by `tests/gateway-profiles.sh`.\n\n' "$1" "$1"
        printf '```\n'
        # Where the profile was written is of no interest here.
        head -n -2 "$page"
        printf '```\n'
    } >"docs/gateways/$1.md"
}

failed=0
for gateway in ${*:-haproxy nginx envoy caddy traefik apache varnish}; do
    one "$gateway" &
done
for job in $(jobs -p); do
    wait "$job" || failed=1
done
exit "$failed"
