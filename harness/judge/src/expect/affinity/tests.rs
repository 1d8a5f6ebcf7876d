//! A gateway that forgets where a key belongs, or deals all keys anew, is caught, on made ledgers.

use evidence::{Method, Tag};
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen};

const KEYS: u32 = 60;

/// How a gateway deals keys to three backends of which `a` is out.
#[derive(Clone, Copy)]
enum Deals {
    /// Those of `a` to one other, and no other key moves.
    Rightly,
    /// All keys anew, among the two that are left.
    Anew,
    /// Those of `a` by turns.
    ByTurns,
    /// Rightly, and those that moved stay away after it.
    ForGood,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

/// 100 requests a second; `a` is out from 4 s to 8 s, and probed now and then. Every `straying`th request before that goes to the
/// next one. Keys from 50 on stay at home whatever comes.
fn run(deals: Deals, straying: usize) -> Run {
    let run = Run::new().phase("steady", 4.0).phase("outage", 4.0).phase("after", 4.0);
    let run = run.class("reads", Method::Get).keys(KEYS);
    let run = NAMES.iter().fold(run, |run, name| run.backend(name));
    run.fault("outage", "status", &["a"]).calls(1_200, move |n| {
        let (key, call) = (Tag(n as u64).key(KEYS) as usize, Call::due("reads", 10.0 * n as f64));
        let home = key % 3;
        if n >= 800 {
            let away = matches!(deals, Deals::ForGood) && home == 0 && key < 50;
            return call.attempt(Try::ok(NAMES[if away { 1 } else { home }]));
        }
        if n < 400 {
            let strays = straying > 0 && n % straying == straying - 1;
            return call.attempt(Try::ok(NAMES[(home + usize::from(strays)) % 3]));
        }
        if n % 100 == 0 {
            return call.attempt(Try::hit("a", "status"));
        }
        call.attempt(Try::ok(match deals {
            Deals::Anew => NAMES[1 + key / 3 % 2],
            Deals::ByTurns if home == 0 => NAMES[1 + n % 2],
            _ if home == 0 => NAMES[1 + key / 3 % 2],
            _ => NAMES[home],
        }))
    })
}

fn judged(run: &Run, phase: &str, demand: &str) -> Finding {
    run.finding(phase, "reads", demand)
}

#[rstest]
#[case::all_is_well("steady", Deals::Rightly, 0, Verdict::Pass)]
#[case::one_in_fifty_goes_astray("steady", Deals::Rightly, 50, Verdict::Fail)]
#[case::one_other_takes_each_key_of_the_one_that_is_out("outage", Deals::Rightly, 0, Verdict::Pass)]
#[case::all_are_dealt_anew("outage", Deals::Anew, 0, Verdict::Fail)]
#[case::those_that_move_have_no_home("outage", Deals::ByTurns, 0, Verdict::Fail)]
fn keys_stay_where_they_belong(
    #[case] phase: &str,
    #[case] deals: Deals,
    #[case] straying: usize,
    #[case] verdict: Verdict,
) {
    let finding = judged(&run(deals, straying), phase, "affinity = {}");
    assert_eq!(finding.verdict, verdict, "{finding:#?}");
    assert!(verdict != Verdict::Fail || !finding.witnesses.is_empty());
}

#[rstest]
#[case::they_do(Deals::Rightly, Verdict::Pass)]
#[case::they_stay_away(Deals::ForGood, Verdict::Fail)]
fn keys_come_back_after_the_fault_where_that_is_asked(#[case] deals: Deals, #[case] verdict: Verdict) {
    let finding = judged(&run(deals, 0), "outage", "affinity = { comes_back = true }");
    assert_eq!(finding.verdict, verdict, "{finding:#?}");
    assert_eq!(judged(&run(deals, 0), "outage", "affinity = {}").verdict, Verdict::Pass);
    assert_eq!(judged(&run(deals, 0), "after", "affinity = {}").verdict, Verdict::Pass);
}

#[test]
fn further_attempts_of_a_key_go_to_one_other_as_well() {
    let by_turns = |turns: bool| {
        let run = Run::new().phase("steady", 4.0).phase("outage", 4.0);
        let run = run.class("reads", Method::Get).keys(KEYS);
        let run = NAMES.iter().fold(run, |run, name| run.backend(name)).fault("outage", "status", &["a"]);
        run.calls(800, move |n| {
            let (key, call) = (Tag(n as u64).key(KEYS) as usize, Call::due("reads", 10.0 * n as f64));
            if n < 400 || key % 3 > 0 {
                return call.attempt(Try::ok(NAMES[key % 3]));
            }
            let other = if turns { 1 + n % 2 } else { 1 + key / 3 % 2 };
            call.attempt(Try::hit("a", "status")).attempt(Try::ok(NAMES[other]))
        })
    };
    let judged = |turns| judged(&by_turns(turns), "outage", "affinity = {}").verdict;
    assert_eq!((judged(false), judged(true)), (Verdict::Pass, Verdict::Fail));
}

#[test]
fn traffic_without_keys_has_none_to_judge() {
    let run = Run::new().phase("steady", 1.0).class("reads", Method::Get).backend("a").backend("b");
    let run = run.calls(100, |n| {
        let call = Call::due("reads", 10.0 * n as f64).attempt(Try::ok(NAMES[n % 2]));
        call.row(move |exchange| exchange.connection = n as u32 % 2 + 1)
    });
    let finding = judged(&run, "steady", "affinity = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert!(finding.remedy.is_some_and(|remedy| remedy.contains("keys = ")));
    assert_eq!(judged(&run, "steady", "affinity = { by = 'connection' }").verdict, Verdict::Pass);
}

#[test]
fn while_a_limit_is_declared_a_full_backend_explains_a_move() {
    let policy = toml::from_str("limit = { in_flight = 8 }").unwrap();
    let finding = judged(&run(Deals::Rightly, 5).policy(policy), "steady", "affinity = {}");
    assert_ne!(finding.verdict, Verdict::Fail, "{finding:#?}");
}

#[test]
fn a_finding_says_how_many_keys_moved_needlessly() {
    let finding = judged(&run(Deals::Anew, 0), "outage", "affinity = {}");
    insta::assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because));
    let allowed = judged(&run(Deals::Anew, 0), "outage", "affinity = { moved_max = 0.8 }");
    assert_eq!(allowed.verdict, Verdict::Pass, "{allowed:#?}");
}

#[test]
fn with_one_other_backend_keys_can_not_move_needlessly() {
    let run = Run::new().phase("steady", 1.0).phase("outage", 4.0).class("reads", Method::Get).keys(KEYS);
    let run = run.backend("a").backend("b").fault("outage", "status", &["a"]);
    let run = run.calls(500, |n| {
        let call = Call::due("reads", 10.0 * n as f64);
        if n == 100 { call.attempt(Try::hit("a", "status")) } else { call.attempt(Try::ok("b")) }
    });
    let finding = judged(&run, "outage", "affinity = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
    assert!(finding.remedy.is_some());
}

#[test]
fn keys_that_come_once_show_nothing() {
    let run = Run::new().phase("steady", 1.0).class("reads", Method::Get).keys(1_000_000);
    let run = run
        .backend("a")
        .backend("b")
        .calls(100, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok(NAMES[n % 2])));
    let finding = judged(&run, "steady", "affinity = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
}

#[test]
fn what_a_refused_connection_may_hide_is_set_aside() {
    let run = Run::new().phase("steady", 4.0).phase("outage", 4.0).class("reads", Method::Get).keys(KEYS);
    let run = NAMES.iter().fold(run, |run, name| run.backend(name)).fault("outage", "refuse", &["a"]);
    let run = run.firing("refuse", "a", 4_000.0, 8_000.0).calls(800, |n| {
        let key = Tag(n as u64).key(KEYS) as usize;
        Call::due("reads", 10.0 * n as f64)
            .attempt(Try::ok(NAMES[if n < 400 { key % 3 } else { 1 + key % 2 }]))
    });
    let finding = judged(&run, "outage", "affinity = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
}

#[test]
fn keys_are_counted_before_the_run() {
    let run = run(Deals::Rightly, 0);
    let expected = |phase: &str, demand: &str| -> Vec<i64> {
        let foreseen = foreseen(&run, phase, "reads", demand);
        let counts = foreseen.iter().map(|one| match one {
            Forecast::Exposures { expected, .. } => expected.round() as i64,
            _ => -1,
        });
        counts.collect()
    };
    assert_eq!(expected("steady", "affinity = {}"), [340]);
    assert_eq!(expected("outage", "affinity = { comes_back = true }"), [40, 20]);
    let cannot = |phase: &str, demand: &str| {
        matches!(&foreseen(&run, phase, "reads", demand)[..], [Forecast::CannotPass(_)])
    };
    assert!(!cannot("outage", "affinity = { comes_back = true }"));
    let lone = Run::new().phase("outage", 1.0).class("reads", Method::Get).keys(KEYS);
    let lone = NAMES.iter().fold(lone, |run, name| run.backend(name)).fault("outage", "status", &["a"]);
    let told = foreseen(&lone, "outage", "reads", "affinity = {}");
    assert!(matches!(&told[..], [Forecast::CannotPass(_)]), "no phase shows where keys belong: {told:?}");
}
