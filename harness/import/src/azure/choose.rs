//! `<choose>`: which of its branches a request takes, as far as the request is known.

use crate::note::Note;
use crate::xml::{Asked, Case, Condition, Element, Ended, Verdict};

/// The branches that are taken, or may be, each with whether that is decided with each request.
pub(super) fn branches<'a>(
    choose: &'a Element,
    is_chosen: bool,
    asked: Option<&Asked>,
    notes: &mut Vec<Note>,
) -> Vec<(&'a Element, bool)> {
    let mut may_be = Vec::new();
    let (mut is_open, mut is_taken) = (is_chosen, false);
    for branch in &choose.children {
        let verdict = if is_taken { Verdict::False } else { verdict(branch, asked, notes) };
        match verdict {
            Verdict::True => {
                may_be.push((branch, is_open));
                is_taken = true;
            }
            Verdict::False => {
                let words = format!(
                    "this `<{}>` is not for the request of the scenario: it is left out",
                    branch.name
                );
                notes.push(
                    Note::choice(&branch.place, words)
                        .help("`--request` and `--header` say which request that is"),
                );
            }
            Verdict::Open | Verdict::Fails => {
                is_open = true;
                may_be.push((branch, true));
            }
        }
    }
    may_be
}

fn verdict(branch: &Element, asked: Option<&Asked>, notes: &mut Vec<Note>) -> Verdict {
    match (branch.name.as_str(), branch.attribute("condition")) {
        ("otherwise", _) => Verdict::True,
        ("when", Some(condition)) => {
            let Some(condition) = Condition::read(&condition.value) else { return Verdict::Open };
            let method = asked.map(|asked| asked.method.as_str());
            condition.verdict(Case { method, request: asked, ended: Ended::NotBegun })
        }
        _ => {
            let words =
                format!("`<{}>` is no branch of `<choose>` that has a condition", branch.name.escape_debug());
            notes.push(Note::unknown(&branch.place, words));
            Verdict::Open
        }
    }
}
