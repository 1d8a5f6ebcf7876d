"""Computes figures of a run's report from its exported tables with DuckDB, and insists that they are the same.

    tables.py RUN parquet|csv
"""

import json
import re
import sys
from pathlib import Path

import duckdb

QUANTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999, "max_ms": 1.0}


def main(run: Path, form: str) -> None:
    report = json.loads((run / "report.json").read_text())
    tables = duckdb.connect()
    for name in ("exchanges", "attempts"):
        tables.execute(f"create view {name} as select * from read_{form}('{run / form / name}.{form}')")
    same("attempts per backend", attempts(tables, report), [row["attempts"] for row in report["backends"]])
    same("succeeded per phase", succeeded(tables, report), [row["succeeded"] for row in report["phases"]])
    replays = [finding for finding in report["findings"] if finding["expectation"] == "no_replay"]
    for finding in replays:
        same(finding["id"], duplicates(tables, report, finding), leading_number(finding["observed"]))
    expected = [row[key] for row in report["latencies"] for key in QUANTILES]
    same("latency quantiles", quantiles(tables, report), expected)
    if not any(1 < value for value in expected) and not any(leading_number(f["observed"]) for f in replays):
        sys.exit("the run has neither latencies nor duplicates: it could prove nothing")
    words = f"attempts of {len(report['backends'])} backends, successes of {len(report['phases'])} phases"
    words += f", {len(expected)} quantiles"
    for finding in replays:
        words += f", the {leading_number(finding['observed'])} duplicate POSTs of {finding['phase']}"
    print(f"DuckDB {duckdb.__version__} finds in {form} what report.json says: {words}")


def same(what: str, found: object, reported: object) -> None:
    if found != reported:
        sys.exit(f"{what}: the tables say {found}, report.json says {reported}")


def leading_number(text: str) -> int:
    return int(re.match(r"[\d\s,]+", text)[0].replace(",", "").replace(" ", ""))


def nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def one(tables: duckdb.DuckDBPyConnection, query: str, *values: object) -> int:
    return tables.execute(query, values).fetchone()[0]


def attempts(tables: duckdb.DuckDBPyConnection, report: dict) -> list[int]:
    query = "select count(*) from attempts where backend = ?"
    return [one(tables, query, row["name"]) for row in report["backends"]]


def succeeded(tables: duckdb.DuckDBPyConnection, report: dict) -> list[int]:
    query = """
        select count(*) from exchanges
        where outcome in ('complete', 'close_delimited') and status between 100 and 399 and due_ns >= ? and due_ns < ?
    """
    return [one(tables, query, nanoseconds(p["from_s"]), nanoseconds(p["to_s"])) for p in report["phases"]]


def duplicates(tables: duckdb.DuckDBPyConnection, report: dict, finding: dict) -> int:
    """Requests due in the finding's window that arrived again after they had arrived whole."""
    query = """
        with ordered as (
            select tag, body_done_ns is not null as whole,
                row_number() over (partition by tag order by arrived_ns, number) as nth
            from attempts
        ),
        deliveries as (select tag, min(nth) filter (whole) as first, max(nth) as last from ordered group by tag)
        select count(*) from exchanges join deliveries using (tag)
        where traffic = ? and due_ns >= ? and due_ns < ? and last > first
    """
    return one(tables, query, finding["traffic"], nanoseconds(finding["from_s"]), nanoseconds(finding["to_s"]))


def quantiles(tables: duckdb.DuckDBPyConnection, report: dict) -> list[float]:
    """By nearest rank: the ⌈q·n⌉-th shortest of n times in whole microseconds, at least one, of what was sent.

    The report takes them from a histogram of three significant digits, which gives the upper end of a step.
    """
    phases = {row["name"]: row for row in report["phases"]}
    found = []
    for row in report["latencies"]:
        phase, since = phases[row["phase"]], {"response": "due", "service": "sent"}[row["time"]]
        query = f"""
            select quantile_disc(greatest((done_ns - {since}_ns) // 1000, 1), ?) from exchanges
            where traffic = ? and due_ns >= ? and due_ns < ? and outcome <> 'skipped'
        """
        window = row["traffic"], nanoseconds(phase["from_s"]), nanoseconds(phase["to_s"])
        found += [step_end(one(tables, query, share, *window)) / 1e3 for share in QUANTILES.values()]
    return found


def step_end(microseconds: int) -> int:
    step = 1 << max(0, microseconds.bit_length() - 11)
    return microseconds // step * step + step - 1


main(Path(sys.argv[1]), sys.argv[2])
