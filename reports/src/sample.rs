//! A report with one finding of each verdict, for the tests of the formats.

use crate::{
    BackendRow, Finding, InjectionRow, Lane, LaneEvent, LatencyRow, PhaseRow, Report, TrafficRow, VERSION,
    Verdict, Witness, WitnessBar,
};

/// A run of a gateway that retries writes.
pub(crate) fn report() -> Report {
    Report {
        version: VERSION,
        brownout: "0.1.0".to_owned(),
        verdict: Verdict::Fail,
        scenario: "one backend answers 503".to_owned(),
        scenario_path: "scenarios/retry-503.toml".to_owned(),
        why: Some("reads are tried once more elsewhere; writes never are".to_owned()),
        owner: Some("edge-team".to_owned()),
        rollback: Some("set `retries 0` and reload".to_owned()),
        gateway: "haproxy".to_owned(),
        gateway_version: Some("3.0.2".to_owned()),
        simulated: false,
        seed: 7,
        run: "2026-01-09T10-22-00-one-backend-answers-503".to_owned(),
        started: "2026-01-09T10:22:00Z".to_owned(),
        length_s: 20.25,
        remarks: vec!["the machine stalled once, for 14.0 ms at 8.2 s".to_owned()],
        phases: vec![
            phase("steady", 0.0, 2750, 2750, 2751),
            phase("brownout", 5.0, 5500, 5493, 8012),
        ],
        traffic: vec![
            traffic("reads", "GET /orders/{n}", 7500),
            traffic("writes", "POST /orders", 750),
        ],
        backends: vec![backend("orders-a", 5012, 2512), backend("orders-b", 5751, 0)],
        injections: vec![InjectionRow {
            phase: "brownout".to_owned(),
            fault: "status".to_owned(),
            settings: "{ code = 503, share = 0.5 }".to_owned(),
            backends: vec!["orders-a".to_owned()],
            fired: 2512,
            delay_error_p99_ms: None,
        }],
        latencies: vec![
            latency("reads", "response", 1.0),
            latency("reads", "service", 0.5),
        ],
        findings: vec![passing(), failing(), inconclusive()],
    }
}

/// A request that was delivered twice.
pub(crate) fn witness() -> Witness {
    let events = vec![LaneEvent {
        at_ms: 6_301.0,
        what: "answer written".to_owned(),
    }];
    Witness {
        tag: 4711,
        traffic: "writes".to_owned(),
        shows: "delivered twice".to_owned(),
        client: bar(6_000.0, 6_412.5, "answered 200"),
        lag_ms: 12.5,
        attempts: vec![
            Lane {
                backend: "orders-a".to_owned(),
                number: 1,
                bar: bar(6_001.25, 6_301.25, "replied 503"),
                faults: vec!["status 503".to_owned(), "latency 300 ms".to_owned()],
                events,
            },
            Lane {
                backend: "orders-b".to_owned(),
                number: 2,
                bar: bar(6_402.75, 6_411.5, "replied 200"),
                faults: Vec::new(),
                events: Vec::new(),
            },
        ],
    }
}

fn bar(from_ms: f64, to_ms: f64, ended: &str) -> WitnessBar {
    WitnessBar {
        from_ms,
        to_ms,
        ended: ended.to_owned(),
    }
}

fn passing() -> Finding {
    Finding {
        id: "brownout/reads/attempts".to_owned(),
        expectation: "attempts".to_owned(),
        line: Some(41),
        phase: "brownout".to_owned(),
        traffic: Some("reads".to_owned()),
        from_s: 6.0,
        to_s: 15.0,
        verdict: Verdict::Pass,
        summary: "No read reached the backends more than 2 times.".to_owned(),
        observed: "at most 2 attempts".to_owned(),
        expected: "at most 2 attempts".to_owned(),
        because: "1256 reads were hit by a fault, and each was tried once more".to_owned(),
        observations: 4500,
        resolution: None,
        witnesses: Vec::new(),
    }
}

fn failing() -> Finding {
    Finding {
        id: "brownout/writes/no_replay".to_owned(),
        expectation: "no_replay".to_owned(),
        line: Some(46),
        traffic: Some("writes".to_owned()),
        verdict: Verdict::Fail,
        summary: "The gateway retried POST requests: 312 orders were delivered twice.".to_owned(),
        observed: "312 of 450 requests were replayed".to_owned(),
        expected: "no request is replayed".to_owned(),
        because: "the same tag arrived at a second backend after the first had answered 503".to_owned(),
        observations: 450,
        witnesses: vec![witness()],
        ..passing()
    }
}

fn inconclusive() -> Finding {
    Finding {
        id: "brownout/breaker".to_owned(),
        expectation: "breaker".to_owned(),
        line: None,
        traffic: None,
        verdict: Verdict::Inconclusive,
        summary: "The breaker of orders-a could not be watched.".to_owned(),
        observed: "12 requests in the window".to_owned(),
        expected: "open after 5 failures in a row".to_owned(),
        because: "only 12 exchanges were due in the settled window, 50 are needed".to_owned(),
        observations: 12,
        resolution: Some("14.0 ms".to_owned()),
        ..passing()
    }
}

fn phase(name: &str, from_s: f64, exchanges: u64, succeeded: u64, attempts: u64) -> PhaseRow {
    PhaseRow {
        name: name.to_owned(),
        from_s,
        to_s: from_s + 5.0,
        exchanges,
        succeeded,
        attempts,
    }
}

fn traffic(name: &str, request: &str, exchanges: u64) -> TrafficRow {
    TrafficRow {
        name: name.to_owned(),
        request: request.to_owned(),
        mode: "open loop".to_owned(),
        exchanges,
        skipped: 0,
        outcomes: vec![
            ("answered".to_owned(), exchanges - 7),
            ("timed out".to_owned(), 7),
        ],
        statuses: vec![(200, exchanges - 7), (0, 7)],
        lag_p50_ms: 0.125,
        lag_p99_ms: 0.75,
    }
}

fn backend(name: &str, attempts: u64, failed: u64) -> BackendRow {
    BackendRow {
        name: name.to_owned(),
        attempts,
        failed,
        connections: 16,
        probes: 10,
    }
}

fn latency(traffic: &str, time: &str, p50_ms: f64) -> LatencyRow {
    LatencyRow {
        traffic: traffic.to_owned(),
        phase: "brownout".to_owned(),
        time: time.to_owned(),
        count: 4500,
        p50_ms,
        p90_ms: 2.5,
        p99_ms: 300.5,
        p999_ms: 402.0,
        max_ms: 412.5,
    }
}
