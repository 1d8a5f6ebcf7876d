#!/bin/sh
# Makes HTML reports of simulated runs, a hostile one among them, and checks them in Chromium: see browser/check.mjs.
# Screenshots are left in target/browser. Needs Debian's chromium and npm, and installs them where it may.
set -eu
cd "$(dirname "$0")/.."
out="${CARGO_TARGET_DIR:-target}/browser"
brownout="${BROWNOUT:-${CARGO_TARGET_DIR:-target}/debug/brownout}"

missing=""
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing="chromium"
command -v npm >/dev/null || missing="$missing npm"
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing fonts-dejavu-core
fi
[ -d tests/browser/node_modules/axe-core ] || (cd tests/browser && npm ci --silent --no-audit --no-fund)
[ -n "${BROWNOUT:-}" ] || cargo build --quiet -p brownout-cli

rm -rf "$out"
mkdir -p "$out/pages"

# NAME EXIT-CODE ARGUMENTS: runs, and insists on the exit code.
page() {
  name="$1" expected="$2"
  shift 2
  code=0
  "$brownout" run "$@" --simulate --out "$out/runs/$name" --report "html=$out/pages/$name.html" >"$out/$name.txt" 2>&1 || code=$?
  if [ "$code" -ne "$expected" ]; then
    cat "$out/$name.txt"
    echo "$name ended with $code, not with $expected" >&2
    exit 1
  fi
}

page passing 0 scenarios/breaker-trips-and-recovers.toml
page retried-posts 1 scenarios/retry-never-posts.toml --set 'gateway.reference.defects=["retries-post"]'
page breaker-never-trips 1 scenarios/breaker-trips-and-recovers.toml --set 'gateway.reference.defects=["breaker-never-trips"]'

python3 tests/browser/hostile.py "$out"/runs/retried-posts/*/report.json "$out/hostile.json"
"$brownout" report "$out/hostile.json" --format html --out "$out/pages/hostile.html"

for file in "$out"/pages/*.html; do
  bytes=$(wc -c <"$file")
  if [ "$bytes" -gt 1500000 ]; then
    echo "$file has $bytes bytes" >&2
    exit 1
  fi
done
node tests/browser/check.mjs "$out/screenshots" "$out"/pages/*.html
