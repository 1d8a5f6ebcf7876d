//! Runs of made gateways are found again, and those of their neighbours are not.

use std::time::Duration;

use policy::FailureClass;
use rstest::rstest;

use super::input::Input;
use super::member::{Member, Rule, Ways};
use super::offered::Offered;
use super::search::{Found, Opening, Why, Work, may_be, search, search_within};
use crate::testing::Run;
use crate::testing::model::{Breaking, Draws, Model, Phase};

fn phases(fault: &'static str, share: f64) -> Vec<Phase> {
    vec![
        Phase("steady", 3.0, None),
        Phase("outage", 12.0, Some((fault, share))),
        Phase("recovery", 6.0, None),
    ]
}

fn input(run: &Run) -> Input {
    run.view("outage", "", |view| {
        Input::of(view, &Offered::of(view), &[0], &FailureClass::USUAL, false).unwrap()
    })
}

fn member(rule: Rule, open_ms: u64, ways: Ways) -> Member {
    let open = Duration::from_millis(open_ms);
    Member {
        looks: Duration::ZERO,
        rule,
        slack: 0,
        open: (open * 9 / 10, open * 11 / 10),
        growth: None,
        asked_instead: None,
        ways,
        leaked_max: 0,
        may_stay: false,
        panics: false,
    }
}

/// The openings of a run of the machine.
#[track_caller]
fn openings(input: &Input, member: &Member, instances: u32) -> Vec<Opening> {
    match search(input, member, instances) {
        Found::Run(openings) => openings,
        other => panic!("{member:?}: {other:?}"),
    }
}

/// A gateway and the machine that it is, drawn from a seed.
fn drawn(seed: u64) -> (Model, Member) {
    let mut draws = Draws(seed);
    let mut pick = |count: u32| (draws.part() * f64::from(count)) as u32;
    let trips_after = 2 + pick(8);
    let open_for = 1_000 + 250 * u64::from(pick(6));
    let (all, grows, by_share) = (pick(3) == 0, pick(3) == 0, pick(4) == 0);
    let share = [1.0, 0.9, 0.8][pick(3) as usize];
    let probe_counts = pick(2) == 0;
    let fault = if pick(4) == 0 && !by_share { "hang" } else { "status" };
    let breaking = Breaking {
        trips_after,
        open_for: open_for as f64,
        all,
        grows,
        share: by_share.then_some((0.5, 2_000.0, 20)),
        probe_counts,
        ..Breaking::correct()
    };
    let rule =
        if by_share { Rule::Share(0.5, Duration::from_secs(2), 20) } else { Rule::InARow(trips_after) };
    let ways = if all { Ways::all() } else { Ways::probes(1) };
    let growth = grows.then_some(Duration::from_mins(5));
    let member = Member { growth, ..member(rule, open_for, ways) };
    let model = Model { breaking, transit: 0.8, rate: 300.0, ..Model::new(seed, phases(fault, share)) };
    (model, member)
}

#[test]
fn the_run_of_each_gateway_is_a_run_of_its_own_machine() {
    for seed in 0..200 {
        let (model, member) = drawn(seed);
        let found = search(&input(&model.run()), &member, 1);
        assert!(found.fits(), "{seed}: {:?} {member:?}\n{found:?}", model.breaking);
    }
}

/// What is left when the work is spent is no refutation: searches that share it end soon, and blame nobody.
#[test]
fn a_search_whose_work_is_spent_tells_nothing() {
    let (model, member) = drawn(1);
    let (input, mut work) = (input(&model.run()), Work::of(1_000_000));
    assert!(search_within(&input, &member, 1, &mut work).fits());
    let mut little = Work::of(1);
    let never = Member { rule: Rule::Never, ..member };
    assert!(matches!(search_within(&input, &never, 1, &mut Work::of(1_000_000)), Found::None(_)));
    assert_eq!(search_within(&input, &never, 1, &mut little), Found::Blurred);
    assert_eq!(search_within(&input, &never, 1, &mut little), Found::Blurred);
}

/// A neighbour that is the truth must not be excluded, else a breaker passes for the one beside it.
#[rstest]
fn the_run_of_each_gateway_may_be_a_run_of_its_own_machine_at_any_rate(
    #[values(200.0, 1_000.0, 2_000.0)] rate: f64,
    #[values(true, false)] poisson: bool,
) {
    for seed in 0..10 {
        let breaking = Breaking { trips_after: 6, open_for: 1_000.0, ..Breaking::correct() };
        let phases = || {
            vec![
                Phase("steady", 1.0, None),
                Phase("outage", 3.0, Some(("status", 1.0))),
                Phase("after", 3.0, None),
            ]
        };
        let model = Model { breaking, transit: 0.8, rate, poisson, ..Model::new(seed, phases()) };
        let input = input(&model.run());
        let member = member(Rule::InARow(6), 1_000, Ways::probes(1));
        let openings = openings(&input, &member, 1);
        assert!(may_be(&input, &member, 1, &openings), "{seed}: {openings:?}");
    }
}

#[test]
fn the_run_of_each_gateway_is_no_run_of_a_machine_that_never_opens_or_is_open_for_another_time() {
    for seed in 0..60 {
        let (model, member) = drawn(seed);
        let input = input(&model.run());
        let open = member.open.0 * 10 / 9;
        let openings = openings(&input, &member, 1);
        for neighbour in [
            Member { rule: Rule::Never, ..member },
            Member { open: (open * 111 / 100, open * 13 / 10), ..member },
            Member { open: (open * 7 / 10, open * 89 / 100), ..member },
        ] {
            assert!(!may_be(&input, &neighbour, 1, &openings), "{seed}: {:?} {neighbour:?}", model.breaking);
        }
    }
}

#[test]
fn a_machine_that_opens_one_or_two_failures_earlier_or_later_is_told_apart() {
    let (mut by_one, mut by_two) = (0, 0);
    for seed in 0..60 {
        let (mut model, member) = drawn(seed);
        model.breaking.share = None;
        model.phases = phases("status", 1.0);
        let rule = Rule::InARow(model.breaking.trips_after);
        let input = input(&model.run());
        let openings = openings(&input, &Member { rule, ..member }, 1);
        let apart =
            |by| rule.moved(by).is_none_or(|rule| !may_be(&input, &Member { rule, ..member }, 1, &openings));
        by_one += usize::from(apart(-1) && apart(1));
        by_two += usize::from(apart(-2) && apart(2));
    }
    // A burst may bring the next failures before the gateway can know the last.
    assert!(by_one >= 30 && by_two >= 50, "{by_one} and {by_two} of 60");
}

#[rstest]
fn several_instances_each_count_and_open_for_themselves(
    #[values(2, 3, 4)] instances: usize,
    #[values(1, 2, 3)] seed: u64,
) {
    let breaking = Breaking { instances, ..Breaking::correct() };
    let model = Model { breaking, transit: 0.8, ..Model::new(seed, phases("status", 1.0)) };
    let input = input(&model.run());
    let member = member(Rule::InARow(5), 2_000, Ways::probes(1));
    let found = search(&input, &member, instances as u32);
    assert!(found.fits() || found == Found::Blurred, "{found:?}");
    assert!(!search(&input, &member, 1).fits());
    assert!(!search(&input, &Member { rule: Rule::Never, ..member }, instances as u32).fits());
}

#[rstest]
fn of_several_instances_that_count_in_a_window_it_is_told_after_how_many_failures_each_opens(
    #[values(1, 2, 3)] seed: u64,
) {
    let breaking = Breaking { instances: 2, ..Breaking::correct() };
    let model = Model { breaking, transit: 0.8, ..Model::new(seed, phases("status", 1.0)) };
    let input = input(&model.run());
    let member = |count| member(Rule::Count(count, Duration::from_secs(2)), 2_000, Ways::probes(1));
    let found = search(&input, &member(5), 2);
    assert!(found.fits(), "{found:?}");
    let openings = openings(&input, &member(5), 2);
    for other in [3, 7] {
        assert!(!may_be(&input, &member(other), 2, &openings), "{other}");
    }
    assert!(matches!(search(&input, &member(5), 1), Found::None(_)), "one instance");
}

/// 100 requests a second reach the backend, so that after one second of the outage half of the window are failures.
#[rstest]
#[case::before_the_share_is_reached(60, false, false)]
#[case::at_a_look_within_the_window(200, true, false)]
#[case::later_than_the_next_look(400, false, false)]
fn a_breaker_by_share_that_looks_now_and_then_opens_by_the_next_look(
    #[case] after: u32,
    #[case] with_looks: bool,
    #[case] at_once: bool,
) {
    let breaking = Breaking { trips_after: after, all: true, ..Breaking::correct() };
    let model = Model { breaking, transit: 0.8, ..Model::new(1, phases("status", 1.0)) };
    let input = input(&model.run());
    let share = member(Rule::Share(0.5, Duration::from_secs(2), 20), 2_000, Ways::all());
    let looking =
        Member { looks: Duration::from_secs(2), open: (share.open.0, Duration::from_secs(4)), ..share };
    assert_eq!(search(&input, &looking, 1).fits(), with_looks);
    assert_eq!(search(&input, &share, 1).fits(), at_once);
}

#[rstest]
fn a_breaker_by_share_is_admitted_whether_its_probe_counts_or_not(
    #[values(true, false)] probe_counts: bool,
    #[values(0.5, 0.6, 0.7, 0.8, 0.9)] share: f64,
) {
    for seed in 0..20 {
        let rule = Some((0.5, 2_000.0, 20));
        let breaking = Breaking { share: rule, probe_counts, ..Breaking::correct() };
        let model =
            Model { breaking, transit: 0.8, rate: 400.0, ..Model::new(seed, phases("status", share)) };
        let member = member(Rule::Share(0.5, Duration::from_secs(2), 20), 2_000, Ways::probes(1));
        let found = search(&input(&model.run()), &member, 1);
        assert!(found.fits(), "{seed}: {found:?}");
    }
}

#[test]
fn what_deviates_is_named_by_the_first_arrival_that_fits_none() {
    let never = Breaking { trips_after: u32::MAX, ..Breaking::correct() };
    let model = Model { breaking: never, ..Model::new(1, phases("status", 1.0)) };
    let member = member(Rule::InARow(5), 2_000, Ways::any());
    let Found::None(deviation) = search(&input(&model.run()), &member, 1) else { panic!("it fits") };
    assert!(matches!(deviation.why, Why::Leaked { .. }), "{deviation:?}");
    assert!(deviation.tag.is_some());
}

#[test]
fn many_arrivals_at_a_high_rate_are_searched_without_giving_up() {
    let breaking = Breaking::correct();
    let phases = vec![Phase("steady", 20.0, None), Phase("outage", 4.0, Some(("status", 1.0)))];
    let model = Model { rate: 10_000.0, breaking, ..Model::new(1, phases) };
    let input = input(&model.run());
    let member = member(Rule::InARow(5), 2_000, Ways::probes(1));
    assert!(input.arrivals.len() > 90_000);
    assert!(search(&input, &member, 1).fits());
}
