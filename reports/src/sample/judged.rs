//! The findings of the sample, one of each verdict and one of the expectation `policy`.

use crate::{Estimate, Finding, Lane, LaneEvent, PolicyRow, SetAside, Unasked, Verdict, Witness, WitnessBar};

/// The findings.
pub(super) fn findings() -> Vec<Finding> {
    vec![passing(), failing(), inconclusive(), policy()]
}

/// What was seen, but demanded by nobody.
pub(super) fn unasked() -> Vec<Unasked> {
    vec![Unasked {
        phase: "steady".to_owned(),
        traffic: Some("writes".to_owned()),
        what: "24 POST requests were delivered twice".to_owned(),
        count: 24,
        witnesses: vec![witness()],
    }]
}

/// A request that was delivered twice.
pub(crate) fn witness() -> Witness {
    let events = vec![LaneEvent { at_ms: 6_301.0, what: "answer written".to_owned() }];
    Witness {
        tag: 4711,
        traffic: "writes".to_owned(),
        shows: "delivered twice".to_owned(),
        logged: None,
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
        exposures: 1244,
        excludes: Some(0.0024),
        set_aside: vec![SetAside {
            why: "at the edge of a phase".to_owned(),
            count: 12,
            ended: vec![("answered 200".to_owned(), 9), ("answered 503".to_owned(), 3)],
        }],
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
        exposures: 450,
        excludes: None,
        set_aside: Vec::new(),
        estimates: vec![Estimate {
            what: "requests that were replayed".to_owned(),
            value: Some(312.0 / 450.0),
            low: 0.6485,
            high: 0.7352,
            unit: "share".to_owned(),
            confidence: 0.95,
        }],
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
        exposures: 0,
        excludes: None,
        resolution: Some("14.0 ms".to_owned()),
        set_aside: vec![SetAside {
            why: "in a stall of the machine".to_owned(),
            count: 3,
            ended: vec![("answered 503".to_owned(), 3)],
        }],
        remedy: Some("let `brownout` last at least 40 s, or raise `writes` to 50/s".to_owned()),
        ..passing()
    }
}

fn policy() -> Finding {
    let row = |key: &str, declared: &str, observed: &str, verdict: Verdict, because: &str| PolicyRow {
        estimates: Vec::new(),
        key: key.to_owned(),
        declared: declared.to_owned(),
        observed: observed.to_owned(),
        verdict,
        because: because.to_owned(),
        exposures: 1256,
        line: Some(9),
        source: None,
    };
    let timer = "a timer that fires early or late by a tenth would have shown";
    let idle = PolicyRow {
        estimates: Vec::new(),
        exposures: 0,
        line: Some(11),
        ..row("breaker.open_for", "5s", "the breaker never opened", Verdict::Inconclusive, "no case")
    };
    Finding {
        id: "brownout/policy".to_owned(),
        expectation: "policy".to_owned(),
        line: Some(50),
        traffic: None,
        verdict: Verdict::Fail,
        summary: "1 of 3 keys of the policy is not what the gateway does: `retry.methods`.".to_owned(),
        observed: "1 key as declared, 1 otherwise, 1 can't be told".to_owned(),
        expected: "every key of the policy as declared".to_owned(),
        because: "`retry.methods`: POST was retried as well".to_owned(),
        observations: 4950,
        exposures: 1256,
        excludes: None,
        set_aside: Vec::new(),
        policy: vec![
            row("timeout.per_try", "300ms", "301.2 ms (299.0 – 304.5 ms)", Verdict::Pass, timer),
            row("retry.methods", "[\"GET\"]", "GET, POST", Verdict::Fail, "POST was retried as well"),
            idle,
        ],
        ..passing()
    }
}
