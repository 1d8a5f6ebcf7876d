#!/bin/sh
# Makes the screenshots of the README from a real run: docs/report-verdict.png and docs/report-charts.png.
set -eu
cd "$(dirname "$0")/.."
[ -d tests/browser/node_modules/playwright-core ] || (cd tests/browser && npm ci --silent --no-audit --no-fund)
[ -n "${BROWNOUT:-}" ] || cargo build --quiet -p brownout-cli
brownout="${BROWNOUT:-${CARGO_TARGET_DIR:-target}/debug/brownout}"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

shot() {
  name="$1" place="$2"
  shift 2
  # A failing run is what the picture is of.
  "$brownout" run "$@" --out "$out/runs" --report "html=$out/$name.html" >/dev/null 2>&1 || [ $? -eq 1 ]
  node tests/browser/shot.mjs "$out/$name.html" "$place" "docs/report-$name.png"
}

mkdir -p docs
shot verdict top scenarios/retry-never-posts.toml --set 'gateway.reference.defects=["retries-post"]'
shot charts '#time' scenarios/breaker-trips-and-recovers.toml
