//! The figures of a breaker: after how many failures it opened, and for how long.

use std::time::Duration;

use measure::automata::member::{Member, Rule};
use measure::automata::search::{Opening, may_be};
use reports::Estimate;

use super::departure::Word;
use super::inquiry::Inquiry;

impl Inquiry<'_> {
    /// Each figure with what it is of; a length is at most so much longer than it was seen to be.
    pub(super) fn estimates(&self, member: &Member, openings: &[Opening]) -> Vec<(Word, Estimate)> {
        let fits = |by: i64| {
            let rule = member.rule.moved(by);
            rule.is_some_and(|rule| {
                may_be(self.input, &Member { rule, slack: 0, ..*member }, self.demand.workers, openings)
            })
        };
        let mut found = Vec::new();
        if let Rule::InARow(count) | Rule::Count(count, _) = member.rule {
            let last = i64::from(member.slack.min(20));
            let low = (0..=last).find(|by| fits(*by)).unwrap_or(0);
            let high = (low..=last).rev().find(|by| fits(*by)).unwrap_or(low);
            let estimate = Estimate {
                what: format!("failures until it opens, {}", self.name),
                value: (low == high).then_some(f64::from(count) + low as f64),
                low: f64::from(count) + low as f64,
                high: f64::from(count) + high as f64,
                unit: "failures".into(),
                confidence: 0.95,
            };
            found.push((Word::Trip, estimate));
        }
        let over = openings.iter().filter(|opening| !opening.again || member.growth.is_none());
        let lengths = over.filter_map(|opening| Some((opening.at, opening.until?.since(opening.at))));
        if let Some((at, shortest)) = lengths.min_by_key(|(_, length)| *length) {
            let gap = self.input.mean_gap().unwrap_or_default() * 3;
            let ms = |length: Duration| length.as_secs_f64() * 1e3;
            let estimate = Estimate {
                what: format!("open time, {}", self.name),
                value: Some(ms(shortest)),
                low: ms(shortest.saturating_sub(gap).saturating_sub(self.input.blur_at(at))),
                high: ms(shortest + self.input.blur_at(at)),
                unit: "ms".into(),
                confidence: 0.95,
            };
            found.push((Word::OpenFor, estimate));
        }
        found
    }
}
