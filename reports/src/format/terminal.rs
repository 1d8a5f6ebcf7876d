//! The report on a terminal: the verdict first, then the findings in one table, then what explains those that
//! did not pass, and the verdict once more at the end, which is what stays on the screen.

mod actions;
mod details;
mod ending;
mod findings;
mod latencies;
mod metrics;
mod policy;
mod summary;
mod unasked;

use std::io;

use comfy_table::{Attribute, Cell, Color};

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::figures;
use crate::headline::Headline;
use crate::text::Page;
use crate::{Report, Verdict};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "terminal",
    summary: "For people, on a terminal: the verdict, a table of findings, and the witnesses of what failed.",
    docs: "The verdict in a sentence, the facts of the run, one table of findings, and for each finding that did \
           not pass why, with two requests as timelines drawn to scale (`░` the wait before the request \
           was sent, `█` the request, `▒` where something happened in it). Then the declared policy against the \
           observed one, response times, and what was seen but demanded by nobody. The verdict and the names of what \
           did not pass are the last lines; several runs end with a table of them. Text of a gateway is shown with \
           its control characters escaped.",
    ending: "txt",
    several: true,
    make: |options: Options| Box::new(Terminal { options, evidence: None }),
};

/// The most witnesses of a finding: two show that the first is no exception. A page has the others.
const WITNESSES_MAX: usize = 2;

struct Terminal {
    options: Options,
    /// Where the evidence lies, for who has just made it.
    evidence: Option<String>,
}

impl Terminal {
    fn page(&self) -> Page {
        Page { width: self.options.width.clamp(40, 240), colour: self.options.colour }
    }
}

/// The closing table of several runs, and nothing for one.
pub(super) fn summary(reports: &[Report], options: Options) -> String {
    summary::text(Terminal { options, evidence: None }.page(), reports)
}

/// The format with the place of the evidence, which a report does not know.
pub(super) fn with_evidence(options: Options, evidence: &str) -> Box<dyn Format> {
    Box::new(Terminal { options, evidence: Some(escape::plain(evidence, 4096)) })
}

impl Format for Terminal {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let page = self.page();
        out.write_all(headline(page, report).as_bytes())?;
        out.write_all(facts(page, report).as_bytes())?;
        out.write_all(actions::lines(page, report).as_bytes())?;
        out.write_all(metrics::lines(page, report).as_bytes())?;
        findings::write(page, report, out)?;
        details::write(page, report, out)?;
        policy::write(page, report, out)?;
        latencies::write(page, report, out)?;
        unasked::write(page, report, out)?;
        out.write_all(closing(page, report).as_bytes())?;
        // A path is copied, so that it is never broken into lines.
        if let Some(evidence) = &self.evidence {
            writeln!(out, "evidence  {evidence}")?;
        }
        out.write_all(ending::text(page, report).as_bytes())
    }

    fn render_all(&self, reports: &[Report], out: &mut dyn io::Write) -> io::Result<()> {
        for (index, report) in reports.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            self.render(report, out)?;
        }
        out.write_all(summary(reports, self.options).as_bytes())
    }
}

fn headline(page: Page, report: &Report) -> String {
    let headline = Headline::of(report);
    let said = vec![verdict(report.verdict, headline.word), Cell::new(headline.sentence)];
    page.columns(0, [said, vec![Cell::new(""), Cell::new(headline.tally)]])
}

/// Two lines: what was run, and which run it was.
fn facts(page: Page, report: &Report) -> String {
    let mut what = vec![escape::name(&report.scenario), escape::plain(&report.scenario_path, 300)];
    // Of a scenario that could not even be read, neither is known.
    if !report.gateway.is_empty() {
        what.push(format!("gateway {}", figures::gateway(report)));
        what.push(format!("seed {}", report.seed));
    }
    let mut rows = vec![("scenario", what)];
    // What could not be run has no run.
    if !report.run.is_empty() {
        let mut which = vec![
            escape::plain(&report.run, 300),
            format!("started {}", escape::name(&figures::to_the_second(&report.started))),
            format!("took {}", figures::seconds(report.length_s)),
            format!("brownout {}", escape::name(&report.brownout)),
        ];
        if report.simulated {
            which.push("simulated".to_owned());
        }
        rows.push(("run", which));
    }
    let row = |(key, words): (&str, Vec<String>)| vec![dim(key), Cell::new(words.join(" · "))];
    format!("\n{}", page.columns(0, rows.into_iter().map(row)))
}

/// What limits the report, and how it is run again.
fn closing(page: Page, report: &Report) -> String {
    let mut rows: Vec<Vec<Cell>> = report
        .remarks
        .iter()
        .map(|remark| vec![dim("remark"), Cell::new(escape::sentence(remark))])
        .collect();
    rows.push(vec![dim("again"), Cell::new(crate::rerun::command(report))]);
    format!("\n{}", page.columns(0, rows))
}

/// A verdict in its colour. The word says the same, for readers who see no colour.
fn verdict(verdict: Verdict, word: &str) -> Cell {
    let colour = match verdict {
        Verdict::Pass => Color::Green,
        Verdict::Inconclusive => Color::Yellow,
        Verdict::Fail => Color::Red,
    };
    Cell::new(word).fg(colour).add_attribute(Attribute::Bold)
}

fn dim(text: &str) -> Cell {
    Cell::new(text).add_attribute(Attribute::Dim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn shown(report: &Report, options: Options) -> String {
        let mut out = Vec::new();
        Terminal { options, evidence: None }.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn the_verdict_stands_first_and_last() {
        insta::assert_snapshot!(shown(&sample::report(), Options { colour: false, width: 120 }));
    }

    #[test]
    fn a_passed_run_needs_no_details() {
        let mut report = sample::report();
        report.verdict = Verdict::Pass;
        report.findings.retain(|finding| finding.verdict == Verdict::Pass);
        report.remarks.clear();
        report.simulated = true;
        insta::assert_snapshot!(shown(&report, Options::default()));
    }

    #[test]
    fn several_runs_end_with_a_table_of_them() {
        let (failed, mut passed) = (sample::report(), sample::report());
        passed.verdict = Verdict::Pass;
        passed.findings.truncate(1);
        passed.scenario = "retry-never-posts".to_owned();
        let not_run =
            Report::not_run("failover", "scenarios/failover.toml", "envoy", "`envoy` is not installed");
        let mut out = Vec::new();
        let reports = [failed, passed, not_run];
        Terminal { options: Options { colour: false, width: 120 }, evidence: None }
            .render_all(&reports, &mut out)
            .expect("a vector takes all bytes");
        let text = String::from_utf8(out).expect("text is UTF-8");
        let table = text.rsplit("\n\n").next().expect("the table is the last paragraph");
        insta::assert_snapshot!(table, @r"
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         verdict   scenario                  file                       gateway         not passed
        ══════════════════════════════════════════════════════════════════════════════════════════════════════════════════
         fail      one backend answers 503   scenarios/retry-503.toml   haproxy 3.0.2   brownout/writes/no_replay,
                                                                                        brownout/policy, brownout/breaker
         not run   failover                  scenarios/failover.toml    envoy           not run: `envoy` is not installed
         pass      retry-never-posts         scenarios/retry-503.toml   haproxy 3.0.2
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        3 scenarios: 1 failed, 1 not run, 1 passed
        ");
    }

    #[test]
    fn the_last_lines_are_the_verdict_and_what_did_not_pass() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.retain(|finding| finding.verdict != Verdict::Fail);
        let text = shown(&report, Options { colour: false, width: 100 });
        let ending = text.rsplit("\n\n").next().expect("the ending is the last paragraph");
        insta::assert_snapshot!(ending, @r"
        INCONCLUSIVE  only 12 exchanges were due in the settled window, 50 are needed (`breaker` in
                      `brownout`).
        remedy        let `brownout` last at least 40 s, or raise `writes` to 50/s
                      1 of 2 findings is inconclusive, 1 passed.
          inconclusive  brownout/breaker
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        // The sample has no character that takes two columns.
        for width in [60, 80, 100, 160] {
            let text = shown(&sample::report(), Options { colour: false, width });
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(usize::from(width)), "{widest:?} on {width} columns\n{text}");
        }
    }

    #[test]
    fn an_absurd_width_is_brought_into_bounds() {
        let report = sample::report();
        let with = |width| shown(&report, Options { colour: false, width });
        assert_eq!(with(0), with(40));
        assert_eq!(with(u16::MAX), with(240));
    }

    #[test]
    fn colour_is_used_only_when_told() {
        let report = sample::report();
        assert!(shown(&report, Options { colour: true, width: 100 }).contains('\x1b'));
        assert!(!shown(&report, Options { colour: false, width: 100 }).contains('\x1b'));
    }

    #[test]
    fn colour_changes_no_word() {
        let report = sample::report();
        let coloured = shown(&report, Options { colour: true, width: 100 });
        let mut bare = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, sequence)) = rest.split_once("\x1b[") {
            bare.push_str(before);
            rest = sequence.split_once('m').expect("every sequence sets colours or weight").1;
        }
        bare.push_str(rest);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&bare), words(&shown(&report, Options { colour: false, width: 100 })));
    }
}
