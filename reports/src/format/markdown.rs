//! The report as GitHub-flavoured Markdown, for comments on a pull request and the summary of a CI step.

mod tables;

use std::fmt::Write;
use std::io;

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::figures;
use crate::grounds;
use crate::headline::{self, Headline};
use crate::text::Page;
use crate::timeline::Timeline;
use crate::{Finding, Report, Verdict, Witness};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "markdown",
    summary: "GitHub-flavoured Markdown, for comments on a pull request and step summaries.",
    docs: "The verdict, the facts of the run, a table of findings, the declared policy against the observed one, a \
           folded section for each finding that did not pass, response times, and what was seen but demanded by \
           nobody. Append it to `$GITHUB_STEP_SUMMARY` or post it as a comment. Foreign text can neither mark \
           up, nor link, nor mention anyone.",
    ending: "md",
    several: true,
    make: |_: Options| Box::new(Markdown),
};

/// The most findings in the table, and in the folded sections: a comment holds 65 536 characters.
const ROWS_MAX: usize = 100;
const DETAILS_MAX: usize = 10;

/// The most witnesses of a finding: two show that the first is no exception.
const WITNESSES_MAX: usize = 2;

struct Markdown;

impl Format for Markdown {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let headline = Headline::of(report);
        writeln!(out, "## brownout: {}\n", headline.word)?;
        writeln!(out, "**{}** {}\n", escaped(&headline.sentence), headline.tally)?;
        if let Some(remedy) = &headline.remedy {
            writeln!(out, "To get an answer: {}\n", escaped(remedy))?;
        }
        writeln!(out, "{}", facts(report))?;
        out.write_all(table(report).as_bytes())?;
        out.write_all(tables::policy(report).as_bytes())?;
        out.write_all(details(report).as_bytes())?;
        out.write_all(tables::unasked(report).as_bytes())?;
        out.write_all(tables::latencies(report).as_bytes())?;
        for remark in &report.remarks {
            writeln!(out, "\n> {}", escaped(&escape::sentence(remark)))?;
        }
        Ok(())
    }
}

fn facts(report: &Report) -> String {
    let simulated = if report.simulated { " · simulated" } else { "" };
    // What could not be run has no run.
    let run = if report.was_run() {
        let run = escaped(&escape::plain(&report.run, 300));
        format!(" · took {}{simulated} · run {run}", figures::seconds(report.length_s))
    } else {
        String::new()
    };
    // Of a scenario that could not even be read, neither is known.
    let gateway = if report.gateway.is_empty() {
        String::new()
    } else {
        format!(" · gateway {} · seed {}", escaped(&figures::gateway(report)), report.seed)
    };
    format!(
        "Scenario {} ({}){gateway}{run}\n\nAgain: {}\n",
        escaped(&escape::name(&report.scenario)),
        escaped(&escape::plain(&report.scenario_path, 300)),
        code(&crate::rerun::command(report)),
    )
}

fn table(report: &Report) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    let mut out = "| verdict | expectation | phase / traffic | observed | expected | n | cases |\n\
                   | --- | --- | --- | --- | --- | ---: | ---: |\n"
        .to_owned();
    for finding in report.findings.iter().take(ROWS_MAX) {
        let traffic = finding.traffic.as_deref().map_or_else(String::new, |name| format!(" / {name}"));
        let cells = [
            verdict(finding.verdict).to_owned(),
            escaped(&escape::name(&finding.expectation)),
            escaped(&escape::plain(&format!("{}{traffic}", finding.phase), 160)),
            observed(finding),
            escaped(&escape::plain(&finding.expected, 160)),
            figures::count(finding.observations),
            figures::count(finding.exposures),
        ];
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    left_out(&mut out, report.findings.len(), ROWS_MAX);
    out
}

/// What was seen, with the first figure and its interval where there is one.
fn observed(finding: &Finding) -> String {
    let seen = escaped(&escape::plain(&finding.observed, 160));
    match finding.estimates.first() {
        Some(estimate) => format!("{seen}<br>{}", escaped(&grounds::figure(estimate))),
        None => seen,
    }
}

fn details(report: &Report) -> String {
    let of = |verdict: Verdict| report.findings.iter().filter(move |finding| finding.verdict == verdict);
    let findings: Vec<&Finding> = of(Verdict::Fail).chain(of(Verdict::Inconclusive)).collect();
    let mut out: String = findings.iter().take(DETAILS_MAX).map(|finding| folded(finding)).collect();
    left_out(&mut out, findings.len(), DETAILS_MAX);
    out
}

fn folded(finding: &Finding) -> String {
    let summary = format!("{}: {}", figures::word(finding.verdict), headline::reason(finding));
    let mut lines = vec![
        String::new(),
        format!("<details><summary>{}</summary>", html(&summary)),
        String::new(),
        format!("- id: {}", escaped(&escape::plain(&finding.id, 240))),
        format!("- observed: {}", escaped(&escape::sentence(&finding.observed))),
        format!("- expected: {}", escaped(&escape::sentence(&finding.expected))),
        format!("- because: {}", escaped(&escape::sentence(&finding.because))),
    ];
    let grounds = grounds::rows(finding);
    lines.extend(grounds.iter().map(|(key, words)| format!("- {key}: {}", escaped(words))));
    for witness in finding.witnesses.iter().take(WITNESSES_MAX) {
        lines.extend([String::new(), pre(witness)]);
    }
    lines.extend([String::new(), "</details>\n".to_owned()]);
    lines.join("\n")
}

/// A witness as a timeline.
fn pre(witness: &Witness) -> String {
    let timeline = Timeline::of(witness);
    let text = format!("{}\n{}", timeline.title, Page::PLAIN.timeline(0, &timeline));
    format!("<pre>{}</pre>", html(&text))
}

fn left_out(out: &mut String, all: usize, shown: usize) {
    if all > shown {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\nand {} more", figures::count((all - shown) as u64));
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Inconclusive => "**inconclusive**",
        Verdict::Fail => "**fail**",
    }
}

/// Text that Markdown shows as it stands: no markup, no raw HTML, no link, no mention, no reference.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // GitHub looks for these after the Markdown was read, so only a character in between stops it.
            '@' => out.push_str("@&#8203;"),
            '#' => out.push_str("#&#8203;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => {
                out.push('\\');
                out.push(character);
            }
            plain => out.push(plain),
        }
    }
    // Bare addresses become links where these stand.
    out.replace("://", "&#58;//").replace("www.", "www&#46;").replace("WWW.", "WWW&#46;")
}

/// A command as code, whatever quotes are in it.
fn code(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Text inside an HTML element, where Markdown is not read.
fn html(text: &str) -> String {
    // A blank line would end the element for Markdown; ours have none, and foreign text has no line ends.
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@&#8203;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        Markdown.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn a_comment_has_verdict_table_and_folded_details() {
        insta::assert_snapshot!(written(&sample::report()));
    }

    #[test]
    fn foreign_text_has_no_markup() {
        let shown = escaped("a|b `c` *d* [e](http://f) <script> @team #12 www.g.example $h$");
        assert_eq!(
            shown,
            "a\\|b \\`c\\` \\*d\\* \\[e\\](http&#58;//f) &lt;script&gt; @&#8203;team #&#8203;12 www&#46;g.example \\$h\\$"
        );
    }

    #[test]
    fn a_cell_can_not_break_its_table() {
        let mut report = sample::report();
        report.findings[0].observed = "a | b\n| c | d |\\".to_owned();
        let text = written(&report);
        let row = text.lines().find(|line| line.starts_with("| pass")).expect("the first finding passed");
        let bare = row.replace(r"\\", "").replace(r"\|", "");
        assert_eq!(bare.matches('|').count(), 8, "{row}");
    }

    #[test]
    fn a_timeline_can_not_end_its_element() {
        let mut report = sample::report();
        report.findings[1].witnesses[0].shows = "</pre><script>alert(1)</script>\n\n# heading".to_owned();
        report.findings[1].summary = "</summary><img src=x>".to_owned();
        let text = written(&report);
        assert!(!text.contains("<script>") && !text.contains("<img"), "{text}");
        assert_eq!(text.matches("</pre>").count(), 2, "of the finding, and of what nobody asked about");
    }

    #[test]
    fn a_command_with_backticks_is_still_code() {
        assert_eq!(code("a ``b`"), "``` a ``b` ```");
        assert_eq!(code("a b"), "`a b`");
    }

    #[test]
    fn hundreds_of_findings_are_counted_and_not_all_shown() {
        let mut report = sample::report();
        report.findings = vec![report.findings[1].clone(); 500];
        let text = written(&report);
        assert!(text.len() < 65_536, "{} characters are more than a comment holds", text.len());
        assert!(text.contains("and 400 more") && text.contains("and 490 more"));
    }
}
