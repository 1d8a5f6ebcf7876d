//! Counters of made runs: what is told of them, and between which bounds.

use evidence::{Carried, Method, Outcome, Sum};
use units::Timespan;

use super::{Told, What};
use crate::testing::{Call, Run, Try};

/// A request of 2 ms every 10 ms for 4 s; in the second that begins at 1 s, `a` fails each, and `b` answers.
fn run() -> Run {
    let run = Run::new().phase("steady", 4.0).backend("a").backend("b").class("reads", Method::Get).metrics();
    run.fault("steady", "status", &["a"]).calls(400, |n| {
        let due = 10.0 * n as f64;
        let call = Call::due("reads", due);
        if (1_000.0..2_000.0).contains(&due) {
            call.attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
        } else {
            call.attempt(Try::ok("b"))
        }
    })
}

fn told(run: &Run, what: What, sum: &str) -> Result<Told, String> {
    let sum = Sum::parse(sum).unwrap();
    run.view("steady", "", |view| Told::of(view, what, &sum, Timespan::from_millis(100)))
}

fn requests(run: &Run) -> Result<Told, String> {
    told(run, What::Requests, "requests_total")
}

#[test]
fn what_is_under_way_at_a_scrape_or_may_be_counted_late_is_all_that_is_uncertain() {
    let run = run().scrape(505.0, &[("requests_total", 51.0)]).scrape(3_505.0, &[("requests_total", 351.0)]);
    let told = requests(&run).unwrap();
    assert_eq!(told.counted, (300.0, 300.0));
    // 100 ms of lateness are ten requests at either end.
    assert_eq!(told.recorded, (290, Some(310)));
    assert_eq!((told.scrapes, told.failed, told.resets), (2, 0, 0));
}

#[test]
fn a_further_attempt_is_counted_between_the_failure_before_it_and_its_arrival() {
    let run = run().scrape(500.0, &[("retries_total", 0.0)]).scrape(3_500.0, &[("retries_total", 100.0)]);
    let told = told(&run, What::Retries, "retries_total").unwrap();
    assert_eq!((told.counted, told.recorded), ((100.0, 100.0), (100, Some(100))));
}

#[test]
fn an_attempt_that_may_have_left_no_trace_leaves_no_upper_bound() {
    let run = run().fault("steady", "accept", &["a"]);
    let run = run.scrape(500.0, &[("retries_total", 0.0)]).scrape(3_500.0, &[("retries_total", 170.0)]);
    let told = told(&run, What::Retries, "retries_total").unwrap();
    assert_eq!((told.recorded, told.ratio()), ((100, None), (0.0, 1.7)));
}

#[test]
fn errors_are_the_statuses_that_clients_saw_and_what_ended_without_one_may_be_another() {
    let run = Run::new().phase("steady", 4.0).backend("a").class("reads", Method::Get).metrics();
    let run = run.calls(300, |n| {
        let call = Call::due("reads", 500.0 + 10.0 * n as f64);
        match n % 10 {
            0 => call.rejected(503, 1.0),
            1 => call.attempt(Try::ok("a")).ends(Outcome::ClientAbort, 1.0),
            _ => call.attempt(Try::ok("a")),
        }
    });
    let run = run.scrape(400.0, &[("responses_total{class=\"2xx\"}", 9.0)]);
    let run = run.scrape(3_900.0, &[("responses_total{class=\"5xx\"}", 31.0)]);
    let told = told(&run, What::Errors, "responses_total{class=\"5xx\"}").unwrap();
    assert_eq!((told.counted, told.recorded), ((31.0, 31.0), (30, Some(60))));
}

#[test]
fn a_counter_that_begins_anew_tells_what_it_has_and_what_it_lost_is_uncertain() {
    let run =
        run().scrape(0.0, &[("requests_total", 1_000.0)]).scrape(1_000.0, &[("requests_total", 1_100.0)]);
    let run = run.scrape(2_000.0, &[("requests_total", 40.0)]).scrape(3_000.0, &[("requests_total", 140.0)]);
    let told = requests(&run).unwrap();
    assert_eq!((told.counted, told.resets), ((240.0, 240.0), 1));
    let (least, most) = told.recorded;
    assert!(least < 190 && most > Some(300), "{told:?}");
}

#[test]
fn one_that_takes_the_place_of_another_may_have_begun_anew_and_caught_up() {
    let run = run().scrape(500.0, &[("requests_total", 50.0)]).scrape(3_500.0, &[("requests_total", 290.0)]);
    let run =
        run.action("steady", "restart", &["a", "b"], (1_000.0, 1_200.0)).action_row(Carried::Done, None);
    let told = requests(&run).unwrap();
    assert_eq!((told.counted, told.recorded), ((240.0, 290.0), (0, Some(311))));
}

#[test]
fn scrapes_that_came_to_nothing_are_passed_over_and_counted() {
    let run = run().scrape(0.0, &[("requests_total", 0.0)]).scrape_failed(1_000.0, "no answer in time");
    let told = requests(&run.clone().scrape(2_000.0, &[("requests_total", 200.0)])).unwrap();
    assert_eq!((told.scrapes, told.failed, told.counted.0), (2, 1, 200.0));
    let why = requests(&run).unwrap_err();
    assert_eq!(
        why,
        "1 scrape of the gateway's metrics in it, two are needed; one that came to nothing: no answer in time"
    );
}

#[test]
fn series_that_nobody_tells_or_that_are_no_numbers_prove_nothing() {
    let run = run().scrape(0.0, &[("requests_total", f64::NAN)]).scrape(2_000.0, &[("requests_total", 5.0)]);
    assert_eq!(told(&run, What::Requests, "hits_total").unwrap_err(), "none of 2 scrapes has `hits_total`");
    assert_eq!(requests(&run).unwrap_err(), "`requests_total` is NaN, which is no number of anything");
}
