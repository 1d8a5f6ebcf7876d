//! The comparison on a terminal: the answer first, then what changed, then what can't be told.

use comfy_table::{Attribute, Cell, Color};

use crate::escape;
use crate::figures;
use crate::format::Options;
use crate::text::Page;
use crate::{Answer, Change, Comparison, Course, Side, Word};

/// The most rows of a kind; the JSON has them all.
const ROWS_MAX: usize = 60;

/// The most rows that can't be told and do not matter.
const ASIDE_MAX: usize = 8;

/// The whole text.
pub(super) fn text(comparison: &Comparison, options: Options) -> String {
    let page = Page { width: options.width.clamp(40, 240), colour: options.colour };
    let head = [vec![answer(comparison.answer), Cell::new(comparison.sentence())]];
    let mut out = page.columns(0, head);
    out.push('\n');
    let facts = [
        ("scenario", escape::name(&comparison.scenario)),
        ("before", side(&comparison.before)),
        ("after", side(&comparison.after)),
    ];
    out += &page.columns(0, facts.map(|(key, value)| vec![dim(key), Cell::new(value)]));
    let sections = [
        ("got worse", Word::Changed, Some(Course::Worse)),
        ("changed, and only you know whether for the better", Word::Changed, Some(Course::Open)),
        ("got better", Word::Changed, Some(Course::Better)),
    ];
    for (title, word, course) in sections {
        out += &section(page, title, &comparison.rows(word, course).collect::<Vec<_>>(), ROWS_MAX);
    }
    let (matters, aside): (Vec<&Change>, Vec<&Change>) =
        comparison.rows(Word::CantTell, None).partition(|change| change.matters);
    out += &section(page, "can't tell", &matters, ROWS_MAX);
    out += &section(page, "can't tell either, which is not held against it", &aside, ASIDE_MAX);
    let remarks = comparison.remarks.iter().map(|text| ("remark", text));
    let method = comparison.method.iter().map(|text| ("method", text));
    let notes: Vec<_> =
        remarks.chain(method).map(|(key, text)| vec![dim(key), Cell::new(escape::sentence(text))]).collect();
    if !notes.is_empty() {
        out.push('\n');
        out += &page.columns(0, notes);
    }
    out
}

fn section(page: Page, title: &str, rows: &[&Change], most: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{title}\n");
    let cells = rows.iter().take(most).map(|change| {
        let why = match &change.needed {
            Some(needed) => format!("{}; {}", change.because, needed),
            None => change.because.clone(),
        };
        vec![
            Cell::new(escape::plain(&change.what, 160)),
            Cell::new(format!("{} → {}", escape::name(&change.before), escape::name(&change.after))),
            Cell::new(escape::sentence(&why)).add_attribute(Attribute::Dim),
        ]
    });
    out += &page.columns(2, cells);
    if rows.len() > most {
        let more = figures::count((rows.len() - most) as u64);
        out.extend(["  and ", &more, " more\n"]);
    }
    out
}

/// Which run it was, on a line.
pub(super) fn side(side: &Side) -> String {
    let mut words = vec![escape::plain(&side.run, 300)];
    if !side.gateway.is_empty() {
        words.push(format!("gateway {}", escape::name(&side.gateway)));
    }
    if !side.started.is_empty() {
        words.push(format!("started {}", escape::name(&crate::figures::to_the_second(&side.started))));
    }
    words.push(format!("seed {}", side.seed));
    if side.simulated {
        words.push("simulated".to_owned());
    }
    words.join(" · ")
}

fn answer(answer: Answer) -> Cell {
    let colour = match answer {
        Answer::Same | Answer::Better => Color::Green,
        Answer::CantTell | Answer::Changed => Color::Yellow,
        Answer::Worse => Color::Red,
    };
    Cell::new(answer.word()).fg(colour).add_attribute(Attribute::Bold)
}

fn dim(text: &str) -> Cell {
    Cell::new(text).add_attribute(Attribute::Dim)
}
