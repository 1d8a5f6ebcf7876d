//! What holds for every format, whatever is in the report.

use proptest::prelude::*;

use super::*;
use crate::sample;
use crate::{Finding, Verdict, Witness};

fn written(name: &str, options: Options, report: &Report) -> String {
    let kind = find(name).expect("the format is in the registry");
    let mut out = Vec::new();
    (kind.make)(options).render(report, &mut out).expect("a vector takes all bytes");
    String::from_utf8(out).expect("every format is UTF-8")
}

/// The sample with a foreign text wherever text may stand.
fn with_text(text: &str) -> Report {
    let json = serde_json::to_value(sample::report()).expect("a report is JSON");
    let mut replaced = replace(json, text);
    // What brownout itself writes is a word of a closed set.
    replaced["verdict"] = "fail".into();
    for stretch in replaced["breakers"][0]["stretches"].as_array_mut().expect("the sample has a strip") {
        stretch["state"] = "open".into();
    }
    for (index, verdict) in ["pass", "fail", "inconclusive", "fail"].into_iter().enumerate() {
        replaced["findings"][index]["verdict"] = verdict.into();
    }
    for row in replaced["findings"][3]["policy"].as_array_mut().expect("the sample has a policy") {
        row["verdict"] = "fail".into();
    }
    serde_json::from_value(replaced).expect("only text was replaced")
}

fn replace(value: serde_json::Value, text: &str) -> serde_json::Value {
    match value {
        serde_json::Value::String(_) => text.into(),
        serde_json::Value::Array(items) => items.into_iter().map(|item| replace(item, text)).collect(),
        serde_json::Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key, replace(value, text))).collect()
        }
        other => other,
    }
}

/// Characters that no reader of a text format may be sent, line ends aside.
fn harmful(character: char) -> bool {
    character != '\n'
        && (character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

#[test]
fn every_format_is_found_by_its_name_and_documented() {
    for kind in FORMATS {
        assert!(std::ptr::eq(find(kind.name).expect("it is in the registry"), kind));
        assert!(kind.summary.ends_with('.') && kind.docs.len() > kind.summary.len());
        assert!(kind.ending.chars().all(|character| character.is_ascii_lowercase()));
    }
    assert!(find("no such format").is_none());
}

#[test]
fn a_document_of_one_run_is_the_same_however_it_is_asked_for() {
    for kind in FORMATS.iter().filter(|kind| kind.several) {
        let mut all = Vec::new();
        (kind.make)(Options::default())
            .render_all(&[sample::report()], &mut all)
            .expect("a vector takes all bytes");
        assert!(
            all == written(kind.name, Options::default(), &sample::report()).into_bytes(),
            "{}",
            kind.name
        );
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for kind in FORMATS {
        let (first, second) = (sample::report(), sample::report());
        let options = Options::default();
        assert_eq!(
            written(kind.name, options, &first),
            written(kind.name, options, &second),
            "{}",
            kind.name
        );
    }
}

#[test]
fn hostile_text_never_reaches_the_reader_as_it_is() {
    let hostile =
        "\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{202e}txt\u{2066}\r\x08]]></script><script>alert(1)</script>\0";
    let report = with_text(hostile);
    for kind in FORMATS {
        let text = written(kind.name, Options::default(), &report);
        if kind.name != "json" {
            assert!(!text.contains(harmful), "{}", kind.name);
        }
        if matches!(kind.name, "html" | "markdown" | "junit") {
            // The command to run again is code, in which Markdown knows no markup.
            let marked = text.lines().filter(|line| kind.name != "markdown" || !line.starts_with("Again: `"));
            assert!(marked.into_iter().all(|line| !line.contains("<script>alert")), "{}", kind.name);
        }
    }
}

#[test]
fn megabytes_of_text_are_cut() {
    let report = with_text(&"x\x1b".repeat(1 << 19));
    for kind in FORMATS.iter().filter(|kind| kind.name != "json") {
        let text = written(kind.name, Options::default(), &report);
        assert!(text.len() < 300_000, "{} has {} bytes", kind.name, text.len());
    }
}

/// What a finding rests on is in every format that has room for words; `github`, `sarif` and `openmetrics` have their own tests.
#[test]
fn every_format_shows_what_a_finding_rests_on_and_what_nobody_asked() {
    // A summary has a row a run, and names what did not pass; code hosts are told nothing else either.
    let short = ["json", "openmetrics", "github", "sarif", "summary"];
    for kind in FORMATS.iter().filter(|kind| !short.contains(&kind.name)) {
        let text = written(kind.name, Options { colour: false, width: 240 }, &sample::report());
        let text = text.replace('\\', "").replace("&#45;", "-");
        for words in [
            "69.3 % (64.8 % – 73.5 % at 95 % confidence)",
            "3 in a stall of the machine (3 answered 503)",
            "last at least 40 s",
            "timeout.per_try",
            "301.2 ms (299.0 – 304.5 ms)",
            "scenarios/retry-503.toml:11",
            "emanded by nobody",
            "24 POST requests were delivered twice",
        ] {
            assert!(text.contains(words), "{}: `{words}` is missing in\n{text}", kind.name);
        }
    }
}

#[test]
fn a_scenario_that_could_not_be_run_is_in_every_document_with_the_reason() {
    let why = "the gateway `haproxy` did not start: 127.0.0.1:8080 is taken";
    let report = Report::not_run("one backend answers 503", "scenarios/retry-503.toml", "haproxy", why);
    assert_eq!(report.contradiction(), None);
    for kind in FORMATS.iter().filter(|kind| kind.name != "openmetrics") {
        let text = written(kind.name, Options { colour: false, width: 240 }, &report);
        let text = text.replace('\\', "").replace("<code>", "`").replace("</code>", "`");
        assert!(text.contains("127.0.0.1:8080 is taken"), "{}: {text}", kind.name);
        assert!(!text.contains("PASS"), "{}", kind.name);
    }
}

#[test]
fn an_empty_report_can_be_written() {
    let mut report = sample::report();
    report.verdict = Verdict::Inconclusive;
    report.findings.clear();
    report.phases.clear();
    report.traffic.clear();
    report.backends.clear();
    report.injections.clear();
    report.latencies.clear();
    report.remarks.clear();
    report.unasked.clear();
    for kind in FORMATS {
        assert!(!written(kind.name, Options::default(), &report).is_empty());
    }
}

/// Reports with any figures in their witnesses, so that no drawing may assume an order of times.
fn any_witness() -> impl Strategy<Value = Witness> {
    (any::<[f64; 5]>(), any::<u16>()).prop_map(|(times, number)| {
        let mut witness = sample::witness();
        [witness.client.from_ms, witness.client.to_ms, witness.lag_ms] = [times[0], times[1], times[2]];
        [witness.attempts[0].bar.from_ms, witness.attempts[0].events[0].at_ms] = [times[3], times[4]];
        witness.attempts[1].number = number;
        witness
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_a_format(text in "\\PC*|[\\x00-\\x{a0}\\x{200b}-\\x{2069}|`<&@]{0,200}|(?s:.{0,300})", width in 0_u16..300) {
        let report = with_text(&text);
        for kind in FORMATS {
            let shown = written(kind.name, Options { colour: false, width }, &report);
            prop_assert!(kind.name == "json" || !shown.contains(harmful), "{}: {:?}", kind.name, shown);
        }
    }

    #[test]
    fn colour_is_the_only_escape_sequence(text in "(?s:.{0,100})") {
        let shown = written("terminal", Options { colour: true, width: 100 }, &with_text(&text));
        for sequence in shown.split('\x1b').skip(1) {
            let rest = sequence.trim_start_matches('[').trim_start_matches(|character: char| character.is_ascii_digit() || character == ';');
            prop_assert!(sequence.starts_with('[') && rest.starts_with('m'), "{sequence:?}");
        }
    }

    #[test]
    fn no_figure_breaks_a_format(witness in any_witness(), length in any::<f64>(), count in any::<u64>(), unit in "ms|s|share|attempts|") {
        let mut report = sample::report();
        let estimate = &mut report.findings[1].estimates[0];
        (estimate.value, estimate.low, estimate.high) = (Some(length), -length, length * 3.0);
        (estimate.unit, estimate.confidence) = (unit, length);
        report.findings[1].excludes = Some(length);
        report.findings[1].set_aside = vec![crate::SetAside { why: "at an edge".to_owned(), count, ended: vec![("x".to_owned(), count)] }];
        report.unasked[0].witnesses = vec![witness.clone()];
        report.length_s = length;
        report.phases[0].to_s = length;
        report.phases[0].exchanges = count;
        report.latencies[0].max_ms = length;
        let failing: &mut Finding = &mut report.findings[1];
        (failing.from_s, failing.observations, failing.witnesses) = (length, count, vec![witness]);
        for kind in FORMATS.iter().filter(|kind| kind.name != "json") {
            prop_assert!(!written(kind.name, Options::default(), &report).is_empty());
        }
    }
}
