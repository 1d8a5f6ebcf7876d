"""Validates a run's SARIF file by the JSON schema of SARIF 2.1.0, and counts its results against the report.

    sarif.py RUN SCHEMA
"""

import copy
import json
import sys
from pathlib import Path

from jsonschema import Draft4Validator


def main(run: Path, schema: Path) -> None:
    document = json.loads((run / "formats" / "sarif").read_text())
    validator = Draft4Validator(json.loads(schema.read_text()))
    for error in validator.iter_errors(document):
        sys.exit(f"{error.json_path}: {error.message}")
    report = json.loads((run / "report.json").read_text())
    results = document["runs"][0]["results"]
    same("results", len(results), expected(report))
    # A schema that takes anything would prove nothing.
    wrong = copy.deepcopy(document)
    wrong["runs"][0]["results"] = [{"ruleId": "x"}]
    same("a result without a message is valid", validator.is_valid(wrong), False)
    rules = {rule["id"] for rule in document["runs"][0]["tool"]["driver"]["rules"]}
    fingerprints = set()
    for result in results:
        same("rule", result["ruleId"] in rules, True)
        fingerprints.add(tuple(result["partialFingerprints"].items()))
        place = result["locations"][0]["physicalLocation"]
        same("path", place["artifactLocation"]["uri"].startswith("/"), False)
        lines = Path(place["artifactLocation"]["uri"]).read_text().splitlines()
        same("line", place["region"]["startLine"] <= len(lines), True)
    same("fingerprints", len(fingerprints), len(results))
    print(f"SARIF 2.1.0 schema: {len(results)} results hold to it, by {len(rules)} rules")


def expected(report: dict) -> int:
    """Each finding that did not pass, but of a declared policy each key that did not."""
    count = 0
    for finding in report["findings"]:
        keys = [row for row in finding["policy"] if row["verdict"] != "pass"]
        count += len(keys) if keys else int(finding["verdict"] != "pass")
    return count or int(report["verdict"] != "pass")


def same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


main(Path(sys.argv[1]), Path(sys.argv[2]))
