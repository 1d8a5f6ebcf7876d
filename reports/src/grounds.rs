//! What a finding rests on, in words that every format shares: what was measured, how many cases would have shown a
//! breach, what was set aside, and what to change for an answer.

use crate::escape;
use crate::figures;
use crate::{Estimate, Finding, SetAside};

/// The most estimates of a finding that are shown; the JSON has them all.
const ESTIMATES_MAX: usize = 8;

/// The most reasons for setting aside, and ways to end of each, that are shown.
const REASONS_MAX: usize = 8;
const ENDED_MAX: usize = 4;

/// The rows beside observed, expected and because: each with the word that it begins with. Harmless, but without the
/// escaping of any markup. A report of schema version 1 has none but the resolution.
pub(crate) fn rows(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut rows: Vec<(&'static str, String)> = Vec::new();
    let measured = finding.estimates.iter().take(ESTIMATES_MAX);
    rows.extend(measured.map(|estimate| ("measured", named(estimate))));
    let left_out = finding.estimates.len().saturating_sub(ESTIMATES_MAX) as u64;
    if left_out > 0 {
        rows.push(("measured", format!("and {} more figures", figures::count(left_out))));
    }
    if let Some(resolution) = &finding.resolution {
        rows.push(("resolution", escape::sentence(resolution)));
    }
    rows.extend(exposures(finding).map(|words| ("exposures", words)));
    if !finding.set_aside.is_empty() {
        rows.push(("set aside", set_aside(&finding.set_aside)));
    }
    if let Some(remedy) = finding.remedy.as_deref().filter(|remedy| !remedy.trim().is_empty()) {
        rows.push(("remedy", escape::sentence(remedy)));
    }
    rows
}

/// `given up, orders-a: 301.2 ms (299.0 – 304.5 ms at 95 % confidence)`.
pub(crate) fn named(estimate: &Estimate) -> String {
    format!("{}: {}", escape::plain(&estimate.what, 160), figure(estimate))
}

/// The figure with its interval, and the confidence of that.
pub(crate) fn figure(estimate: &Estimate) -> String {
    let show = |value: f64| figures::with_unit(value, &estimate.unit);
    let confidence = if estimate.confidence < 1.0 {
        format!(" at {} confidence", figures::share(estimate.confidence))
    } else {
        String::new()
    };
    // A figure that was counted has no interval to tell.
    if let Some(value) = estimate.value
        && (estimate.low, estimate.high) == (value, value)
    {
        return show(value);
    }
    let interval = match (estimate.low.is_finite(), estimate.high.is_finite()) {
        (true, true) => format!("{} – {}", show(estimate.low), show(estimate.high)),
        (true, false) => format!("at least {}", show(estimate.low)),
        (false, true) => format!("at most {}", show(estimate.high)),
        (false, false) => "without bounds".to_owned(),
    };
    match estimate.value {
        Some(value) => format!("{} ({interval}{confidence})", show(value)),
        None => format!("{interval}{confidence}"),
    }
}

/// How many cases would have shown a breach, and what a pass excludes by them.
fn exposures(finding: &Finding) -> Option<String> {
    // Reports of the first version don't say, and a zero there would be a claim.
    if finding.exposures == 0 && finding.remedy.is_none() && finding.estimates.is_empty() {
        return None;
    }
    let cases = match finding.exposures {
        0 => "no case would have shown a breach".to_owned(),
        1 => "1 case would have shown a breach".to_owned(),
        many => format!("{} cases would have shown a breach", figures::count(many)),
    };
    let excluded = finding.excludes.map_or_else(String::new, |share| {
        format!("; a breach in {} of them or more is excluded at 95 % confidence", figures::share(share))
    });
    Some(cases + &excluded)
}

/// `12 at the edge of a phase (9 answered 503, 3 answered 200); 3 in a stall of the machine`.
fn set_aside(all: &[SetAside]) -> String {
    let one = |aside: &SetAside| {
        let ended = aside.ended.iter().take(ENDED_MAX);
        let mut ended: Vec<String> =
            ended.map(|(how, count)| format!("{} {}", figures::count(*count), escape::name(how))).collect();
        if aside.ended.len() > ENDED_MAX {
            ended.push("others".to_owned());
        }
        let ended = if ended.is_empty() { String::new() } else { format!(" ({})", ended.join(", ")) };
        format!("{} {}{ended}", figures::count(aside.count), escape::plain(&aside.why, 160))
    };
    let mut words: Vec<String> = all.iter().take(REASONS_MAX).map(one).collect();
    if all.len() > REASONS_MAX {
        words.push("and for other reasons".to_owned());
    }
    words.join("; ")
}
