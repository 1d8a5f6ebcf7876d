//! A comparison with a row of each word, for the tests of the formats.

use super::{COMPARISON_VERSION, Change, Comparison, Course, Group, Overlay, Side, Word};

/// A gateway that began to retry writes.
pub(crate) fn comparison() -> Comparison {
    let changes = vec![
        Change {
            id: "brownout/writes/attempts/mean".to_owned(),
            what: "attempts for a request, writes in brownout".to_owned(),
            before: "1.000".to_owned(),
            after: "1.250".to_owned(),
            word: Word::Changed,
            course: Some(Course::Worse),
            because: "difference 0.190 to 0.310 (99 % interval); chance does not explain it".to_owned(),
            matters: true,
            ..row()
        },
        Change {
            id: "brownout/all/backend/orders-b".to_owned(),
            what: "attempts that reached orders-b, all in brownout".to_owned(),
            before: "50.0 %".to_owned(),
            after: "58.2 %".to_owned(),
            word: Word::Changed,
            course: Some(Course::Open),
            because: "difference 6.20 percentage points to 10.2 percentage points (99 % interval); chance does not \
                      explain it"
                .to_owned(),
            ..row()
        },
        Change {
            id: "brownout/writes/response/p99".to_owned(),
            group: Group::Latency,
            what: "response time p99, writes in brownout".to_owned(),
            before: "12.0 ms".to_owned(),
            after: "13.1 ms".to_owned(),
            word: Word::CantTell,
            because: "it rests on 400 observations".to_owned(),
            needed: Some("about 1 000 observations instead of 400 would tell".to_owned()),
            ..row()
        },
        row(),
    ];
    Comparison {
        version: COMPARISON_VERSION,
        scenario: "one backend answers 503".to_owned(),
        before: side("2026-01-09-one", 7),
        after: side("2026-01-10-two", 8),
        answer: Comparison::answer_of(&changes),
        method: vec!["4 figures were compared.".to_owned()],
        remarks: vec!["after: the machine stalled once".to_owned()],
        changes,
        overlays: vec![Overlay {
            what: "response time of writes in brownout".to_owned(),
            before: vec![(1_000, 300), (2_000, 90), (12_000, 10)],
            after: vec![(1_000, 200), (2_000, 150), (300_000, 50)],
        }],
    }
}

fn row() -> Change {
    Change {
        id: "brownout/reads/succeeded".to_owned(),
        group: Group::Behaviour,
        what: "requests that succeeded, reads in brownout".to_owned(),
        before: "99.9 %".to_owned(),
        after: "99.8 %".to_owned(),
        word: Word::Same,
        course: None,
        because: "no difference to ± 1.00 percentage points".to_owned(),
        needed: None,
        matters: false,
    }
}

fn side(run: &str, seed: u64) -> Side {
    Side {
        run: run.to_owned(),
        started: "2026-01-09T10:22:00Z".to_owned(),
        gateway: "haproxy 3.0.2".to_owned(),
        seed,
        simulated: false,
    }
}
