//! What `agrees` claims of the gateway's word on which backends it uses.

use evidence::Tag;
use measure::counters::states::{States, Word};
use measure::view::View;
use units::plural::count;
use units::{Moment, Timespan};

use super::Agrees;
use crate::claim::Claim;

/// How many requests are shown of a word that is wrong.
const SHOWN: usize = 5;

/// `None` where nobody named it and no backend was left alone, or nothing is known of it.
pub(super) fn claim(demand: &Agrees, view: &View<'_>) -> Option<Claim> {
    let is_named = demand.names_up();
    let known = view.brief.metrics.as_ref().and_then(|metrics| metrics.up.as_ref());
    let known = known.map(|up| (up.series.as_str(), up.late));
    let Some((series, late)) = demand.up.as_deref().map(|series| (series, Timespan::default())).or(known)
    else {
        let remedy = "name it: `agrees = { up = \"…{backend=\\\"{{backend.name}}\\\"}\" }`";
        return is_named
            .then(|| Claim::blind("the series that tells which backends are in use is not known", remedy));
    };
    match States::of(view, series, Timespan(*late + *demand.within())) {
        Ok(states) => (is_named || states.came_up()).then(|| judged(series, &states, view)),
        Err(_) if !is_named => None,
        Err(why) => {
            let remedy = "name a series that says of each backend whether it is in use, and make the phase longer than three seconds";
            Some(Claim::blind(format!("which backends are in use: {why}"), remedy))
        }
    }
}

fn judged(series: &str, states: &States, view: &View<'_>) -> Claim {
    let (wrong, alone) = (states.wrong().count() as u64, states.left_alone());
    let shown = states.words.iter().filter(|word| word.shown == Some(true)).count() as u64;
    let failed = match states.failed {
        0 => String::new(),
        failed => format!(", {} to nothing", count(failed, "further one")),
    };
    // A word that is wrong shows it either way; that backends in use are told to be so proves nothing of those that are not.
    let exposures = if wrong > 0 { alone.max(wrong) } else { alone };
    Claim::never(wrong, exposures, view.place.samples_min)
        .says(
            "the gateway's metrics tell which backends it uses",
            states.wrong().next().map_or_else(String::new, |word| lie(word, view)),
        )
        .because(format!(
            "over {}{failed}, `{series}` was looked at {} while the ledger shows a backend to have been left alone, and {} while it \
             shows one in use; {} wrong",
            count(states.scrapes, "scrape"),
            units::plural::times(alone as usize),
            units::plural::times(shown as usize),
            if wrong == 1 { "1 was".to_owned() } else { format!("{wrong} were") },
        ))
        .seen(
            format!("up: {}, {alone} of them of a backend that was left alone, {wrong} wrong", count(alone + shown, "word")),
            "up: a backend that gets its traffic is in use, and one that is left alone is not",
        )
        .shown(witnesses(states, view))
        .remedy(
            "have the breaker or the health checks keep a backend out at ten scrapes or more, each with half a second before and \
             after it: a longer `open_for`, a longer phase, or a higher rate",
        )
}

/// What is said of a word that is wrong.
fn lie(word: &Word, view: &View<'_>) -> String {
    let (name, at) = (view.brief.backend_name(word.backend), word.about.to);
    let (said, shown) = if word.said {
        ("in use", "nothing came to it before and after that while others had traffic")
    } else {
        ("left alone", "it got its traffic all the time")
    };
    format!("the gateway's metrics do not tell what happened: at {at} they had `{name}` {said}, and {shown}")
}

/// The first few requests that show the first word that is wrong.
fn witnesses(states: &States, view: &View<'_>) -> Vec<(Tag, String)> {
    let Some(word) = states.wrong().next() else { return Vec::new() };
    let name = view.brief.backend_name(word.backend);
    let near = |at: Moment| (word.about.from..=word.about.to).contains(&at);
    let entries = view.ledger.entries().filter(|entry| match entry.attempts.first() {
        Some(first) => near(first.arrived) && (first.backend == word.backend) != word.said,
        None => word.said && near(entry.exchange.sent),
    });
    let text = if word.said {
        format!("it did not go to `{name}`, which is in use by the gateway's word")
    } else {
        format!("it went to `{name}`, which is left alone by the gateway's word")
    };
    entries.take(SHOWN).map(|entry| (entry.exchange.tag, text.clone())).collect()
}
