#!/bin/sh
# Makes HTML pages of runs, simulated, real and hostile, of comparisons and of a history, and checks them in Chromium:
# see browser/check.mjs. Screenshots are left in target/browser. Needs Debian's chromium and npm, and installs both.
set -eu
cd "$(dirname "$0")/.."
out="${CARGO_TARGET_DIR:-target}/browser"
brownout="${BROWNOUT:-${CARGO_TARGET_DIR:-target}/debug/brownout}"

missing=""
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing="chromium fonts-dejavu-core"
command -v npm >/dev/null || missing="$missing nodejs npm"
command -v python3 >/dev/null || missing="$missing python3"
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086
  bash tests/packages.sh $missing
fi
[ -d tests/browser/node_modules/axe-core ] || (cd tests/browser && npm ci --silent --no-audit --no-fund)
[ -n "${BROWNOUT:-}" ] || cargo build --quiet -p brownout-cli

rm -rf "$out"
mkdir -p "$out/pages" "$out/history"

# NAME EXIT-CODES COMMAND...: insists on one of the exit codes, and on a terminal text that acts on no terminal.
ends_with() {
  name="$1" expected="$2"
  shift 2
  code=0
  "$@" >"$out/$name.txt" 2>&1 || code=$?
  case " $expected " in
    *" $code "*) ;;
    *)
      cat "$out/$name.txt"
      echo "$name ended with $code, not with $expected" >&2
      exit 1
      ;;
  esac
  if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$out/$name.txt"; then
    echo "$name sends control characters to the terminal: $out/$name.txt" >&2
    exit 1
  fi
}

# NAME EXIT-CODES ARGUMENTS...: a run, with its page.
page() {
  name="$1" expected="$2"
  shift 2
  ends_with "$name" "$expected" "$brownout" run "$@" --out "$out/runs/$name" --report "html=$out/pages/$name.html"
}

posts=scenarios/retry-never-posts.toml
breaker=scenarios/breaker-trips-and-recovers.toml

# Runs on real sockets take their time, so they run beside each other. Noise may keep one from a verdict.
page real-breaker "0 2" $breaker &
real_breaker=$!
page real-posts 1 $posts --set 'gateway.reference.defects=["retries-post"]' &
real_posts=$!

page passing 0 $breaker --simulate
page never-posts 0 $posts --simulate
page retried-posts 1 $posts --set 'gateway.reference.defects=["retries-post"]' --simulate
page breaker-never-trips 1 $breaker --set 'gateway.reference.defects=["breaker-never-trips"]' --simulate

# Hostile texts in saved reports, and a hostile gateway under a scenario with markup in its name and its file's name.
for name in never-posts retried-posts; do
  python3 tests/browser/hostile/report.py "$out/runs/$name"/*/report.json "$out/hostile-$name.json"
done
ends_with hostile 0 "$brownout" report "$out/hostile-retried-posts.json" --format html --out "$out/pages/hostile.html"
ends_with hostile-terminal 0 "$brownout" report "$out/hostile-retried-posts.json"
hostile="$out/<img src=x onerror=window.owned=1>.toml"
cp tests/browser/hostile/scenario.toml "$hostile"
ends_with hostile-run 1 python3 tests/browser/hostile/gateway.py "$brownout" run "$hostile" \
  --out "$out/runs/hostile-run" --report "html=$out/pages/hostile-run.html"

wait "$real_breaker"
wait "$real_posts"

# NAME EXIT-CODE BEFORE AFTER: a comparison, with its page.
compare() {
  ends_with "$1" "$2" "$brownout" compare "$3" "$4" --format html --out "$out/pages/$1.html"
}
compare compare-worse 1 "$out"/runs/never-posts/* "$out"/runs/retried-posts/*
compare compare-same 0 "$out"/runs/real-posts/* "$out"/runs/real-posts/*
compare compare-hostile 1 "$out/hostile-never-posts.json" "$out/hostile-retried-posts.json"

for name in real-posts never-posts retried-posts real-breaker passing breaker-never-trips hostile-run; do
  cp -r "$out/runs/$name"/* "$out/history/$name"
done
ends_with history 0 "$brownout" history "$out/history" --format html --out "$out/pages/history.html"
mkdir "$out/history/<svg onload=window.owned=1>" "$out/history/<script>window.owned=1<"
cp "$out/hostile-retried-posts.json" "$out/history/<svg onload=window.owned=1>/report.json"
ends_with history-hostile 0 "$brownout" history "$out/history" --format html --out "$out/pages/history-hostile.html"

for file in "$out"/pages/*.html; do
  bytes=$(wc -c <"$file")
  if [ "$bytes" -gt 1500000 ]; then
    echo "$file has $bytes bytes" >&2
    exit 1
  fi
done
node tests/browser/check.mjs "$out/screenshots" "$out"/pages/*.html

# The server of game days: a day that one user starts and another approves, with a hostile name and hostile notes.
serve="$out/serve"
mkdir -p "$serve/gamedays"
cp scenarios/first-look.toml "$serve/short.toml"
printf '%s\n' 'title = "<img src=x onerror=window.owned=1>"' 'why = "Half of the backends fail"' \
  '[[run]]' 'scenario = "../short.toml"' '[[approval]]' 'role = "sre"' '[schedule]' 'cron = "0 10 * * TUE"' \
  'zone = "Europe/Berlin"' >"$serve/gamedays/outage.toml"
printf 'titel = "<script>window.owned=1</script>"\n' >"$serve/gamedays/wrong.toml"
# What two gateways do, as if one of them had been two versions, under a name that is no name.
edge="$serve/data/profiles/<img src=x onerror=window.owned=1>"
mkdir -p "$edge"
cp docs/gateways/haproxy.toml "$edge/1.toml"
cp docs/gateways/nginx.toml "$edge/2.toml"
user() {
  "$brownout" serve user add --data "$serve/data" "$@" 2>/dev/null
}
operator=$(user olga --role operate)
approver=$(user ann --role approve --approves-as sre)
"$brownout" serve --data "$serve/data" --gamedays "$serve/gamedays" --listen 127.0.0.1:0 >"$serve/address" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  grep -q http "$serve/address" && break
  sleep 0.1
done
address=$(sed -n 's/serving at //p' "$serve/address")
node tests/browser/serve.mjs "$out/screenshots" "$address" "$operator" "$approver"
