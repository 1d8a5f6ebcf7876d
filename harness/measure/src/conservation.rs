//! Whether the record hangs together: every request sent once, every arrival joined, every answer made by an attempt that
//! is on record. Where it does not, rows are missing or the gateway hides what it does, and nothing follows from the rest.

mod carried;
mod happenings;
mod schedule;

use std::time::Duration;

use evidence::{Attempt, Entry, INJECTIONS_MAX, Ledger, Losses, Outcome, Stamp, TagEcho, UNKNOWN_ATTEMPT};
use units::plural::{count, times, were};
use units::{Moment, Stretch};

use crate::arrivals::recorded_to;
use crate::brief::Brief;

/// Untagged arrivals at so large a part of the traffic's rate are no health checks.
const UNTAGGED_SHARE: f64 = 0.5;

/// A gateway that drops the header drops it from all requests, but for a class that it sends elsewhere.
const BARE_SHARE: f64 = 0.5;

/// So many of the requests without an attempt must be answered as a backend answers.
const ANSWERED_SHARE: f64 = 0.1;

/// The last request of a run may be due so much before its end.
const ENDS_BEFORE: Duration = Duration::from_secs(1);

/// Fewer untagged arrivals than this may be health checks of many backends, whatever the traffic's rate.
const UNTAGGED_MIN: u64 = 20;

/// What does not hang together, in words; empty if everything does.
///
/// In a run that was cut, the tables end at different rows: only what is well before its end is looked at.
pub fn problems(brief: &Brief, ledger: &Ledger) -> Vec<String> {
    let mut problems: Vec<String> = ledger.rest().damaged.iter().map(ToString::to_string).collect();
    problems.extend(losses(&ledger.rest().losses));
    problems.extend(missing_requests(brief, ledger));
    problems.extend(beyond_the_plan(brief, ledger));
    problems.extend(schedule::misplaced(brief, ledger));
    problems.extend(orphans(ledger));
    problems.extend(forged(ledger));
    problems.extend(Joined::of(brief, ledger).problems());
    problems.extend(carried::problems(brief, ledger));
    problems.extend(happenings::problems(brief, ledger));
    problems.extend(too_short(brief, ledger));
    problems
}

/// What brownout itself could not keep up with.
fn losses(losses: &Losses) -> impl Iterator<Item = String> + use<> {
    let rows = (losses.rows > 0).then(|| {
        let (rows, were) = (count(losses.rows, "row"), were(losses.rows));
        format!("{rows} could not be recorded in time, and {were} lost")
    });
    let connections = (losses.connections > 0).then(|| {
        let (connections, were) = (count(losses.connections, "backend connection"), were(losses.connections));
        format!("{connections} {were} turned away at the limit of brownout's own backends")
    });
    let shortages = (losses.shortages > 0).then(|| {
        let times = times(losses.shortages as usize);
        format!("brownout's own parts had no descriptor left for a connection {times}")
    });
    [rows, connections, shortages].into_iter().flatten()
}

/// Tags are given out one after the other: a gap is a request whose row was lost.
fn missing_requests(brief: &Brief, ledger: &Ledger) -> Option<String> {
    let rest = ledger.rest();
    // A run that was cut or stopped has given out tags that were never used.
    if rest.cut || rest.early.is_some() {
        return None;
    }
    let expected = expected(brief, ledger)?;
    let recorded = ledger.entries().filter(|entry| entry.exchange.tag.0 < expected).count() as u64;
    let missing = expected.saturating_sub(recorded);
    (missing > 0).then(|| {
        format!(
            "{missing} of {} {} not on record: there are gaps in the tags",
            count(expected, "request"),
            were(missing)
        )
    })
}

/// More requests than the plan has, where nothing but the schedule sends any.
fn beyond_the_plan(brief: &Brief, ledger: &Ledger) -> Option<String> {
    let open = brief.traffic.iter().all(|class| class.open_loop);
    let planned = planned(brief).filter(|_| open && !brief.traffic.is_empty())?;
    let more = ledger.entries().filter(|entry| entry.exchange.tag.0 >= planned).count() as u64;
    (more > 0).then(|| {
        format!("{} more on record than the plan has: it is the plan of another run", count(more, "request"))
    })
}

/// How many requests open-loop traffic is planned to send; nothing if the plan does not say.
fn planned(brief: &Brief) -> Option<u64> {
    let mut open = brief.traffic.iter().filter(|class| class.open_loop);
    open.try_fold(0u64, |all, class| Some(all + class.planned.as_ref()?.iter().sum::<u64>()))
}

/// How many tags, from 0 on, must be on record.
///
/// The schedule of open-loop traffic has the first ones. Users of closed-loop traffic take theirs from what follows, each
/// thread its own, so that there the last ones have gaps.
fn expected(brief: &Brief, ledger: &Ledger) -> Option<u64> {
    let planned = planned(brief);
    if brief.traffic.iter().all(|class| class.open_loop) {
        let highest = ledger.entries().map(|entry| entry.exchange.tag.0.saturating_add(1)).max();
        return highest.max(planned);
    }
    planned
}

/// Attempts without their request: the client's rows are missing.
fn orphans(ledger: &Ledger) -> Option<String> {
    let orphans = ledger.orphans() as u64;
    // A run that was cut may have lost the client's last rows, and only those.
    (orphans > 0 && !ledger.rest().cut)
        .then(|| format!("{} without a request on record", count(orphans, "attempt")))
}

/// Arrivals with a tag that the gateway can't have got from the client: of a request that had not been sent, or of none at
/// all. Somebody makes tags up, and others of them can't be told from the gateway's own.
fn forged(ledger: &Ledger) -> impl Iterator<Item = String> + use<> {
    let early = ledger.forged().len() as u64;
    let probes = ledger.rest().probes.iter();
    let unknown = probes.filter(|probe| probe.stamp == Stamp::Forged).count() as u64;
    let told = |number: u64, of: &str, what: &str| {
        (number > 0).then(|| {
            format!("{} {what}: somebody besides the gateway sends tags of this run", count(number, of))
        })
    };
    let early = told(early, "attempt", "arrived before its request was sent");
    let unknown = told(unknown, "arrival", "carried a tag that was never given out");
    [early, unknown].into_iter().flatten()
}

/// What the joined rows tell.
#[derive(Debug, Default)]
struct Joined {
    /// Requests whose attempt numbers have gaps, or don't begin at 1.
    gaps: u64,
    /// Answers to an attempt that is not on record.
    beyond: u64,
    /// Answers of another backend than that of their attempt.
    elsewhere: u64,
    /// Answers that came before the attempt that they name had arrived.
    too_soon: u64,
    /// Requests and attempts that end before they begin.
    backwards: u64,
    /// Requests of a class, at a backend or hit by a fault that the plan does not have there.
    unplanned: u64,
    /// Answers of a backend, without any attempt on record.
    unattempted: u64,
    /// Answers of a backend, all of them.
    answered: u64,
    /// Requests that were sent.
    sent: u64,
    /// Those of them without any attempt.
    bare: u64,
    /// Those of them that were answered as only a backend answers.
    bare_answered: u64,
    /// Untagged arrivals during the run.
    untagged: u64,
}

impl Joined {
    fn of(brief: &Brief, ledger: &Ledger) -> Self {
        let mut joined = Joined::default();
        let rest = ledger.rest();
        // What was in flight at the end of a run that stopped early is on record on one side only.
        let to = if rest.cut || rest.early.is_some() { recorded_to(ledger) } else { Moment(i64::MAX) };
        let settled = |entry: &Entry<'_>| entry.exchange.was_sent() && entry.exchange.done < to;
        for entry in ledger.entries().filter(settled) {
            joined.unplanned += u64::from(!is_planned(brief, &entry));
            joined.take(&entry, ledger.forged());
        }
        let planned = brief.phases.last().map_or(Moment(i64::MAX), |phase| phase.during.to);
        let run = Stretch { from: Moment::EPOCH, to: planned.min(to) };
        joined.untagged = rest.probes.iter().filter(|probe| run.contains(probe.arrived)).count() as u64;
        joined
    }

    fn take(&mut self, entry: &Entry<'_>, forged: &[Attempt]) {
        let (exchange, attempts) = (entry.exchange, entry.attempts);
        self.sent += 1;
        let ends_early = exchange.done < exchange.sent || attempts.iter().any(|one| one.ended < one.arrived);
        self.backwards += u64::from(ends_early);
        if attempts.is_empty() {
            self.bare += 1;
            self.bare_answered += u64::from(exchange.answered_by_backend() || exchange.succeeded());
        }
        // A backend numbers arrivals as they come, in one counter for the pool: two that come at the same moment may be on
        // record in either order, and one that the counter could not hold has no number.
        // A forgery has taken a number too.
        let first = forged.partition_point(|attempt| attempt.tag < exchange.tag);
        let forged = forged[first..].iter().take_while(|attempt| attempt.tag == exchange.tag);
        let mut numbers: Vec<u16> = attempts.iter().chain(forged).map(|attempt| attempt.number).collect();
        numbers.sort_unstable();
        let counted = numbers.iter().take_while(|number| **number != UNKNOWN_ATTEMPT);
        self.gaps += u64::from(!counted.zip(1u16..).all(|(number, expected)| *number == expected));
        if exchange.outcome == Outcome::Unfinished || !exchange.answered_by_backend() {
            return;
        }
        self.answered += 1;
        if attempts.is_empty() {
            self.unattempted += 1;
            return;
        }
        // The answer to another request, or one that was kept, is the gateway's doing and not the record's.
        if exchange.echo == TagEcho::Other || exchange.attempt == 0 || exchange.attempt == UNKNOWN_ATTEMPT {
            return;
        }
        match attempts.iter().find(|attempt| attempt.number == exchange.attempt) {
            None => self.beyond += 1,
            Some(attempt) => {
                self.elsewhere += u64::from(attempt.backend != exchange.backend);
                self.too_soon += u64::from(exchange.first_byte.is_some_and(|first| first < attempt.arrived));
            }
        }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut tell = |number: u64, what: &dyn Fn(u64) -> String| {
            if number > 0 {
                problems.push(what(number));
            }
        };
        if self.strips_tags() {
            problems.push(format!(
                "the gateway does not pass on the header `{}`: {} of {} left no attempt, and {} came without a tag",
                evidence::TAG_HEADER,
                self.bare,
                count(self.sent, "request"),
                count(self.untagged, "arrival")
            ));
            return problems;
        }
        tell(self.gaps, &|number| {
            format!(
                "the attempts of {} are not numbered from 1 without gaps: rows are missing",
                count(number, "request")
            )
        });
        tell(self.beyond, &|number| {
            format!("{} to an attempt that is not on record: rows are missing", count(number, "answer"))
        });
        tell(self.elsewhere, &|number| {
            format!("{} of another backend than that of the attempt that they name", count(number, "answer"))
        });
        tell(self.unplanned, &|number| {
            let met = "met what the plan does not have there: it is the plan of another run";
            format!("{} {met}", count(number, "request"))
        });
        tell(self.backwards, &|number| {
            format!(
                "{} {} on record with an end before the beginning: the times are not those of a run",
                count(number, "request"),
                if number == 1 { "is" } else { "are" }
            )
        });
        tell(self.too_soon, &|number| {
            format!(
                "{} of a backend came before the request had arrived there: the times on record are not of one clock, or rows \
                 stand with the wrong request",
                count(number, "answer")
            )
        });
        tell(self.unattempted, &|number| {
            format!(
                "{number} of {} of a backend without any attempt on record: the gateway answers from a store, or rows are \
                 missing",
                count(self.answered, "answer")
            )
        });
        problems
    }

    /// True if arrivals come without tags where attempts are missing. Requests that are shed have no attempts either, and
    /// health checks go on meanwhile: but then nobody answers as a backend does.
    fn strips_tags(&self) -> bool {
        let (bare, sent) = (self.bare as f64, self.sent as f64);
        self.untagged >= UNTAGGED_MIN
            && self.untagged as f64 >= bare * UNTAGGED_SHARE
            && bare >= sent * BARE_SHARE
            && self.bare_answered as f64 >= bare * ANSWERED_SHARE
    }
}

/// True if the plan has the class of a request, and each backend that it reached, and each fault there that hit it.
fn is_planned(brief: &Brief, entry: &Entry<'_>) -> bool {
    let hits = |attempt: &Attempt| {
        let mut faults = (0..INJECTIONS_MAX as u16).filter(|index| attempt.hit_by(*index));
        attempt.injections == 0
            || faults.all(|index| {
                let fault = brief.injections.get(usize::from(index));
                fault.is_some_and(|fault| fault.backends.contains(&attempt.backend))
            })
    };
    usize::from(entry.exchange.class) < brief.traffic.len()
        && entry.attempts.iter().all(|one| usize::from(one.backend) < brief.backends.len() && hits(one))
}

/// A run that ended by itself has lasted as long as planned: what a gateway does after the last request is part of it.
///
/// Older builds ended with the last request, which is due a little before the end of the plan.
fn too_short(brief: &Brief, ledger: &Ledger) -> Option<String> {
    let planned = brief.phases.last()?.during.to;
    let rest = ledger.rest();
    let grace = (planned.since(Moment::EPOCH) / 10).max(ENDS_BEFORE);
    // A run that was cut or stopped says so itself.
    let whole = !rest.cut && rest.early.is_none();
    (whole && rest.ended + grace < planned)
        .then(|| format!("the run ended at {}, its plan reaches to {planned}", rest.ended))
}

#[cfg(test)]
mod tests {
    use evidence::{Damage, Evidence, Method, Probe};

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    /// 100 requests, each failing at `a` and answered by `b`.
    fn run() -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("outage", "status", &["a"]).calls(100, |n| {
            Call::due("reads", 90.0 * n as f64).attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
        })
    }

    /// What is told of the rows after a change.
    fn told(run: &Run, change: impl FnOnce(&mut Evidence)) -> Vec<String> {
        let (brief, ledger) = run.build();
        let mut evidence = ledger.rest().clone();
        for entry in ledger.entries() {
            evidence.exchanges.push(entry.exchange.clone());
            evidence.attempts.extend(entry.attempts.iter().cloned());
        }
        change(&mut evidence);
        problems(&brief, &Ledger::join(evidence))
    }

    #[test]
    fn a_whole_record_hangs_together() {
        assert_eq!(told(&run(), |_| ()), Vec::<String>::new());
        assert_eq!(told(&run().call(Call::due("reads", 5.0).skipped()), |_| ()), Vec::<String>::new());
    }

    #[test]
    fn requests_that_are_missing_are_told_with_their_attempts() {
        let told = told(&run(), |rows| rows.exchanges.retain(|exchange| exchange.tag.0 % 10 != 3));
        assert_eq!(told[0], "10 of 100 requests were not on record: there are gaps in the tags");
        assert_eq!(told[1], "20 attempts without a request on record");
    }

    #[test]
    fn missing_last_requests_are_told_by_the_plan() {
        let (mut brief, ledger) = run().build();
        brief.traffic[0].planned = Some(vec![120]);
        assert_eq!(
            problems(&brief, &ledger),
            ["20 of 120 requests were not on record: there are gaps in the tags"]
        );
    }

    #[test]
    fn users_of_closed_loop_traffic_leave_gaps() {
        let (mut brief, ledger) = run().build();
        brief.traffic[0].open_loop = false;
        let rows = ledger.entries().filter(|entry| entry.exchange.tag.0 % 7 != 3);
        let rows: Vec<_> = rows.map(|entry| entry.exchange.clone()).collect();
        let evidence = Evidence { exchanges: rows, ended: ledger.rest().ended, ..Evidence::default() };
        let told = problems(&brief, &Ledger::join(evidence));
        assert!(told.iter().all(|problem| !problem.contains("gaps in the tags")), "{told:?}");
    }

    #[test]
    fn second_arrivals_that_are_missing_are_told_by_the_answers() {
        let told = told(&run(), |rows| rows.attempts.retain(|attempt| attempt.number == 1));
        assert_eq!(told, ["100 answers to an attempt that is not on record: rows are missing"]);
    }

    #[test]
    fn first_arrivals_that_are_missing_are_told_by_the_numbers() {
        let told = told(&run(), |rows| rows.attempts.retain(|attempt| attempt.number == 2));
        assert_eq!(
            told,
            ["the attempts of 100 requests are not numbered from 1 without gaps: rows are missing"]
        );
    }

    #[test]
    fn an_arrival_before_its_request_was_sent_is_told_and_makes_no_gap_in_the_numbers() {
        let told = told(&run(), |rows| {
            let tag = rows.attempts[50].tag;
            let mut forged = rows.attempts[50].clone();
            (forged.arrived, forged.number) = (at(1.0), 1);
            for attempt in rows.attempts.iter_mut().filter(|attempt| attempt.tag == tag) {
                attempt.number += 1;
            }
            for exchange in rows.exchanges.iter_mut().filter(|exchange| exchange.tag == tag) {
                exchange.attempt += 1;
            }
            rows.attempts.push(forged);
        });
        let expected = "1 attempt arrived before its request was sent: somebody besides the gateway sends tags of this run";
        assert_eq!(told, [expected]);
    }

    #[test]
    fn an_arrival_with_a_tag_that_was_never_given_out_is_told_and_one_of_another_run_is_not() {
        let probe = |stamp| Probe { status: 200, stamp, ..Probe::new(0, 1, at(5.0)) };
        let told = |stamp| told(&run(), |rows| rows.probes.push(probe(stamp)));
        assert_eq!(told(Stamp::Foreign), Vec::<String>::new());
        let expected = "1 arrival carried a tag that was never given out: somebody besides the gateway sends tags of this run";
        assert_eq!(told(Stamp::Forged), [expected]);
    }

    #[test]
    fn an_answer_that_names_another_backend_than_its_attempt_is_told() {
        let told = told(&run(), |rows| rows.exchanges[7].backend = 0);
        assert_eq!(told, ["1 answer of another backend than that of the attempt that they name"]);
    }

    #[test]
    fn a_gateway_that_strips_the_tag_is_told_so() {
        let told = told(&run(), |rows| {
            let arrivals = std::mem::take(&mut rows.attempts).into_iter();
            rows.probes = arrivals
                .map(|attempt| Probe {
                    status: attempt.status,
                    ..Probe::new(attempt.backend, 1, attempt.arrived)
                })
                .collect();
        });
        assert_eq!(
            told,
            [
                "the gateway does not pass on the header `x-brownout-tag`: 100 of 100 requests left no attempt, and 200 \
              arrivals came without a tag"
            ]
        );
    }

    #[test]
    fn health_checks_beside_requests_that_are_shed_are_none_of_it() {
        let shed = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
        let shed = shed.calls(500, |n| Call::due("reads", 15.0 * n as f64));
        let told = told(&shed, |rows| {
            let probe = |n: u64| Probe { status: 200, ..Probe::new(0, 1, at(500.0 * n as f64)) };
            rows.probes = (0..20).map(probe).collect();
        });
        assert_eq!(told, Vec::<String>::new());
    }

    #[test]
    fn damage_and_an_early_end_are_told() {
        let told = told(&run(), |rows| {
            rows.damaged = vec![Damage { table: "attempts", batch: 3, why: "it is cut off".into() }];
            rows.ended = at(1_280.0);
        });
        assert_eq!(
            told,
            [
                "the table `attempts` is damaged at batch 3: it is cut off",
                "the run ended at 1.280 s, its plan reaches to 10.000 s"
            ]
        );
    }

    #[test]
    fn the_ragged_end_of_a_cut_run_is_no_gap() {
        let ragged = |rows: &mut Evidence| {
            rows.exchanges.retain(|exchange| exchange.tag.0 < 95);
            rows.attempts.retain(|attempt| attempt.tag.0 < 94 || attempt.tag.0 > 96);
        };
        assert_eq!(told(&run().cut(9_000.0), ragged), Vec::<String>::new());
        assert!(!told(&run(), ragged).is_empty());
        let early = |rows: &mut Evidence| rows.attempts.retain(|attempt| attempt.tag.0 != 20);
        assert!(!told(&run().cut(9_000.0), early).is_empty(), "well before its end a cut run is whole");
    }
}
