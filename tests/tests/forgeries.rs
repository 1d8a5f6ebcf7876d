//! Evidence that somebody changed to let a gateway off: where two records of the same thing can be held against each other, a
//! forgery of one of them never makes a pass of a failure.

use std::collections::HashMap;

use brownout_tests::doctor::Doctored;
use brownout_tests::{complaints, judged, library, simulate};
use evidence::{Attempt, End, Evidence, Method, NO_BACKEND, Outcome, Probe, Tag, TagEcho};
use reports::Verdict;
use units::Moment;

/// A defect of the reference gateway, the scenario that catches it, and what is changed to hide it.
type Forgery = (&'static str, &'static str, &'static str, fn(&mut Evidence));

const SECOND: i64 = 1_000_000_000;

fn moved(at: Moment, by: i64) -> Moment {
    Moment(at.0 + by)
}

/// The attempts of each request, by their places.
fn by_tag(rows: &[Attempt]) -> HashMap<Tag, Vec<usize>> {
    let mut all: HashMap<Tag, Vec<usize>> = HashMap::new();
    rows.iter().enumerate().for_each(|(place, row)| all.entry(row.tag).or_default().push(place));
    all
}

/// Takes away what a request has beyond so many attempts; its answer is then said to be that of the last one that is left.
fn keep_attempts(all: &mut Evidence, most: u16, of: impl Fn(&Attempt) -> bool) {
    all.attempts.retain(|row| row.number <= most || !of(row));
    let left: HashMap<(Tag, u16), u16> =
        all.attempts.iter().map(|row| ((row.tag, row.number), row.backend)).collect();
    for row in all.exchanges.iter_mut().filter(|row| row.attempt > most) {
        if let Some(backend) = left.get(&(row.tag, most)) {
            (row.attempt, row.backend) = (most, *backend);
        }
    }
}

const FORGERIES: [Forgery; 14] = [
    ("retry-503", "same-host-retry", "failed attempts that stand with the other backend", |all| {
        let of = by_tag(&all.attempts);
        for places in of.values().filter(|places| places.len() > 1) {
            all.attempts[places[0]].backend = u16::from(all.attempts[places[0]].backend == 0);
        }
    }),
    ("retry-never-posts", "retries-post", "second attempts of writes that are gone", |all| {
        keep_attempts(all, 1, |row| row.method == Method::Post);
    }),
    ("retry-never-posts", "retries-post", "second attempts of writes that are health checks", |all| {
        let second = |row: &&Attempt| row.method == Method::Post && row.number > 1;
        let probes = all.attempts.iter().filter(second).map(|row| Probe {
            status: row.status,
            ended: row.ended,
            ..Probe::new(row.backend, 1, row.arrived)
        });
        all.probes.extend(probes.collect::<Vec<_>>());
        keep_attempts(all, 1, |row| row.method == Method::Post);
    }),
    (
        "retry-never-posts",
        "retries-post",
        "second attempts of writes that stand with another request",
        |all| {
            let of = by_tag(&all.attempts);
            let free: Vec<Tag> = all
                .exchanges
                .iter()
                .map(|row| row.tag)
                .filter(|tag| of.get(tag).is_none_or(Vec::is_empty))
                .collect();
            let mut free = free.into_iter();
            for places in of.values().filter(|places| places.len() > 1) {
                let row = &mut all.attempts[places[1]];
                if row.method == Method::Post {
                    row.tag = free.next().unwrap_or(Tag(row.tag.0 + 1));
                }
            }
        },
    ),
    ("retry-503", "one-retry-too-many", "last attempts that are gone", |all| {
        keep_attempts(all, 2, |_| true);
    }),
    ("retry-503", "makes-up-answers", "answers of the gateway that name a backend", |all| {
        let of = by_tag(&all.attempts);
        for row in all.exchanges.iter_mut().filter(|row| row.backend == NO_BACKEND && row.status == 200) {
            if let Some(last) = of.get(&row.tag).and_then(|places| places.last()) {
                let last = &all.attempts[*last];
                (row.backend, row.attempt, row.echo) = (last.backend, last.number, TagEcho::Same);
            }
        }
    }),
    ("retry-never-posts", "errors-as-200", "backends that had answered 200", |all| {
        for row in all.attempts.iter_mut().filter(|row| row.status >= 500) {
            row.status = 200;
        }
    }),
    ("steady-state", "swaps-answers", "answers that echo the right tag", |all| {
        all.exchanges
            .iter_mut()
            .filter(|row| row.echo == TagEcho::Other)
            .for_each(|row| row.echo = TagEcho::Same);
    }),
    ("retry-503", "no-retry", "errors that the client saw as successes", |all| {
        for row in all.exchanges.iter_mut().filter(|row| row.status >= 500) {
            (row.status, row.outcome) = (200, Outcome::Complete);
        }
    }),
    ("retry-503", "no-retry", "attempts that no fault hit", |all| {
        all.attempts.iter_mut().for_each(|row| (row.injections, row.effective) = (0, 0));
    }),
    ("breaker-trips-and-recovers", "breaker-never-recovers", "an outage that was a second later", |all| {
        let late = |row: &mut Attempt| {
            (row.arrived, row.ended) = (moved(row.arrived, SECOND), moved(row.ended, SECOND));
            row.replied = row.replied.map(|at| moved(at, SECOND));
            row.body_done = row.body_done.map(|at| moved(at, SECOND));
        };
        all.attempts.iter_mut().for_each(late);
        for row in &mut all.exchanges {
            (row.due, row.sent, row.done) =
                (moved(row.due, SECOND), moved(row.sent, SECOND), moved(row.done, SECOND));
            row.first_byte = row.first_byte.map(|at| moved(at, SECOND));
        }
    }),
    (
        "breaker-trips-and-recovers",
        "breaker-never-trips",
        "attempts that are gone while it should be open",
        |all| {
            let first = all
                .attempts
                .iter()
                .filter(|row| row.status >= 500)
                .map(|row| row.arrived.0)
                .min()
                .unwrap_or(0);
            all.attempts.retain(|row| row.status < 500 || row.arrived.0 < first + SECOND / 5);
            let left = by_tag(&all.attempts);
            for row in all.exchanges.iter_mut().filter(|row| !left.contains_key(&row.tag)) {
                (row.backend, row.attempt, row.echo, row.status) = (NO_BACKEND, 0, TagEcho::Absent, 503);
            }
        },
    ),
    ("slow-upstream-timeout", "ignores-timeout", "attempts that end when they should", |all| {
        for row in all.attempts.iter_mut().filter(|row| row.ended.0 - row.arrived.0 > SECOND / 2) {
            (row.ended, row.end) = (moved(row.arrived, SECOND / 2), End::AbandonedFin);
        }
    }),
    ("retry-never-posts", "retries-post", "writes that were reads", |all| {
        for row in all.exchanges.iter_mut().filter(|row| row.class == 1) {
            row.class = 0;
        }
    }),
];

#[test]
fn no_forgery_of_one_record_makes_a_pass_of_a_failure() {
    let mut wrong = Vec::new();
    for (scenario, defect, what, forge) in FORGERIES {
        let out = tempfile::tempdir().unwrap();
        let set = format!("gateway.reference.defects=[\"{defect}\"]");
        let honest = simulate(library(scenario), &[&set], 1, out.path());
        assert_eq!(honest.verdict, Verdict::Fail, "{scenario} with {defect}");
        let report = judged(&Doctored::only_run_in(out.path()).evidence(forge).save());
        if report.verdict == Verdict::Pass {
            wrong.push(format!("{scenario} with {defect}, {what}\n{}", complaints(&report)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
