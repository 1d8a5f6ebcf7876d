//! A report with one finding of each verdict, for the tests of the formats.

use crate::{
    BackendItem, BackendRow, Band, BreakerState, BreakerStretch, BreakerStrip, CountLine, Distribution,
    Finding, Heat, HeatRow, InjectionRow, Inventory, Lane, LaneEvent, LatencyRow, PhaseRow, QuantileLines,
    Report, Series, TrafficRow, VERSION, Verdict, Witness, WitnessBar,
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
        phases: vec![phase("steady", 0.0, 2750, 2750, 2751), phase("brownout", 5.0, 5500, 5493, 8012)],
        traffic: vec![traffic("reads", "GET /orders/{n}", 7500), traffic("writes", "POST /orders", 750)],
        backends: vec![backend("orders-a", 5012, 2512), backend("orders-b", 5751, 0)],
        injections: vec![InjectionRow {
            phase: "brownout".to_owned(),
            fault: "status".to_owned(),
            settings: "{ code = 503, share = 0.5 }".to_owned(),
            backends: vec!["orders-a".to_owned()],
            fired: 2512,
            delay_error_p99_ms: None,
        }],
        latencies: vec![latency("reads", "response", 1.0), latency("reads", "service", 0.5)],
        findings: vec![passing(), failing(), inconclusive()],
        unasked: Vec::new(),
        overrides: Vec::new(),
        series: series(40),
        bands: vec![Band {
            injection: 0,
            name: "status".to_owned(),
            backends: vec!["orders-a".to_owned()],
            from_s: 5.0,
            to_s: 10.0,
        }],
        breakers: vec![strip("orders-a"), unknown_strip("orders-b")],
        distributions: vec![distribution("response"), distribution("service")],
        behaviour: crate::Behaviour::default(),
        inventory: inventory(),
    }
}

/// A request that was delivered twice.
pub(crate) fn witness() -> Witness {
    let events = vec![LaneEvent { at_ms: 6_301.0, what: "answer written".to_owned() }];
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
    WitnessBar { from_ms, to_ms, ended: ended.to_owned() }
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
        ..Finding::default()
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
    PhaseRow { name: name.to_owned(), from_s, to_s: from_s + 5.0, exchanges, succeeded, attempts }
}

fn traffic(name: &str, request: &str, exchanges: u64) -> TrafficRow {
    TrafficRow {
        name: name.to_owned(),
        request: request.to_owned(),
        mode: "open loop".to_owned(),
        exchanges,
        skipped: 0,
        outcomes: vec![("answered".to_owned(), exchanges - 7), ("timed out".to_owned(), 7)],
        statuses: vec![(200, exchanges - 7), (0, 7)],
        lag_p50_ms: 0.125,
        lag_p99_ms: 0.75,
    }
}

fn backend(name: &str, attempts: u64, failed: u64) -> BackendRow {
    BackendRow { name: name.to_owned(), attempts, failed, connections: 16, probes: 10 }
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

/// A run of so many bins.
pub(crate) fn series(bins: usize) -> Series {
    let counts = |base: u64| (0..bins as u64).map(|bin| base + bin % 7).collect::<Vec<u64>>();
    let line = |name: &str, base: u64| CountLine { name: name.to_owned(), counts: counts(base) };
    let times = |base: f64| {
        (0..bins).map(|bin| (bin % 11 != 10).then_some(base + bin as f64)).collect::<Vec<Option<f64>>>()
    };
    let row = |from_ms: f64| HeatRow { from_ms, to_ms: from_ms * 2.0, counts: counts(0) };
    Series {
        bins,
        bin_s: 0.5,
        end_s: 0.5 * bins as f64,
        outcomes: vec![line("succeeded", 100), line("error made by the gateway", 3)],
        attempts: vec![line("orders-a", 80), line("orders-b", 90)],
        response: QuantileLines {
            p50_ms: times(1.0),
            p90_ms: times(2.0),
            p99_ms: times(20.0),
            max_ms: times(300.0),
        },
        heat: Heat { rows: vec![row(1.0), row(2.0), row(4.0)] },
        attempts_mean: times(1.0),
        attempts_max: counts(1),
        in_flight_max: counts(2),
        lag_p99_ms: times(0.25),
        hiccup_max_ms: vec![0.0; bins],
    }
}

fn strip(backend: &str) -> BreakerStrip {
    let stretch = |from_s: f64, to_s: f64, state: BreakerState| BreakerStretch { from_s, to_s, state };
    BreakerStrip {
        backend: backend.to_owned(),
        stretches: vec![
            stretch(0.0, 6.0, BreakerState::Closed),
            stretch(6.0, 8.0, BreakerState::Open),
            stretch(8.0, 8.25, BreakerState::Probing),
            stretch(8.25, 20.0, BreakerState::Closed),
        ],
        unknown: None,
    }
}

fn unknown_strip(backend: &str) -> BreakerStrip {
    BreakerStrip {
        backend: backend.to_owned(),
        stretches: Vec::new(),
        unknown: Some("it gets too little traffic".to_owned()),
    }
}

fn distribution(time: &str) -> Distribution {
    Distribution {
        traffic: "reads".to_owned(),
        phase: "brownout".to_owned(),
        time: time.to_owned(),
        buckets: vec![(1_007, 4_000), (2_527, 400), (301_055, 99), (413_695, 1)],
    }
}

fn inventory() -> Inventory {
    let backend = |name: &str| BackendItem { name: name.to_owned(), address: None, weight: 1, priority: 0 };
    Inventory {
        gateway_address: Some("127.0.0.1:18080".to_owned()),
        backends: vec![backend("orders-a"), backend("orders-b")],
        policy: Some("{ \"retry\": { \"attempts\": 2 } }".to_owned()),
        configuration: None,
        scenario: Some("name = \"one backend answers 503\"\n".to_owned()),
        machine: Some("Linux 6.1, x86_64, 8 cores".to_owned()),
        limits: vec![("exchanges".to_owned(), "10000000".to_owned())],
    }
}
