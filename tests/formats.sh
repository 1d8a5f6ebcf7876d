#!/usr/bin/env bash
# Proof that others accept what brownout writes: DuckDB reads the exported tables and finds the report's figures, HAR, JUnit and SARIF
# hold to their schemas, promtool takes the metrics, and annotations are commands that GitHub knows. The tools are
# installed once, pinned, in target/formats/tools; promtool and npm come from Debian's packages.
#
#   bash tests/formats.sh            BROWNOUT names another binary than target/debug/brownout
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/packages.sh

work=${CARGO_TARGET_DIR:-target}/formats
tools=$work/tools
brownout=${BROWNOUT:-${CARGO_TARGET_DIR:-target}/debug/brownout}

# ── tools ────────────────────────────────────────────────────────────────────────────────────────────────────────────

pins() { cat tests/formats/requirements.txt tests/formats/schemas.txt tests/formats/package-lock.json; }

install_tools() {
    local python pip=("$tools/venv/bin/python" -m pip --quiet --disable-pip-version-check)
    python=$(python_for_venv) || die "no python3 with the venv module" "install by hand: python3 python3-venv"
    say "installing DuckDB, lxml, jsonschema and the schemas in $tools"
    rm -rf "$tools"
    mkdir -p "$tools/npm"
    "$python" -m venv "$tools/venv"
    "${pip[@]}" install --only-binary :all: --require-hashes --requirement tests/formats/requirements.txt \
        || die "pip could not install tests/formats/requirements.txt; its words are above" \
            "PyPI must be reachable, and python3 be 3.10 or newer"
    # A source archive: pip may make its metadata, with the build tools that are pinned, and install nothing of it.
    "${pip[@]}" download --no-deps --no-binary :all: --no-build-isolation --require-hashes \
        --requirement tests/formats/schemas.txt --dest "$tools" \
        || die "pip could not download tests/formats/schemas.txt; its words are above" "PyPI must be reachable"
    tar -xzf "$tools"/pytest-*.tar.gz --to-stdout --wildcards '*/junit-10.xsd' >"$tools/junit-10.xsd"
    cp tests/formats/package.json tests/formats/package-lock.json "$tools/npm/"
    (cd "$tools/npm" && npm ci --silent --no-audit --no-fund --ignore-scripts) \
        || die "npm could not install tests/formats/package-lock.json" "the npm registry must be reachable"
    # Last, so that an installation that was cut is done again.
    pins >"$tools/pins"
}

missing=()
have promtool || missing+=(prometheus)
have npm || missing+=(npm)
python_for_venv >/dev/null || missing+=(python3 python3-venv)
[[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
cmp -s "$tools/pins" <(pins) || install_tools
[[ -n ${BROWNOUT:-} ]] || cargo build --quiet --locked -p brownout-cli

# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Runs a scenario in the simulated world, insists on its exit code, and writes every format beside its evidence.
run() { # name, exit code, argument …
    local name=$1 expected=$2 dir code=0
    shift 2
    "$brownout" run "$@" --simulate --out "$work/runs/$name" >"$work/runs/$name.txt" 2>&1 || code=$?
    [[ $code -eq $expected ]] || die "the $name run ended with $code, not with $expected" "see $work/runs/$name.txt"
    dir=$(echo "$work/runs/$name"/*)
    "$brownout" export "$dir" --parquet --csv --har >/dev/null
    for format in junit xunit openmetrics github sarif; do
        "$brownout" report "$dir" --format "$format" --out "$dir/formats/$format"
    done
}

rm -rf "$work/runs"
mkdir -p "$work/runs"
# With answers that come in time, late and never, so that its quantiles differ.
run passing 0 scenarios/slow-upstream-timeout.toml
run failing 1 scenarios/retry-never-posts.toml --set 'gateway.reference.defects=["retries-post"]'

# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────

metrics() { # file
    local said
    # It complains on standard error, also where it finds nothing worse than style, and then ends with 3.
    said=$(promtool check metrics 2>&1 <"$1") && [[ -z $said ]] || die "promtool does not take $1 as it is" "$said"
    printf '%s takes all %d samples\n' \
        "$(promtool --version 2>&1 | sed -n '1s/^\(promtool\), version \([^ +]*\).*/\1 \2/p')" "$(grep -vc '^#' "$1")"
}

check() { # script, argument …
    "$tools/venv/bin/python" "tests/formats/$1.py" "${@:2}"
}

for dir in "$work"/runs/*/*/; do
    dir=${dir%/}
    printf '%s\n' "${dir#"$work/runs/"}"
    {
        check tables "$dir" parquet
        check tables "$dir" csv
        check har "$dir" "$tools/npm/node_modules/har-schema/lib"
        check junit "$dir" "$tools/junit-10.xsd"
        check annotations "$dir"
        check sarif "$dir" "$tools/npm/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
        metrics "$dir/formats/openmetrics"
    } | sed 's/^/  /'
done
