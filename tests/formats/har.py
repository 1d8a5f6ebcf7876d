"""Validates a run's HAR file by the JSON schema of HAR 1.2, and counts what is in it against the report.

    har.py RUN SCHEMAS
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft6Validator
from referencing import Registry
from referencing.jsonschema import DRAFT6


def main(run: Path, schemas: Path) -> None:
    log = checked(json.loads((run / "har" / "run.har").read_text()), schemas)["log"]
    report = json.loads((run / "report.json").read_text())
    entries = log["entries"]
    sent = sum(row["exchanges"] - row["skipped"] for row in report["traffic"])
    attempts = sum(row["attempts"] for row in report["backends"])
    same("entries", len(entries), sent)
    same("attempts", sum(len(entry["_attempts"]) for entry in entries), attempts)
    same("pages", [page["title"] for page in log["pages"]], [phase["name"] for phase in report["phases"]])
    pages = {page["id"] for page in log["pages"]}
    for entry in entries:
        same("page", entry["pageref"] in pages, True)
        # HAR 1.2: the time of an entry is the sum of its timings without those that do not apply.
        parts = sum(part for name, part in entry["timings"].items() if part >= 0 and name != "ssl")
        same("time", round(entry["time"], 6), round(parts, 6))
    print(f"HAR 1.2 schema: {sent} entries on {len(pages)} pages hold to it, with all {attempts} attempts")


def checked(file: dict, schemas: Path) -> dict:
    parts = {path.name: DRAFT6.create_resource(json.loads(path.read_text())) for path in schemas.glob("*.json")}
    validator = Draft6Validator({"$ref": "har.json"}, registry=Registry().with_resources(parts.items()))
    for error in validator.iter_errors(file):
        sys.exit(f"{error.json_path}: {error.message}")
    # A schema that takes anything would prove nothing.
    same("an entry without a response is valid", validator.is_valid(without_response(file)), False)
    return file


def without_response(file: dict) -> dict:
    first = {name: value for name, value in file["log"]["entries"][0].items() if name != "response"}
    return {"log": {**file["log"], "entries": [first]}}


def same(what: str, found: object, expected: object) -> None:
    if found != expected:
        sys.exit(f"{what}: found {found}, expected {expected}")


main(Path(sys.argv[1]), Path(sys.argv[2]))
