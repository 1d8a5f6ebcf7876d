"""Validates a run's JUnit files by the schema of Jenkins' xUnit plugin, and counts their cases against the report. The
format `xunit` must hold to it as it is, and `junit` but for the place of each test case, which the schema does not know.

    junit.py RUN SCHEMA
"""

import json
import sys
from pathlib import Path

from lxml import etree

VERDICTS = {"failure": "fail", "error": "inconclusive"}


def main(run: Path, schema_path: Path) -> None:
    schema = etree.XMLSchema(etree.parse(schema_path))
    report = json.loads((run / "report.json").read_text())
    for name in ("xunit", "junit"):
        check(name, etree.parse(run / "formats" / name), schema, report)


def check(name: str, document: etree._ElementTree, schema: etree.XMLSchema, report: dict) -> None:
    findings = {finding["id"]: finding for finding in report["findings"]}
    cases = document.findall(".//testcase")
    if sorted(case.get("name") for case in cases) != sorted(findings):
        sys.exit("the test cases are not the findings of report.json")
    for case in cases:
        finding = findings[case.get("name")]
        outcome = next((verdict for tag, verdict in VERDICTS.items() if case.find(tag) is not None), "pass")
        place = f"{report['scenario_path']}:{finding['line']}\n"
        attributes = (case.attrib.pop("file", None), case.attrib.pop("line", None))
        if attributes != ((report["scenario_path"], str(finding["line"])) if name == "junit" else (None, None)):
            sys.exit(f"{name}: {case.get('name')} stands at {attributes}")
        if outcome != finding["verdict"] or not case.findtext("system-out").startswith(place):
            sys.exit(f"{case.get('name')}: {outcome}, expected {finding['verdict']} at {place}")
    if not schema.validate(document):
        sys.exit("\n".join(f"{name}, line {error.line}: {error.message}" for error in schema.error_log))
    # A schema that takes anything would prove nothing.
    cases[0].set("unheard-of", "")
    if schema.validate(document):
        sys.exit("the schema takes an attribute that is unheard of")
    but = ", but for file and line" if name == "junit" else ""
    print(f"junit-10.xsd of Jenkins' xUnit plugin: the {len(cases)} test cases of {name} hold to it{but}")


main(Path(sys.argv[1]), Path(sys.argv[2]))
