//! What other gateways were seen to do, made from a recorded run by changing its rows: the verdict must be theirs.

use brownout_tests::case::{Case, assert_not, assert_verdict};
use brownout_tests::doctor::Doctored;
use evidence::{Attempt, BodyCheck, End, Exchange, Outcome, Probe, TagEcho};
use reports::{Report, Verdict};
use units::Moment;

const RETRY: &str = r#"retry = { attempts = 2, on = ["503"], methods = ["GET", "POST"] }"#;

/// A moment in seconds of the run: the outage lasts from 3 to 11, the run to 16.
fn second(at: f64) -> Moment {
    Moment((at * 1e9) as i64)
}

/// A total outage in which each read is tried twice.
fn retried(demand: &str) -> Case {
    Case::expecting(&format!("in = \"outage\"\n{demand}")).policy(RETRY)
}

/// The record does not hang together: nothing is proven, and what is missing is said.
#[track_caller]
fn assert_broken(report: &Report, words: &str) {
    assert_verdict(report, Verdict::Inconclusive);
    assert!(report.remarks.iter().any(|remark| remark.contains(words)), "{:?}", report.remarks);
}

/// D5 and D5b: the answers are witnesses against arrivals that are missing.
#[test]
fn arrivals_that_are_missing_from_the_table_prove_nothing() {
    let second = retried("attempts = { max = 1 }")
        .doctored(|run| run.attempts(|rows| rows.retain(|row| row.number == 1)));
    assert_broken(&second, "attempt");
    let first = retried("attempts = { max = 1 }")
        .doctored(|run| run.attempts(|rows| rows.retain(|row| row.number != 1)));
    assert_broken(&first, "attempt");
}

/// D4b: tags are dense, and a gap is a lost row.
#[test]
fn failed_requests_that_are_missing_from_the_table_prove_nothing() {
    let report = retried("availability = { min = 0.1 }")
        .doctored(|run| run.exchanges(|rows| rows.retain(|row| row.status < 500 || row.tag.0 % 40 == 0)));
    assert_broken(&report, "not on record");
}

/// D2: other bytes of the same length, in every attempt alike.
#[test]
fn a_request_body_of_other_bytes_of_the_same_length_fails() {
    let writes =
        "[traffic.writes]\nrequest = \"POST /items\"\nrate = \"200/s\"\nbody = { size = \"1KiB\" }\n";
    let case = retried("integrity = {}").traffic(writes);
    case.passes();
    let report =
        case.doctored(|run| run.attempts(|rows| rows.iter_mut().for_each(|row| row.body_hash ^= 0xFF)));
    assert_verdict(&report, Verdict::Fail);
}

/// D1, D1c and W7: Caddy tries a POST again without its body, chunked, also where every backend fails.
#[test]
fn a_write_that_is_tried_again_without_its_body_fails() {
    let writes = "[traffic.writes]\nrequest = \"POST /items\"\nrate = \"200/s\"\nbody = { size = \"1KiB\", framing = \"chunked\" }\n";
    let empty_hash = evidence::body_hash(b"");
    let emptied = |ends: fn(&mut Attempt)| {
        retried("integrity = {}").traffic(writes).doctored(move |run| {
            run.attempts(|rows| {
                for row in rows.iter_mut().filter(|row| row.number > 1) {
                    (row.received, row.body_hash, row.declared) = (0, empty_hash, None);
                    ends(row);
                }
            })
        })
    };
    assert_verdict(&emptied(|_| {}), Verdict::Fail);
    let starved = emptied(|row| {
        (row.body_done, row.replied, row.end, row.status) = (None, None, End::RequestCut, 0);
    });
    assert_not(&starved, Verdict::Pass);
}

/// D3: Zentinel sends bytes that are not the backend's before it breaks off.
#[test]
fn foreign_bytes_in_a_body_that_breaks_off_fail() {
    let report = Case::expecting("in = \"steady\"\nintegrity = {}").doctored(|run| {
        run.exchanges(|rows| {
            for row in rows.iter_mut().filter(|row| row.tag.0 % 10 == 0 && row.due < second(3.0)) {
                (row.outcome, row.body) = (Outcome::EofInBody, BodyCheck::Altered);
            }
        })
    });
    assert_verdict(&report, Verdict::Fail);
}

/// D6: what is shed is looked at by `status` and by `shed`.
#[test]
fn what_is_shed_late_and_with_another_status_fails() {
    for demand in ["status = { of = [503] }", "shed = { of = [503], within = \"100ms\" }"] {
        let breaker = "breaker = { trip = { consecutive = 5 }, open_for = \"1s\" }";
        let case = Case::expecting(&format!("in = \"outage\"\n{demand}")).policy(breaker);
        case.passes();
        case.defect("slow-shed").fails();
    }
}

/// Everything after the outage takes `millis` longer.
fn slowed(run: Doctored, millis: i64) -> Doctored {
    run.exchanges(|rows| {
        for row in rows.iter_mut().filter(|row| row.due >= second(11.1) && row.due < second(15.0)) {
            row.done.0 += millis * 1_000_000;
            row.first_byte = row.first_byte.map(|at| Moment(at.0 + millis * 1_000_000));
        }
    })
}

/// D7 and D8: success and arrivals are back, and the gateway is not.
#[test]
fn answers_that_stay_slow_or_requests_that_go_on_being_sent_again_are_not_stable() {
    let stable = Case::expecting("in = \"after\"\nstable_after = { within = \"1s\" }").policy(RETRY);
    let demand = stable.checked();
    assert!(demand.is_ok(), "{demand:?}");
    assert_verdict(&stable.doctored(|run| slowed(run, 500)), Verdict::Fail);
    let tripled = stable.doctored(|run| {
        run.attempts(|rows| {
            let again: Vec<Attempt> = rows
                .iter()
                .filter(|row| row.arrived >= second(11.1))
                .flat_map(|row| [2, 3].map(|number| Attempt { number, ..row.clone() }))
                .collect();
            rows.extend(again);
        })
    });
    assert_not(&tripled, Verdict::Pass);
}

/// D9: HAProxy tries again 600 ms after the client has left.
#[test]
fn a_request_that_is_tried_again_long_after_its_client_left_fails() {
    let report = retried("attempts = { max = 2 }").doctored(|run| {
        run.evidence(|all| {
            let left: Vec<Exchange> = all
                .exchanges
                .iter()
                .filter(|row| row.tag.0 % 4 == 0 && row.due >= second(4.0))
                .cloned()
                .collect();
            for row in left.iter().filter(|row| row.due < second(10.0)) {
                let mut last =
                    all.attempts.iter().filter(|attempt| attempt.tag == row.tag).cloned().collect::<Vec<_>>();
                last.sort_by_key(|attempt| attempt.number);
                let Some(zombie) = last.pop() else { continue };
                all.attempts.retain(|attempt| attempt.tag != row.tag || attempt.number != zombie.number);
                let later = |at: Moment| Moment(at.0 + 600_000_000);
                all.attempts.push(Attempt {
                    arrived: later(zombie.arrived),
                    body_done: zombie.body_done.map(later),
                    replied: zombie.replied.map(later),
                    ended: later(zombie.ended),
                    ..zombie
                });
            }
            for row in all.exchanges.iter_mut().filter(|row| left.iter().any(|left| left.tag == row.tag)) {
                if row.due < second(10.0) {
                    (row.outcome, row.status, row.backend, row.attempt) =
                        (Outcome::ClientTimeout, 0, evidence::NO_BACKEND, 0);
                    (row.first_byte, row.echo, row.body) = (None, TagEcho::Absent, BodyCheck::Unknown);
                    row.body_hash = None;
                }
            }
        })
    });
    assert_verdict(&report, Verdict::Fail);
}

/// D10: a backend is let go 2.7 s after the client has left.
#[test]
fn a_backend_that_is_kept_at_work_for_a_client_that_left_is_told() {
    let left = Case::expecting("in = \"outage\"\navailability = { min = 0.4 }")
        .traffic("[traffic.reads]\nrequest = \"GET /items/{n}\"\nrate = \"200/s\"\ndeadline = \"200ms\"\n")
        .fault("on = [\"a\"]\nhang = {}");
    let told = |report: &Report| report.unasked.iter().any(|row| row.what.contains("kept a backend at work"));
    assert!(!told(&left.report()), "{:?}", left.report().unasked);
    let report = left.doctored(|run| {
        run.attempts(|rows| {
            for row in rows.iter_mut().filter(|row| row.end != End::Replied) {
                row.ended.0 += 2_700_000_000;
            }
        })
    });
    assert!(told(&report), "{:?}", report.unasked);
}

/// W3: two routes, and no request for the backend of the second one.
#[test]
fn a_backend_whose_route_gets_no_requests_has_not_gone_silent() {
    let demand = "breaker = { trips_after = { consecutive = 5 }, open_for = \"1s\" }";
    let report = Case::expecting(&format!("in = \"outage\"\n{demand}"))
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"1s\" }")
        .backends("[backend.a]\n[backend.b]\n[backend.c]\n")
        .rate("600/s")
        .fault("on = [\"a\"]\nstatus = { code = 503 }")
        .doctored(|run| {
            run.attempts(|rows| rows.iter_mut().for_each(|row| row.backend = row.backend.min(1))).exchanges(
                |rows| {
                    for row in rows.iter_mut().filter(|row| row.answered_by_backend()) {
                        row.backend = row.backend.min(1);
                    }
                },
            )
        });
    assert_verdict(&report, Verdict::Pass);
}

/// m10: of its 50 % a backend gets 15 % back.
#[test]
fn a_backend_that_gets_a_part_of_its_traffic_back_has_not_returned() {
    let breaker = "breaker = { trip = { consecutive = 5 }, open_for = \"1s\" }";
    let demand =
        "breaker = { trips_after = { consecutive = 5 }, open_for = \"1s\", recovers_within = \"3s\" }";
    for expect in
        [format!("in = \"outage\"\n{demand}"), "in = \"after\"\nrecovery = { within = \"3s\" }".into()]
    {
        let case = Case::expecting(&expect).policy(breaker).fault("on = [\"a\"]\nstatus = { code = 503 }");
        case.passes();
        let report = case.doctored(|run| {
            // Seven in ten of what came back to the first backend go to the second one instead.
            let elsewhere = |at: Moment, tag: u64| at >= second(12.1) && tag % 20 < 14;
            run.attempts(|rows| {
                for row in rows.iter_mut().filter(|row| elsewhere(row.arrived, row.tag.0)) {
                    row.backend = 1;
                }
            })
            .exchanges(|rows| {
                for row in
                    rows.iter_mut().filter(|row| elsewhere(row.sent, row.tag.0) && row.answered_by_backend())
                {
                    row.backend = 1;
                }
            })
        });
        assert_verdict(&report, Verdict::Fail);
    }
}

/// m5: hedging, whose loser is cancelled after 100 ms, is no early timer.
#[test]
fn the_loser_of_a_hedge_is_no_early_timer() {
    let case = Case::expecting("in = \"outage\"\ntimeout = { per_try = \"300ms\" }")
        .policy("timeout = { per_try = \"300ms\" }")
        .fault("on = [\"a\"]\nhang = {}");
    let report = case.doctored(|run| {
        run.evidence(|all| {
            let mut hedged = Vec::new();
            for row in all.attempts.iter_mut().filter(|row| row.end != End::Replied && row.tag.0 % 2 == 0) {
                row.ended = Moment(row.arrived.0 + 102_000_000);
                let winner = Attempt { number: 2, backend: 1, ..row.clone() };
                hedged.push(Attempt {
                    arrived: Moment(row.arrived.0 + 100_000_000),
                    body_done: Some(Moment(row.arrived.0 + 100_000_000)),
                    injections: 0,
                    effective: 0,
                    status: 200,
                    planned: evidence::Planned::Answer,
                    replied: Some(Moment(row.arrived.0 + 101_000_000)),
                    ended: Moment(row.arrived.0 + 101_000_000),
                    end: End::Replied,
                    ..winner
                });
            }
            for row in &mut all.exchanges {
                if let Some(winner) = hedged.iter().find(|winner| winner.tag == row.tag) {
                    (row.outcome, row.status, row.backend, row.attempt) = (Outcome::Complete, 200, 1, 2);
                    row.done = Moment(winner.ended.0 + 300_000);
                    row.echo = TagEcho::Same;
                }
            }
            all.attempts.extend(hedged);
        })
    });
    assert_not(&report, Verdict::Fail);
}

/// W8: the gateway strips the tag, so that no attempt is on record and all that arrived looks like a health check.
#[test]
fn a_gateway_that_strips_the_tag_is_told_so_and_passes_nothing() {
    for demand in ["attempts = { max = 1 }", "availability = { min = 0.99 }"] {
        let report = Case::expecting(&format!("in = \"steady\"\n{demand}")).doctored(|run| {
            run.evidence(|all| {
                let arrived = |row: &Attempt| Probe {
                    status: row.status,
                    ..Probe::new(row.backend, row.connection, row.arrived)
                };
                all.probes.extend(all.attempts.iter().map(arrived));
                all.attempts.clear();
                for row in &mut all.exchanges {
                    (row.backend, row.attempt, row.echo, row.body) =
                        (evidence::NO_BACKEND, 0, TagEcho::Absent, BodyCheck::Unknown);
                }
            })
        });
        assert_broken(&report, "tag");
    }
}

/// W9: a timer that fires after the client has left is still the gateway's.
#[test]
fn a_timer_that_fires_after_the_client_left_is_refused_before_the_run_or_seen_in_it() {
    let leaving = "[traffic.reads]\nrequest = \"GET /items/{n}\"\nrate = \"200/s\"\ndeadline = \"200ms\"\n";
    let case = Case::expecting("in = \"outage\"\ntimeout = { per_try = \"400ms\" }")
        .policy("timeout = { per_try = \"400ms\" }")
        .traffic(leaving)
        .fault("hang = {}");
    let refused = case.checked().unwrap_err();
    assert!(refused.contains("clients leave after 200 ms"), "{refused}");
}

/// W10: a run lasts as long as planned, also after its last request.
#[test]
fn a_run_lasts_as_long_as_planned() {
    let closed = "[traffic.reads]\nrequest = \"GET /items/{n}\"\nrate = \"200/s\"\n";
    let case = Case::expecting("in = \"steady\"\navailability = { min = 0.9 }").traffic(closed);
    let report = case.report();
    assert!(report.length_s >= 16.0, "{}", report.length_s);
    let cut = case.doctored(|run| run.evidence(|all| all.ended = second(12.0)));
    assert_broken(&cut, "");
}

/// W12: a breaker that sheds nearly everything keeps a bound on arrivals.
#[test]
fn perfect_shedding_keeps_a_bound_on_amplification() {
    Case::expecting("in = \"outage\"\nattempts = { amplification_max = 0.1 }")
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"10s\" }")
        .passes();
}

/// W13.
#[test]
fn a_few_compared_answers_do_not_speak_for_the_rest() {
    let report = Case::expecting("in = \"steady\"\nintegrity = {}").doctored(|run| {
        run.exchanges(|rows| {
            for row in rows.iter_mut().filter(|row| row.tag.0 % 30 != 0) {
                (row.echo, row.body) = (TagEcho::Absent, BodyCheck::Unknown);
            }
        })
    });
    assert_not(&report, Verdict::Pass);
}

/// 10: backend connections that brownout itself turned away, and descriptors that it lacked, are not the gateway's.
#[test]
fn what_brownout_could_not_keep_up_with_is_never_blamed_on_the_gateway() {
    let case = retried("attempts = { max = 1 }");
    case.fails();
    for spoil in [
        (|losses: &mut evidence::Losses| losses.connections = 46) as fn(&mut evidence::Losses),
        |losses| losses.shortages = 3,
        |losses| losses.rows = 12,
    ] {
        let report = case.doctored(|run| run.evidence(|all| spoil(&mut all.losses)));
        assert_broken(&report, "");
    }
}

/// 10: a headline says phase and bound.
#[test]
fn a_headline_says_the_phase_and_the_bound() {
    let report = Case::expecting("in = \"outage\"\navailability = { min = 0.999 }").report();
    assert_verdict(&report, Verdict::Fail);
    let summary = &report.findings[0].summary;
    assert!(summary.contains("`outage`") && summary.contains("99.9 %"), "{summary}");
}
