"""Runs the scenario library against each launched gateway, and writes what came of it to docs/gateways/matrix.md.

    python3 tests/gateway-matrix.py [FAMILY/ …]

Without a family: the scenarios that are of none, each of which shows a part of a policy. A cell is `pass`; the keys of the
policy that the gateway can't express; or the number of a fact, which stands below the table with what was observed. Takes some five
minutes on a quiet machine. The binary is the one that BROWNOUT names, or target/release/brownout.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
BROWNOUT = os.environ.get("BROWNOUT", str(HOUSE / "target/release/brownout"))
GATEWAYS = ["envoy", "haproxy", "nginx", "caddy", "traefik", "apache", "varnish"]
# What an exit code of `brownout run` says.
WORDS = {0: "pass", 1: "fact", 2: "open"}
# A run waits most of its time; more at once would make each other late.
AT_A_TIME = 6
LONGEST_S = 180
PATH = f"{HOUSE}/.gateways/bin:{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"


def library(families):
    said = subprocess.run([BROWNOUT, "list", "scenarios"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  ([a-z0-9-]+(?:/[a-z0-9_-]+)?)  ", said, re.MULTILINE)
    if families:
        return [name for name in names if any(name.startswith(family) for family in families)]
    return [name for name in names if "/" not in name]


def run(scenario, gateway):
    """How it ended: a word for the cell, and the facts that it brought up."""
    with tempfile.TemporaryDirectory() as out:
        report = Path(out, "report.json")
        command = [BROWNOUT, "run", scenario, "--gateway", gateway, "--quiet", "--out", out, "--report", f"json={report}"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST_S, env={**os.environ, "PATH": PATH}, cwd=out
        )
        keys = re.findall(r"^error: gateway `\w+` can't express `(?:policy\.)?([\w.]+)`", done.stderr, re.MULTILINE)
        if keys:
            return "refused", sorted(set(keys))
        if done.returncode not in WORDS:
            print(f"{scenario} on {gateway}: exit {done.returncode}\n{done.stderr}", file=sys.stderr)
            return "error", []
        findings = json.loads(report.read_text())["findings"]
        failed = [f"{one['because']} ({one['expectation']})" for one in findings if one["verdict"] == "fail"]
        return WORDS[done.returncode], failed


def version(gateway):
    said = subprocess.run([BROWNOUT, "doctor", "--gateway", gateway], capture_output=True, text=True, env={**os.environ, "PATH": PATH})
    found = re.search(rf"{gateway}\S* (?:\S+ )?v?(\d[\w.]*)", said.stdout, re.IGNORECASE)
    return f"{gateway} {found.group(1)}" if found else gateway


def main():
    scenarios = library(sys.argv[1:])
    pairs = [(scenario, gateway) for scenario in scenarios for gateway in GATEWAYS]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        ends = dict(zip(pairs, pool.map(lambda pair: run(*pair), pairs)))
    facts, lines = [], []
    for scenario in scenarios:
        cells = []
        for gateway in GATEWAYS:
            word, what = ends[scenario, gateway]
            if word == "refused":
                cells.append(" ".join(f"`{key}`" for key in what))
            elif word == "fact":
                facts.append((gateway, scenario, what))
                cells.append(f"[{len(facts)}](#facts)")
            else:
                cells.append(word)
        lines.append(f"| `{scenario}` | {' | '.join(cells)} |")
    count = {word: sum(1 for end in ends.values() if end[0] == word) for word in ("pass", "fact", "refused", "open", "error")}
    page = [
        "# The library on each gateway",
        "",
        "Made by `tests/gateway-matrix.py`: each scenario with the configuration that brownout makes of its policy. `pass`: all that it",
        "demands was proven. A key: the gateway has no means for that part of the policy, and `brownout run` says which and why. A number:",
        "a fact below. `open`: that run proved neither.",
        "",
        f"{count['pass']} pass, {count['refused']} are refused by key, {count['fact']} bring up a fact, {count['open']} are open.",
        "",
        f"| scenario | {' | '.join(version(gateway) for gateway in GATEWAYS)} |",
        f"| --- |{' --- |' * len(GATEWAYS)}",
        *lines,
        "",
        "## Facts",
        "",
    ]
    for number, (gateway, scenario, what) in enumerate(facts, 1):
        page.append(f"{number}. `brownout run {scenario} --gateway {gateway}`: {'; '.join(what)}")
    (HOUSE / "docs/gateways/matrix.md").write_text("\n".join(page).rstrip() + "\n")
    print("\n".join(page))
    return 1 if count["error"] else 0


if __name__ == "__main__":
    sys.exit(main())
