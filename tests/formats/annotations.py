"""Checks that each line of a run's annotations is a workflow command as GitHub reads them, at a line that demands
or declares.

    annotations.py RUN

The grammar: `::NAME KEY=VALUE,KEY=VALUE::MESSAGE`. In a message `%`, CR and LF are written `%25`, `%0D`, `%0A`; in a
value also `:` and `,` as `%3A` and `%2C`.
"""

import json
import re
import sys
from pathlib import Path

COMMAND = re.compile(r"::(?P<name>error|warning|notice)(?: (?P<values>[^:]+))?::(?P<message>(?:[^%]|%25|%0D|%0A)+)")
VALUE = re.compile(r"(?P<key>title|file|line)=(?P<value>(?:[^%:,]|%25|%0D|%0A|%3A|%2C)+)")
LEVELS = {"fail": "error", "inconclusive": "warning"}


def main(run: Path) -> None:
    report = json.loads((run / "report.json").read_text())
    lines = (run / "formats" / "github").read_text().splitlines()
    found = sorted(place(*parsed(line)) for line in lines if not line.startswith("::notice "))
    demands = [(finding["id"], finding) for finding in report["findings"]]
    # A key of the policy has a mark of its own, at the line that declares it.
    keys = [(f"policy: {row['key']}", row) for finding in report["findings"] for row in finding.get("policy", [])]
    expected = sorted(
        (LEVELS[judged["verdict"]], report["scenario_path"], str(judged["line"]), title)
        for title, judged in demands + [(title, row) for title, row in keys if row.get("line")]
        if judged["verdict"] != "pass"
    )
    if found != expected:
        sys.exit(f"annotations at {found}, expected {expected}")
    source = Path(report["scenario_path"]).read_text().splitlines()
    for _, _, line, identity in found:
        words = identity.removeprefix("policy: ").split(".") if identity.startswith("policy: ") else [identity.split("/")[-1]]
        if not any(re.match(rf"{re.escape(word)}\b", source[int(line) - 1]) for word in words):
            sys.exit(f"{identity}: line {line} of the scenario is `{source[int(line) - 1]}`")
    print(f"GitHub annotations: {len(lines)} commands, {len(found)} of them at the line of an expectation or of a key")


def parsed(line: str) -> tuple[str, dict[str, str]]:
    command = COMMAND.fullmatch(line)
    if not command:
        sys.exit(f"no workflow command: {line}")
    values = {}
    for part in (command["values"] or "").split(","):
        value = VALUE.fullmatch(part)
        if not value or value["key"] in values:
            sys.exit(f"`{part}` is no value of a workflow command: {line}")
        values[value["key"]] = re.sub("%(..)", lambda code: chr(int(code[1], 16)), value["value"])
    return command["name"], values


def place(level: str, values: dict[str, str]) -> tuple[str, str, str, str]:
    return level, values["file"], values["line"], values["title"]


main(Path(sys.argv[1]))
