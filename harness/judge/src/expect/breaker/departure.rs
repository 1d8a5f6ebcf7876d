//! In which one word a breaker differs from the declared one, if in one alone: what was seen is then a run of the breaker
//! with that word changed.

use measure::automata::member::{Member, Rule, Ways};
use measure::automata::search::{Deviation, Why, search};
use units::Timespan;

use super::inquiry::Inquiry;

/// A word of a declared breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expect) enum Word {
    /// `trip`: what opens it.
    Trip,
    /// `open_for`: how long it is open.
    OpenFor,
    /// `way_back`, `probes`: how traffic comes back.
    WayBack,
}

impl Word {
    pub(in crate::expect) const ALL: [Word; 3] = [Word::Trip, Word::OpenFor, Word::WayBack];
}

/// The word that differs, and what a breaker does that fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Departure {
    pub word: Word,
    /// After "a breaker that": `opens after 7 failures in a row`.
    pub does: Option<String>,
}

/// Rules are tried up to so many failures away from the declared one.
const RULES_MAX: i64 = 12;

/// What differs. The word that the deviation itself points at is tried first.
pub(super) fn departure(inquiry: &Inquiry<'_>, member: &Member, deviation: &Deviation) -> Departure {
    let order = match deviation.why {
        Why::Short { .. } | Why::Long { .. } => [Word::OpenFor, Word::WayBack, Word::Trip],
        Why::Probes { .. } => [Word::WayBack, Word::Trip, Word::OpenFor],
        Why::Leaked { .. } | Why::Silent { .. } => Word::ALL,
    };
    let fits = order.into_iter().find_map(|word| {
        let does = match word {
            Word::Trip => other_rule(inquiry, member),
            Word::OpenFor => other_time(inquiry, member, deviation),
            Word::WayBack => other_way(inquiry, member),
        };
        does.map(|does| Departure { word, does: Some(does) })
    });
    fits.unwrap_or(Departure { word: order[0], does: None })
}

/// Something, if what was seen is a run of that breaker.
fn run(inquiry: &Inquiry<'_>, member: &Member) -> Option<()> {
    search(inquiry.input, member, inquiry.demand.workers).fits().then_some(())
}

fn other_rule(inquiry: &Inquiry<'_>, member: &Member) -> Option<String> {
    let exact = Member { slack: 0, ..*member };
    let nearest_first = (1..=RULES_MAX).flat_map(|by| [-by, by]);
    let mut rules = nearest_first.filter_map(|by| exact.rule.moved(by));
    if let Some(rule) = rules.find(|rule| run(inquiry, &Member { rule: *rule, ..exact }).is_some()) {
        return Some(format!("opens after {}", rule.words()));
    }
    let never = Member { rule: Rule::Never, ..exact };
    run(inquiry, &never).map(|()| "never opens".into())
}

/// Another open time, the one at which it departed.
fn other_time(inquiry: &Inquiry<'_>, member: &Member, deviation: &Deviation) -> Option<String> {
    let length = match deviation.why {
        Why::Short { opened, until } => until.since(opened),
        Why::Long { opened } if deviation.tag.is_some() => deviation.at.since(opened),
        _ => return None,
    };
    // As wide as what is declared: a tick stays a tick.
    let width = member.open.1.saturating_sub(member.open.0);
    let other = (length.saturating_sub(width), length.saturating_add(width));
    run(inquiry, &Member { open: other, ..*member }).map(|()| format!("is open for {}", Timespan(length)))
}

fn other_way(inquiry: &Inquiry<'_>, member: &Member) -> Option<String> {
    let others = [
        (Ways::all(), "gives all of its traffic back at once"),
        (Ways::probes(u32::MAX), "probes before it gives all of its traffic back"),
    ];
    let fits = others.into_iter().filter(|(ways, _)| *ways != member.ways);
    let mut fits = fits.filter(|(ways, _)| run(inquiry, &Member { ways: *ways, ..*member }).is_some());
    fits.next().map(|(_, words)| words.into())
}
