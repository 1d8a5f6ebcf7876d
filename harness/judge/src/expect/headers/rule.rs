//! What is to become of a header, and the claims that it does.

use measure::passage::{Fate, Passage, Way};
use measure::view::View;
use units::plural::count;

use crate::claim::{CASES_MIN, Claim};
use crate::estimates::share;

/// What is to become of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Forwarded,
    Removed,
    Replaced,
    Appended,
}

impl Rule {
    /// The fates that keep the rule, and those that break it. Of any others nothing can be told.
    fn fates(self) -> (&'static [Fate], &'static [Fate]) {
        use Fate::{Added, Appended, Forwarded, Mixed, Nowhere, Removed, Replaced, Untold};
        match self {
            Rule::Forwarded => (&[Forwarded], &[Removed, Replaced, Appended, Mixed, Untold]),
            Rule::Removed => (&[Removed], &[Forwarded, Appended, Mixed, Replaced, Untold, Added]),
            Rule::Replaced => (&[Replaced], &[Forwarded, Appended, Mixed, Removed]),
            Rule::Appended => (&[Appended, Added], &[Forwarded, Mixed, Replaced, Removed, Nowhere]),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Rule::Forwarded => "forwarded as it was sent",
            Rule::Removed => "removed",
            Rule::Replaced => "replaced",
            Rule::Appended => "appended to",
        }
    }
}

/// What a fate is in words.
fn words(fate: Fate) -> &'static str {
    match fate {
        Fate::Nowhere => "neither sent nor added",
        Fate::Added => "added by the gateway",
        Fate::Removed => "removed",
        Fate::Forwarded => "forwarded as it was sent",
        Fate::Appended => "appended to",
        Fate::Mixed => "mixed with other items",
        Fate::Replaced => "replaced by another value",
        Fate::Untold => "another value",
    }
}

/// Messages that go one way, in words.
pub(super) fn of_way(way: Way) -> &'static str {
    match way {
        Way::Request => "attempts",
        Way::Answer => "answers",
    }
}

/// That the rule holds for a header; and if `further`, that it was seen to on further attempts.
pub(super) fn claim(
    view: &View<'_>,
    passage: &Passage,
    rule: Rule,
    name: &str,
    way: Way,
    further: bool,
) -> Vec<Claim> {
    let (kept, broken) = rule.fates();
    let (good, bad, what) = (passage.count(kept), passage.count(broken), of_way(way));
    let cases = good + bad;
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    let of = |fate: &Fate| {
        (passage.count(&[*fate]) > 0).then(|| format!("{} {}", passage.count(&[*fate]), words(*fate)))
    };
    let seen: Vec<String> = kept.iter().chain(broken).filter_map(of).collect();
    let observed = if seen.is_empty() {
        format!("{name} in none of the {what}")
    } else {
        format!("{name}: {}", seen.join(", "))
    };
    let untold = passage.count(&[Fate::Untold]);
    let because = match bad {
        0 if untold > 0 && !broken.contains(&Fate::Untold) => {
            format!("all {good} that can be told of; of {untold} hashes don't tell it")
        }
        0 => format!("all {good} of {cases} {what}, {} of them further attempts", passage.further(kept)),
        _ => format!(
            "{bad} of {cases} {what} have it otherwise, {} of them further attempts",
            passage.further(broken)
        ),
    };
    let shown = broken.iter().flat_map(|fate| {
        passage.shown(*fate).iter().map(|tag| (*tag, format!("{name} was {}", words(*fate))))
    });
    let remedy = match way {
        Way::Request => format!("send {} more requests with {name}", needed.saturating_sub(cases).max(1)),
        Way::Answer => format!(
            "let backends answer {} with {name}, and the gateway pass on their `x-brownout-…` headers",
            count(needed.saturating_sub(cases).max(1), "more request")
        ),
    };
    let expected = format!("{name} {} in all {what}", rule.word());
    let claim = Claim::never(bad, cases, view.place.samples_min)
        .says(
            format!("{name} was {} in all {cases} {what}", rule.word()),
            format!("{name} was not {} in {bad} of {cases} {what}", rule.word()),
        )
        .because(because)
        .seen(observed, expected)
        .estimate(share(format!("{what} in which {name} is not {}", rule.word()), bad, cases))
        .shown(shown.collect())
        .aside(passage.set_aside.clone())
        .remedy(remedy);
    let mut claims = vec![claim];
    if further {
        let cases = passage.further(kept) + passage.further(broken);
        claims.push(
            Claim::never(0, cases, view.place.samples_min)
                .says(format!("{name} was looked at on {}", count(cases, "further attempt")), "")
                .seen(count(cases, "further attempt"), format!("{needed} further attempts at least"))
                .remedy(format!(
                    "plan a fault after which the gateway makes {} more further attempts with {name}",
                    needed.saturating_sub(cases).max(1)
                )),
        );
    }
    claims
}
