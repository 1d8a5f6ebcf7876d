//! The scenario that holds a profile in place is one that nobody has to mend, passes on the gateway that was asked, and fails on
//! one that does something else.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::site;
use discover::{Options, discover, hold};
use gateways::Allowed;
use reports::{Report, Verdict};
use run::Progress;
use scenario::{Loaded, Overrides};
use tokio_util::sync::CancellationToken;

/// What is asked of the gateway whose profile is held.
const ASKED: [&str; 10] = [
    "rate-limit",
    "affinity",
    "limits",
    "pool",
    "timers",
    "retries",
    "cancel",
    "answers",
    "headers",
    "breaker",
];

const PATH: &str = "/items/{n}";

fn head(policy: &str) -> String {
    format!("[policy]\n{policy}\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n")
}

fn held(policy: &str) -> String {
    let head = head(policy);
    let site = site(head.clone(), Overrides { seed: Some(3), ..Overrides::default() }, PATH);
    let options = Options { only: ASKED.map(String::from).to_vec() };
    hold(&discover(site, &options, &mut |_, _| ()).unwrap().0, &head, PATH)
}

fn load(text: &str, defects: &[&str]) -> Loaded {
    let set = vec![format!("gateway.reference.defects={defects:?}")];
    let overrides = Overrides { set, seed: Some(11), gateway: None };
    scenario::load_text("held.toml", text, Path::new("."), &overrides)
        .unwrap_or_else(|failure| panic!("{}\n{text}", failure.render(false)))
}

fn judged(text: &str, defects: &[&str]) -> Report {
    let loaded = load(text, defects);
    let out = tempfile::tempdir().unwrap();
    let options = run::Options {
        out: out.path().to_owned(),
        scenario_path: "held.toml".into(),
        scenario_text: loaded.text,
        overrides: Vec::new(),
        simulate: true,
        allowed: Allowed::default(),
        status: None,
        interrupt: CancellationToken::new(),
        abort: CancellationToken::new(),
    };
    let progress = Arc::new(Progress::new(&loaded.plan, 0));
    let finished = run::run(&loaded.plan, &options, &progress).unwrap();
    assess::judge_run(&finished.dir, None).unwrap()
}

const RETRIES: &str = r#"
    timeout = { per_try = "300ms" }
    retry = { attempts = 3, on = ["503", "reset"], methods = ["GET"], backoff = { base = "50ms" } }
"#;

const BREAKER: &str = r#"
    timeout = { per_try = "400ms" }
    breaker = { trip = { consecutive = 5 }, open_for = "1s" }
"#;

const RATE_LIMIT: &str = r#"
    rate_limit = { calls = 40, per = "2s", retry_after = true }
"#;

const LIMIT: &str = r#"
    timeout = { per_try = "1s" }
    limit = { in_flight = 8 }
"#;

const SESSIONS: &str = r#"
    timeout = { per_try = "1s" }
    affinity = { by = { header = "x-user" } }
"#;

#[test]
fn what_was_found_is_a_scenario_without_a_warning_that_passes_on_the_gateway_that_was_asked() {
    for (policy, defects) in [
        (RETRIES, ["retries-post", "one-retry-too-many", "doubles-timeout"]),
        (BREAKER, ["breaker-trips-late", "half-open-time", "trusts-forwarded-for"]),
        (RATE_LIMIT, ["rate-limit-late-by-one", "rate-limit-untold", "rate-limit-for-each-instance"]),
        (LIMIT, ["limit-ignored", "limit-late-by-one", "alters-bodies"]),
        (SESSIONS, ["forgets-keys", "outlives-clients", "cancels-late"]),
    ] {
        let text = held(policy);
        let warnings: Vec<String> = load(&text, &[]).warnings.iter().map(|one| format!("{one:?}")).collect();
        assert!(warnings.is_empty(), "{warnings:#?}\n{text}");
        let report = judged(&text, &[]);
        let open: Vec<String> = report
            .findings
            .iter()
            .filter(|finding| finding.verdict != Verdict::Pass)
            .map(|finding| format!("{} {}: {}", finding.verdict, finding.id, finding.because))
            .collect();
        assert_eq!(report.verdict, Verdict::Pass, "{open:#?}\n{text}");
        for defect in defects {
            assert_eq!(judged(&text, &[defect]).verdict, Verdict::Fail, "{defect} is not noticed\n{text}");
        }
    }
}

#[test]
fn the_scenario_reads_as_if_somebody_had_written_it() {
    insta::assert_snapshot!(held(RETRIES));
}
