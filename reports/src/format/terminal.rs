//! The report on a terminal: the verdict first, then the findings in one table, then what explains those that
//! did not pass.

mod details;
mod findings;

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
           not pass why, with up to five requests as timelines drawn to scale (`░` the wait before the request \
           was sent, `█` the request, `▒` where something happened in it). Text of a gateway is shown with its \
           control characters escaped.",
    ending: "txt",
    several: true,
    make: |options: Options| Box::new(Terminal { options }),
};

struct Terminal {
    options: Options,
}

impl Format for Terminal {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let page = Page { width: self.options.width.clamp(40, 240), colour: self.options.colour };
        out.write_all(headline(page, report).as_bytes())?;
        out.write_all(facts(page, report).as_bytes())?;
        findings::write(page, report, out)?;
        details::write(page, report, out)?;
        out.write_all(closing(page, report).as_bytes())
    }
}

fn headline(page: Page, report: &Report) -> String {
    let headline = Headline::of(report);
    let said = vec![verdict(report.verdict, headline.word), Cell::new(headline.sentence)];
    page.columns(0, [said, vec![Cell::new(""), Cell::new(headline.tally)]])
}

/// Two lines: what was run, and which run it was.
fn facts(page: Page, report: &Report) -> String {
    let version = report.gateway_version.as_deref().map(|version| format!(" {}", escape::name(version)));
    let what = [
        escape::name(&report.scenario),
        escape::plain(&report.scenario_path, 300),
        format!("gateway {}{}", escape::name(&report.gateway), version.unwrap_or_default()),
        format!("seed {}", report.seed),
    ];
    let mut which = vec![
        escape::plain(&report.run, 300),
        format!("started {}", escape::name(&figures::to_the_second(&report.started))),
        format!("took {}", figures::seconds(report.length_s)),
        format!("brownout {}", escape::name(&report.brownout)),
    ];
    if report.simulated {
        which.push("simulated".to_owned());
    }
    let row = |key: &str, words: &[String]| vec![dim(key), Cell::new(words.join(" · "))];
    format!("\n{}", page.columns(0, [row("scenario", &what), row("run", &which)]))
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
        Terminal { options }.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn the_verdict_stands_first_and_the_command_last() {
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
