//! A spread is failed only where chance can't explain it, and a connection that sticks to a backend is one choice.

use evidence::Method;
use insta::assert_snapshot;
use measure::testing::model::Draws;
use reports::Verdict;
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

/// So many requests over 20 client connections, every `nth` of which goes to `b`.
fn steady(count: usize, nth: usize) -> Run {
    run(count, 2, move |n, _| usize::from(n % nth == 0))
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// So many requests over 20 client connections and so many backends, each at the one that `choose` names by the number of the
/// request and that of its connection.
fn run(count: usize, backends: usize, choose: impl Fn(usize, usize) -> usize + Copy + 'static) -> Run {
    let run = Run::new().phase("steady", 10.0).class("reads", Method::Get);
    let run = NAMES[..backends].iter().fold(run, |run, name| run.backend(name));
    run.calls(count, move |n| {
        // Not in step with the backends.
        let connection = (Draws(n as u64).part() * 20.0) as usize;
        Call::due("reads", 1.0 + n as f64)
            .attempt(Try::ok(NAMES[choose(n, connection)]))
            .row(move |exchange| exchange.connection = connection as u32 + 1)
    })
}

#[test]
fn an_even_spread_passes() {
    let finding = steady(1000, 2).finding("steady", "reads", "balance = {}");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_snapshot!(finding.observed, @"a 50.0 %, b 50.0 %");
}

#[test]
fn a_pool_that_leans_on_one_member_is_caught() {
    let finding = steady(1000, 5).finding("steady", "reads", "balance = {}");
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    assert_snapshot!(finding.summary, @"`a` got 80.0 % of first attempts in `steady`, demanded a 50.0 %, b 50.0 %, give or take 5 %");
}

#[test]
fn demanded_shares_go_before_weights() {
    let finding = steady(1000, 5).finding("steady", "reads", "balance = { shares = { a = 0.8, b = 0.2 } }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
}

#[test]
fn the_second_priority_group_gets_nothing() {
    let run =
        Run::new().phase("steady", 10.0).weighted("a", 1, 0).weighted("b", 1, 1).class("reads", Method::Get);
    let run = run.calls(1000, |n| {
        Call::due("reads", n as f64).attempt(Try::ok("a")).row(move |exchange| exchange.connection = n as u32)
    });
    let finding = run.finding("steady", "reads", "balance = {}");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
}

#[rstest]
#[case("balance = { tolerance = 0.002 }")]
#[case("balance = { tolerance = 0.005 }")]
#[case("balance = { tolerance = 0.01 }")]
#[case("balance = { tolerance = 0.05 }")]
fn a_fair_random_choice_is_never_failed(#[case] demand: &str) {
    for seed in 0..60 {
        let draw = move |n: usize, _: usize| (Draws(seed * 7_919 + n as u64).part() * 6.0) as usize;
        let finding = run(1000, 6, draw).finding("steady", "reads", demand);
        assert_ne!(finding.verdict, Verdict::Fail, "{seed}: {}", finding.because);
    }
}

#[test]
fn a_fair_choice_for_each_connection_is_never_failed() {
    for seed in 0..60 {
        let draw = move |_: usize, connection: usize| {
            usize::from(Draws(seed * 7_919 + connection as u64).part() < 0.5)
        };
        let finding = run(1000, 2, draw).finding("steady", "reads", "balance = {}");
        assert_ne!(finding.verdict, Verdict::Fail, "{seed}: {}", finding.because);
        assert!(finding.remedy.is_none_or(|remedy| remedy.contains("connections")));
    }
}

#[test]
fn while_a_backend_is_out_the_others_take_its_part_by_weight() {
    let weighted = |small: usize| {
        let run = Run::new().phase("outage", 10.0).class("reads", Method::Get);
        let run = run.weighted("a", 2, 0).weighted("b", 3, 0).weighted("c", 1, 0).weighted("spare", 1, 1);
        run.calls(1000, move |n| {
            let call = Call::due("reads", n as f64).attempt(Try::ok(if n % small == 0 { "c" } else { "b" }));
            call.row(move |exchange| exchange.connection = n as u32 + 1)
        })
    };
    let judged = |small| weighted(small).finding("outage", "reads", "balance = { out = ['a'] }");
    assert_snapshot!(judged(4).expected, @"a 0.0 %, b 75.0 %, c 25.0 %, spare 0.0 %, give or take 5 %");
    assert_eq!((judged(4).verdict, judged(2).verdict), (Verdict::Pass, Verdict::Fail));
    let group = weighted(4).finding("outage", "reads", "balance = { out = ['a', 'b', 'c'] }");
    assert_eq!(group.verdict, Verdict::Fail, "the spare is to have all: {}", group.expected);
}

#[test]
fn too_few_requests_prove_no_balance() {
    let finding = steady(40, 2).finding("steady", "reads", "balance = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(steady(0, 2).finding("steady", "reads", "balance = {}").verdict, Verdict::Inconclusive);
}

#[test]
fn shares_beyond_the_whole_and_no_tolerance_are_refused() {
    let problem = |text: &str| settings(text).ok().and_then(|settings| settings.contract().problem());
    assert!(problem("balance = { shares = { a = 0.8, b = 0.8 } }").is_some());
    assert!(problem("balance = { tolerance = 0.0 }").is_some());
    assert!(problem("balance = { shares = { a = 0.8 }, out = ['b'] }").is_some());
    assert!(problem("balance = { shares = { a = 0.2, b = 0.8 } }").is_none());
}

#[test]
fn a_balance_that_a_breaker_upsets_is_told_before_the_run() {
    let policy = toml::from_str("breaker = { trip = { consecutive = 5 }, open_for = '2s' }").unwrap();
    let run = steady(1000, 2).fault("steady", "status", &["a"]);
    let foreseen = |run: &Run, text| foreseen(run, "steady", "reads", text);
    assert!(!foreseen(&run, "balance = {}").iter().any(|told| matches!(told, Forecast::CannotPass(_))));
    let told = foreseen(&run.policy(policy), "balance = {}");
    assert!(matches!(told[0], Forecast::CannotPass(_)), "{told:?}");
    let vain = foreseen(&steady(10, 2), "balance = { tolerance = 1.0 }");
    assert!(matches!(vain[0], Forecast::CannotFail(_)), "{vain:?}");
    assert!(foreseen(&steady(100, 2), "balance = {}")[0].falls_short());
}
