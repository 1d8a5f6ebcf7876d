//! A report with one finding of each verdict, for the tests of the formats.

mod judged;

pub(crate) use judged::witness;

use crate::{
    BackendItem, BackendRow, Band, BreakerState, BreakerStretch, BreakerStrip, CountLine, CounterRow,
    Distribution, GatewayMetrics, Heat, HeatRow, InjectionRow, Inventory, LatencyRow, PhaseRow,
    QuantileLines, Report, Series, TrafficRow, VERSION, Verdict,
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
        findings: judged::findings(),
        unasked: judged::unasked(),
        overrides: Vec::new(),
        series: series(40),
        actions: vec![crate::ActionRow {
            kind: "reload".into(),
            settings: "{ backends = [\"orders-a\"] }".into(),
            phase: "brownout".into(),
            from_s: 7.0,
            to_s: Some(7.125),
            outcome: "done".into(),
            said: None,
        }],
        metrics: Some(metrics()),
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

fn metrics() -> GatewayMetrics {
    GatewayMetrics {
        scrapes: 22,
        failed: 1,
        why: Some("no answer in time".into()),
        counters: vec![CounterRow {
            what: "retries".into(),
            series: "haproxy_backend_retry_warnings_total{proxy=\"pool\"}".into(),
            counted: 2490.0,
            recorded: 2505,
            recorded_max: Some(2520),
        }],
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
        configuration_made: None,
        scenario: Some("name = \"one backend answers 503\"\n".to_owned()),
        machine: Some("Linux 6.1, x86_64, 8 cores".to_owned()),
        limits: vec![("exchanges".to_owned(), "10000000".to_owned())],
    }
}
