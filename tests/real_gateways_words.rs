//! Breakers of real gateways, word by word: what the policy declares passes in the same words, and with one word changed it
//! fails and says what was seen instead. The gateway always follows the policy; only the expectation is changed.
//!
//! Like `real_gateways.rs` it takes real time, and runs where gateways are required.

use std::io::Write;
use std::process::{Command, Output};

/// What a run must come to.
#[derive(Clone, Copy)]
enum End {
    /// Everything holds.
    Pass,
    /// The breaker is another one: what the report says of it.
    Fail(&'static str),
}

/// A gateway, a scenario of the library, what is changed in all of it, what in the expectation only, and the end.
type Case = (&'static str, &'static str, &'static [Change], &'static [Change], End);

/// A text and the one that stands in its place.
type Change = (&'static str, &'static str);

const TWO_WORKERS: &[Change] = &[
    ("tick     = \"1s\"", "tick = \"1s\"\nworkers = 2"),
    ("way_back = \"probe\" }", "way_back = \"probe\", workers = 2 }"),
];

const EJECTION: [(&[Change], End); 5] = [
    (&[], End::Pass),
    (&[("consecutive = 5", "consecutive = 7")], End::Fail("opened after 5 failures in a row")),
    (&[("consecutive = 5", "consecutive = 4")], End::Fail("opens after 5 failures in a row instead")),
    (&[("\"2s\"", "\"3s\"")], End::Fail("is open for 2")),
    (&[("\"all\"", "\"probe\", probes_max = 1")], End::Fail("gives all of its traffic back at once")),
];

const MAX_FAILS: [(&[Change], End); 5] = [
    (&[], End::Pass),
    (&[("count = 5", "count = 7")], End::Fail("opened after 5 failures within 2 s")),
    (&[("count = 5", "count = 4")], End::Fail("opens after 5 failures within 2 s instead")),
    // By the second in which it opened it is open for 2 to 3 s.
    (&[("open_for = \"2s\"", "open_for = \"5s\"")], End::Fail("had opened, 5 s demanded")),
    (&[("\"probe\"", "\"all\"")], End::Fail("probes before it gives all of its traffic back")),
];

const WORKERS: [(&[Change], End); 3] = [
    (&[], End::Pass),
    (&[("workers = 2", "workers = 1")], End::Fail("kept receiving requests")),
    (&[("count = 5", "count = 3")], End::Fail("kept receiving requests")),
];

/// A breaker that opens on the first failure shows no way back: the failing backend is out again at once.
const FIRST_FAILURE: &[Change] = &[
    ("{ consecutive = 5 }", "{ consecutive = 1 }"),
    ("way_back = \"all\"\n", ""),
    (", way_back = \"all\" }", " }"),
    // The slow phase has too few requests for the timers, with both backends out most of the time.
    ("policy = {}", "policy = { about = [\"breaker.trip\", \"breaker.open_for\"] }"),
];

/// The same with what Apache counts: statuses one by one.
const FIRST_503: &[Change] = &[
    ("\"300ms\"", "\"1s\""),
    ("{ consecutive = 5 }", "{ consecutive = 1 }"),
    ("way_back = \"all\"\n", "fails    = [\"connect-failure\", \"503\"]\n"),
    (", way_back = \"all\" }", " }"),
    ("policy = {}", "policy = { about = [\"breaker.trip\", \"breaker.open_for\"] }"),
];

const ON_FIRST_FAILURE: [(&[Change], End); 3] = [
    (&[], End::Pass),
    (&[("consecutive = 1", "consecutive = 2")], End::Fail("opened after 1 failure in a row")),
    (&[("\"2s\"", "\"3s\"")], End::Fail("had opened, 3 s demanded")),
];

const PASSIVE_HEALTH: [(&[Change], End); 5] = [
    (&[], End::Pass),
    (&[("consecutive = 5", "consecutive = 7")], End::Fail("opened after 5 failures in a row")),
    (&[("consecutive = 5", "consecutive = 4")], End::Fail("opened late, after about 5 failures in a row")),
    (&[("\"2s\"", "\"3s\"")], End::Fail("had opened, 3 s demanded")),
    (&[("\"all\"", "\"probe\", probes_max = 1")], End::Fail("gives all of its traffic back at once")),
];

/// What Traefik tries again after, as far as it can be said to it.
const BY_TURNS: &[Change] = &[
    (
        "on       = [\"503\", \"connect-failure\", \"reset\", \"timeout\"]",
        "on       = [\"503\", \"connect-failure\"]\nother_backend = false",
    ),
    // Whose turn it is depends on how many requests are under way at a time.
    ("\"retry.methods\", \"retry.other_backend\"]", "\"retry.methods\"]"),
];

const SHARE: [(&[Change], End); 2] = [
    (&[], End::Pass),
    (
        &[("attempts = { max = 3", "attempts = { max = 2")],
        End::Fail("reached the backends more than twice, up to 3 times"),
    ),
];

/// What Varnish tries again after: it does not tell why it got no answer.
const BY_TURNS_AFTER_ALL: &[Change] = &[
    ("\"reset\", \"timeout\"]\n", "\"reset\", \"timeout\"]\nother_backend = false\n"),
    ("\"retry.methods\", \"retry.other_backend\"]", "\"retry.methods\"]"),
];

/// What Caddy tries again after: never a status.
const BUT_STATUSES: &[Change] = &[
    (
        "on       = [\"503\", \"connect-failure\", \"reset\", \"timeout\"]",
        "on       = [\"connect-failure\", \"reset\", \"timeout\"]\nother_backend = false",
    ),
    ("{ min = 2, other_backend = true }", "{ min = 2 }"),
    // It tries again at whose turn it is, which is the bad one again where another request took the turn between.
    ("availability = { min = 0.95 }", "availability = { min = 0.45 }"),
];

const RESETS: [(&[Change], End); 2] = [
    (&[], End::Pass),
    (&[("{ min = 2 }", "{ max = 1 }")], End::Fail("reached the backends more than once, up to twice")),
];

#[test]
fn the_ejections_of_envoy_and_haproxy_are_told_word_by_word() {
    word_by_word(
        &[of("envoy", "ejection", &[], &EJECTION), of("haproxy", "ejection", &[], &EJECTION)].concat(),
    );
}

#[test]
fn nginx_s_count_of_failures_is_told_word_by_word_with_one_worker_and_with_two() {
    let workers =
        [of("nginx", "max-fails", &[], &MAX_FAILS), of("nginx", "max-fails", TWO_WORKERS, &WORKERS)];
    word_by_word(&workers.concat());
}

#[test]
fn the_first_failures_and_the_retries_of_small_gateways_are_told_word_by_word() {
    let cases = [
        of("caddy", "ejection", FIRST_FAILURE, &ON_FIRST_FAILURE),
        of("apache", "ejection", FIRST_503, &ON_FIRST_FAILURE),
        of("varnish", "brownout-share", BY_TURNS_AFTER_ALL, &SHARE),
        of("traefik", "brownout-share", BY_TURNS, &SHARE),
    ];
    word_by_word(&cases.concat());
}

#[test]
fn the_passive_health_checks_of_traefik_and_the_retries_of_caddy_are_told_word_by_word() {
    let cases =
        [of("traefik", "ejection", &[], &PASSIVE_HEALTH), of("caddy", "faults/reset", BUT_STATUSES, &RESETS)];
    word_by_word(&cases.concat());
}

/// Each change of the expectation, for one gateway and scenario.
fn of(
    gateway: &'static str,
    scenario: &'static str,
    everywhere: &'static [Change],
    changed: &[(&'static [Change], End)],
) -> Vec<Case> {
    changed.iter().map(|(changed, end)| (gateway, scenario, everywhere, *changed, *end)).collect()
}

/// A word of the health checks, changed in the expectation, and what the report says of it.
const HEALTH: [(&str, &[Change], End); 10] = [
    ("haproxy", &[], End::Pass),
    (
        "haproxy",
        &[("fall = 3", "fall = 2")],
        End::Fail("backends got requests after 2 failed checks in a row"),
    ),
    ("envoy", &[], End::Pass),
    ("envoy", &[("rise = 2", "rise = 3")], End::Fail("backends got requests before 3 good checks in a row")),
    ("caddy", &[], End::Pass),
    (
        "caddy",
        &[("every = \"250ms\"", "every = \"400ms\"")],
        End::Fail("not every 400 ms was each backend asked"),
    ),
    ("traefik", &[], End::Pass),
    ("traefik", &[("path = \"/healthz\"", "path = \"/\"")], End::Fail("checks did not ask for `/`")),
    ("varnish", &[], End::Pass),
    (
        "varnish",
        &[("fall = 3", "fall = 2")],
        End::Fail("backends got requests after 2 failed checks in a row"),
    ),
];

/// For Traefik each single check decides.
const EACH_DECIDES: &[Change] =
    &[("fall  = 3\nrise  = 2\n", ""), ("fall = 3, rise = 2", "fall = 1, rise = 1")];

#[test]
fn health_checks_are_told_word_by_word() {
    let cases = HEALTH.map(|(gateway, changed, end)| {
        let everywhere = if gateway == "traefik" { EACH_DECIDES } else { &[] };
        (gateway, "failure/health-checks", everywhere, changed, end)
    });
    // All at once are more than two slow cores carry: health checks come too late then.
    cases.chunks(5).for_each(word_by_word);
}

fn word_by_word(cases: &[Case]) {
    if std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_none() {
        let note = "skipped: real breakers word by word; set BROWNOUT_REQUIRE_GATEWAYS=1 to run them\n";
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return;
    }
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| scope.spawn(|| run(case))).collect();
        running.into_iter().filter_map(|run| run.join().unwrap().err()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs one case; the error says what is wrong with its end.
fn run((gateway, scenario, everywhere, expected, end): &Case) -> Result<(), String> {
    let text = scenarios::find(scenario).unwrap().text;
    let text = replaced(text, everywhere);
    let (before, expectations) = text.split_at(text.find("[[expect]]").unwrap());
    let text = format!("{before}{}", replaced(expectations, expected));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_brownout"))
        .args(["run", "--quiet", "--gateway", gateway, "--out"])
        .args([folder.path(), &file])
        .output()
        .unwrap();
    let said = said(&output);
    // Without its line breaks and margins, a sentence is found wherever it was broken.
    let plain = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let as_expected = match (output.status.code(), end) {
        (Some(0), End::Pass) => true,
        (Some(1), End::Fail(words)) => plain.contains(words),
        // A machine under load may be too late to prove what it saw; that is said, and nothing wrong is.
        (Some(2), _) => {
            let note = format!("inconclusive: {gateway}, {scenario}, {expected:?}\n{said}\n");
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            true
        }
        _ => false,
    };
    let code = output.status.code();
    if as_expected {
        Ok(())
    } else {
        Err(format!("{gateway}, {scenario}, {expected:?}: exit {code:?}\n{said}"))
    }
}

fn replaced(text: &str, changes: &[Change]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in\n{text}");
        text.replace(from, to)
    })
}

fn said(output: &Output) -> String {
    [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat()
}
