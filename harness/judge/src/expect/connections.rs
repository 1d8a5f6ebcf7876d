//! `connections`: idle connections to backends are used again, and few are opened.

use measure::connections::Connections as Measured;
use measure::strangers::Strangers;
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;
use units::{Rate, Share};

use super::Expectation;
use crate::claim::{Basis, CASES_MIN, Claim, Proof};
use crate::estimates::counted;
use crate::forecast::{Forecast, Outlook};

/// Connections to backends are used again, and their number is bounded.
///
/// # What it checks
/// The connections that backends accepted from the gateway, and the attempts on them:
///
/// - `reuse_min`: of the attempts that found an idle connection to their backend, the share that came on one. An idle one
///   has brought a whole answer, is free for 5 ms before the new one is made, and stays open for 20 ms after the attempt.
///   One that the gateway itself closed less than 1 s after a whole answer counts as idle: it might have been kept.
/// - `opened_max`: connections that are opened a second, over all backends.
/// - `open_max`: connections that are open at a time to any one backend. One that is open for less than 20 ms longer than
///   another that takes its place is counted once.
///
/// The finding says how many attempts came on a reused connection where the client's own connection was new, and where it
/// was not: some gateways tie the one to the other. Name the `traffic` to judge one of them.
///
/// # Why it matters
/// A new connection costs a round trip, two with TLS, and a port for a minute; a gateway that loses its connections on
/// each retry opens the most when backends can bear the least. One that never closes what it does not use runs out of
/// descriptors in days.
///
/// # When it can't tell
/// `reuse_min` is inconclusive with fewer than 10 attempts that found an idle connection. `opened_max` takes more attempts
/// a second than that: otherwise a connection for each would pass as well. `open_max` takes 10 attempts more than that at
/// one backend; it does not show whether more would be opened for more requests at a time. Set aside are requests at the
/// edge of a phase; connections that a fault acts on count as opened, and never as idle.
///
/// # Example
/// ```toml
/// [[expect]]
/// in          = "steady"
/// connections = { reuse_min = 0.95, open_max = 20 }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connections {
    /// The smallest share of attempts that use an idle connection where there is one, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse_min: Option<Share>,
    /// The most connections that are opened a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_max: Option<Rate>,
    /// The most connections that are open at a time to one backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_max: Option<u32>,
}

/// What to do where anybody may have connected.
const STRANGERS_REMEDY: &str =
    "let these backends listen on loopback, or keep everybody but the gateway from reaching them";

impl Expectation for Connections {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let measured = Measured::of(view);
        let reuse = self.reuse_min.map(|least| reuse(view, &measured, least));
        let counted = [
            self.opened_max.map(|most| opened(view, &measured, most)),
            self.open_max.map(|most| open(view, &measured, u64::from(most))),
        ];
        let strangers = Strangers::of(view.brief, view.ledger);
        let told = strangers.told(view.brief).filter(|_| !strangers.connections.is_empty());
        let whose = |claim| told.as_ref().map_or(claim, |why| Claim::blind(why.clone(), STRANGERS_REMEDY));
        reuse.into_iter().chain(counted.into_iter().flatten().map(whose)).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let Some(requests) = outlook.requests() else { return Vec::new() };
        let length = outlook.stretch().length().as_secs_f64().max(1e-9);
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let reuse = self
            .reuse_min
            .map(|_| Forecast::exposures("attempts that find an idle connection", requests, needed));
        let opened = self.opened_max.filter(|most| most.get() * length >= requests).map(|most| {
            Forecast::CannotPass(format!(
                "`opened_max = \"{most}\"` is no less than the requests that are due, so that a connection for each would keep it"
            ))
        });
        let busiest =
            (0..outlook.brief.backends.len()).map(|backend| outlook.share_of(backend)).fold(0.0, f64::max);
        let open = self.open_max.map(|most| {
            let beyond = (requests * busiest - f64::from(most)).max(0.0);
            Forecast::exposures(format!("attempts at one backend beyond the first {most}"), beyond, needed)
        });
        reuse.into_iter().chain(opened).chain(open).collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn problem(&self) -> Option<String> {
        if self.reuse_min.is_none() && self.opened_max.is_none() && self.open_max.is_none() {
            return Some("it has no bound: set one of `reuse_min`, `opened_max`, `open_max`".into());
        }
        (self.open_max == Some(0)).then(|| "`open_max = 0` leaves no connection for any request".into())
    }
}

fn reuse(view: &View<'_>, measured: &Measured, least: Share) -> Claim {
    let (reused, all) = (measured.reused, measured.reused + measured.missed);
    let share = if all > 0 { reused as f64 / all as f64 } else { 0.0 };
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    let observed = format!("{reused} of {} that found an idle connection used it", count(all, "attempt"));
    let missed = |tag, backend| {
        (
            tag,
            format!(
                "a new connection to `{}`, although an idle one was there, or might have been kept",
                view.brief.backend_name(backend)
            ),
        )
    };
    Claim::on(Basis::Within {
        low: share,
        high: share,
        least: Some(least.get()),
        most: None,
        count: all,
        needed,
    })
    .says(
        format!("{:.1} % of the attempts that found an idle connection used it", share * 100.0),
        format!(
            "{} of {} came on a new connection although an idle one was there, or might have been kept",
            measured.missed,
            count(all, "attempt")
        ),
    )
    .because(by_client(measured))
    .seen(
        observed,
        format!("at least {:.1} % of the attempts that find an idle connection use it", least.get() * 100.0),
    )
    .estimate(counted("attempts that used an idle connection where there was one", share, "share"))
    .shown(measured.shown.iter().map(|(tag, backend)| missed(*tag, *backend)).collect())
    .aside(measured.set_aside.clone())
    .remedy("send requests one after the other, so that the connection of one is idle when the next comes")
    .proof(Proof::Own(None))
}

fn by_client(measured: &Measured) -> String {
    let [fresh, kept] = measured.by_client;
    let words =
        |(all, reused): (u64, u64), whose: &str| format!("{reused} of {all} on {whose} client connection");
    format!("came on a reused backend connection: {}, {}", words(fresh, "a new"), words(kept, "a reused"))
}

fn opened(view: &View<'_>, measured: &Measured, most: Rate) -> Claim {
    let length = view.stretch.length().as_secs_f64().max(1e-9);
    let (opened, bound) = (measured.opened as f64 / length, most.get());
    let shows = measured.attempts as f64 / length > bound;
    let seen = format!("{} opened, {opened:.1} a second", count(measured.opened, "connection"));
    Claim::on(Basis::Within {
        low: opened,
        high: opened,
        least: None,
        most: Some(bound),
        count: if shows || opened > bound { measured.attempts } else { 0 },
        needed: view.place.samples_min.unwrap_or(0).max(CASES_MIN),
    })
    .says(
        format!("{opened:.1} connections to backends were opened a second"),
        format!("{opened:.1} connections to backends were opened a second, more than {bound:.1}"),
    )
    .because(format!("{seen} for {}", count(measured.attempts, "attempt")))
    .seen(seen, format!("at most {bound:.1} a second are opened"))
    .estimate(counted("connections opened", opened, "/s"))
    .shown(measured.shown.iter().map(|(tag, _)| (*tag, "came on a new connection".into())).collect())
    .aside(measured.set_aside.clone())
    .remedy("send more requests a second than connections may be opened, or lower `opened_max`")
    .proof(Proof::Own(None))
}

fn open(view: &View<'_>, measured: &Measured, most: u64) -> Claim {
    let beyond =
        measured.backends.values().map(|(attempts, _)| attempts.saturating_sub(most)).max().unwrap_or(0);
    let over: Vec<(u16, u64)> = measured
        .backends
        .iter()
        .filter(|(_, (_, open))| *open > most)
        .map(|(backend, (_, open))| (*backend, *open))
        .collect();
    let words = |(backend, (_, open)): (&u16, &(u64, u64))| {
        format!("{open} to `{}`", view.brief.backend_name(*backend))
    };
    let by_backend: Vec<String> = measured.backends.iter().map(words).collect();
    let seen = if by_backend.is_empty() { "no connection".into() } else { by_backend.join(", ") };
    Claim::never(over.len() as u64, beyond, view.place.samples_min)
        .says(
            format!("no backend had more than {} at a time", count(most, "open connection")),
            format!("more than {} were open at a time: {seen}", count(most, "connection")),
        )
        .because(format!("the most that were open at a time: {seen}"))
        .seen(format!("at most {seen} open at a time"), format!("at most {most} to each backend"))
        .shown(measured.shown.iter().map(|(tag, _)| (*tag, "came on a new connection".into())).collect())
        .aside(measured.set_aside.clone())
        .remedy(format!("send more requests: at least {} to one backend", most + CASES_MIN))
        .proof(Proof::Own(None))
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try};

    /// So many requests 50 ms apart, each on a connection that `of` chooses; each connection is open until the end.
    fn run(calls: u32, connections: u32) -> Run {
        let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
        let run = run.calls(calls as usize, move |n| {
            let n = n as u32;
            let (connection, nth) = (n.min(connections - 1) + 1, n.saturating_sub(connections - 1) + 1);
            let attempt = Try::ok("a").row(move |row| (row.connection, row.nth) = (connection, nth));
            Call::due("reads", 100.0 + 50.0 * f64::from(n)).attempt(attempt)
        });
        (0..connections).fold(run, |run, n| run.connection(n + 1, "a", 99.9 + 50.0 * f64::from(n), 9_990.0))
    }

    const DEMAND: &str = "connections = { reuse_min = 0.9, opened_max = \"5/s\", open_max = 5 }";

    #[test]
    fn connections_that_are_used_again_pass() {
        let finding = run(150, 2).finding("steady", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because));
    }

    #[rstest]
    #[case::never_used_again("connections = { reuse_min = 0.9 }")]
    #[case::many_opened("connections = { opened_max = \"5/s\" }")]
    #[case::many_open("connections = { open_max = 5 }")]
    fn a_connection_for_each_request_is_caught_by_each_bound(#[case] demand: &str) {
        let finding = run(150, 150).finding("steady", "reads", demand);
        assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
        assert!(!finding.witnesses.is_empty());
    }

    #[test]
    fn connections_that_may_be_anybodys_blame_nobody_and_leave_what_is_used_again_as_it_is() {
        let knocks = (0..20).fold(run(150, 2).off_loopback("a"), |run, n| {
            run.connection(100 + n, "a", 100.0 * f64::from(n), 9_990.0)
        });
        for demand in ["connections = { opened_max = \"1/s\" }", "connections = { open_max = 5 }"] {
            let finding = knocks.finding("steady", "reads", demand);
            assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
            assert!(finding.because.contains("may be anybody's"), "{}", finding.because);
        }
        let reused = knocks.finding("steady", "reads", "connections = { reuse_min = 0.9 }");
        assert_eq!(reused.verdict, Verdict::Pass);
        let alone = run(150, 2).off_loopback("a").finding("steady", "reads", DEMAND);
        assert_eq!(alone.verdict, Verdict::Pass, "where nobody else came, all is as on loopback");
    }

    #[rstest]
    #[case::few(run(5, 1), "connections = { reuse_min = 0.9 }")]
    #[case::fewer_than_may_be_opened(run(150, 1), "connections = { opened_max = \"50/s\" }")]
    #[case::fewer_than_may_be_open(run(100, 1), "connections = { open_max = 100 }")]
    fn what_does_not_show_it_proves_nothing(#[case] run: Run, #[case] demand: &str) {
        let finding = run.finding("steady", "reads", demand);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
        assert!(finding.remedy.is_some());
    }

    #[test]
    fn a_stall_explains_a_new_connection_beside_an_idle_one() {
        let finding = run(150, 150).hiccup(1.0, 9_000.0).finding(
            "steady",
            "reads",
            "connections = { reuse_min = 0.9 }",
        );
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
    }
}
