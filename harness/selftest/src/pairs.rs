//! Two defects at once: each must be found as it is alone.

use gateways::reference::Defect;

use crate::draw::Draw;

/// Two different defects.
pub(crate) type Pair = [Defect; 2];

/// A defect, and those that don't show beside it, with the reason.
struct Hides {
    hider: &'static [&'static str],
    hidden: &'static [&'static str],
}

/// What one defect keeps others from showing: it takes the occasion away, or makes up for what they do wrong. All pairs
/// were tried; a pair that stands here is no gateway in which both could be seen.
const HIDDEN: &[Hides] = &[
    // Nothing is tried a second time, so that nothing can be wrong with it.
    Hides {
        hider: &["no-retry", "one-retry-too-few"],
        hidden: &[
            "appends-on-each-try",
            "changes-path-on-retry",
            "drops-headers-on-retry",
            "empty-retried-body",
            "fixed-backoff",
            "forgets-rules-on-retry",
            "half-retried-body",
            "halved-backoff",
            "ignores-retry-after",
            "keeps-first-credential",
            "layered-retries",
            "no-backoff",
            "no-jitter",
            "one-retry-too-many",
            "retries-in-waves",
            "retries-post",
            "retries-successes",
            "retry-after-seconds-only",
            "soft-total",
            "starved-retried-body",
            "takes-turns-on-retry",
            "total-for-each-try",
            "undeclared-total",
            "waits-in-vain",
            "waits-without-bound",
        ],
    },
    // What is tried again stays where it was, so that it is at no other backend than it should be, or whose credential it has.
    Hides { hider: &["same-host-retry"], hidden: &["keeps-first-credential", "takes-turns-on-retry"] },
    // What a further attempt lacks as a whole, it does not have twice.
    Hides { hider: &["forgets-rules-on-retry"], hidden: &["appends-on-each-try"] },
    // No breaker opens.
    Hides {
        hider: &["breaker-never-trips"],
        hidden: &["deals-keys-anew", "ejects-the-innocent", "shed-as-200", "shed-as-500", "slow-shed"],
    },
    // Or not that of the backend that failed, alone: shares between the backends stay even.
    Hides {
        hider: &["breaker-never-trips", "ejects-the-innocent", "global-breaker"],
        hidden: &[
            "breaker-at-a-fifth",
            "breaker-ignores-min",
            "breaker-never-forgets",
            "counts-404",
            "counts-aborts",
            "endless-ramp",
            "half-back",
            "outlives-clients",
        ],
    },
    Hides { hider: &["global-breaker"], hidden: &["ejects-the-innocent"] },
    // It opens by another rule, later, only once, or only for one of two instances, so that little traffic moves.
    Hides {
        hider: &[
            "breaker-never-forgets",
            "breaker-trips-late",
            "breaker-works-once",
            "half-open-time",
            "lets-go-late",
            "second-instance",
        ],
        hidden: &["breaker-at-a-fifth"],
    },
    Hides { hider: &["breaker-never-forgets"], hidden: &["breaker-ignores-min"] },
    Hides {
        hider: &["breaker-trips-late", "freezes-on-failure", "half-open-time", "second-instance"],
        hidden: &["breaker-never-forgets"],
    },
    // Breakers that never close again leave nobody to notice that more failures open them.
    Hides {
        hider: &["breaker-never-recovers", "wedged-half-open"],
        hidden: &["ignores-resets", "ignores-timeouts"],
    },
    // Standing still moves failures together, apart, or into another phase.
    Hides {
        hider: &["freezes-now-and-then"],
        hidden: &[
            "breaker-early-by-one",
            "breaker-late-by-one",
            "breaker-never-forgets",
            "half-open-time",
            "open-half-as-long-again",
            "probe-flood",
            "retries-in-waves",
            "second-instance",
        ],
    },
    Hides { hider: &["freezes-on-failure", "one-queue-for-all"], hidden: &["retries-in-waves"] },
    Hides { hider: &["stays-slow"], hidden: &["breaker-late-by-one"] },
    // As many go on at a time as both backends may have together: one too many at one of them is rare.
    Hides { hider: &["one-queue-for-all"], hidden: &["limit-late-by-one"] },
    // Without the timer, what follows on it never comes.
    Hides {
        hider: &["ignores-timeout"],
        hidden: &[
            "drops-retry-after",
            "outlives-clients",
            "probe-flood",
            "starved-retried-body",
            "waits-in-vain",
        ],
    },
    Hides { hider: &["ignores-timeouts"], hidden: &["outlives-clients"] },
    Hides { hider: &["ignores-retry-after"], hidden: &["waits-in-vain"] },
    Hides { hider: &["undeclared-total"], hidden: &["waits-without-bound"] },
    // Clients see no error in which anything could be disclosed, or whose answer it is.
    Hides { hider: &["makes-up-answers"], hidden: &["echoes-credentials", "names-backends"] },
    Hides { hider: &["swaps-answers"], hidden: &["slow-shed"] },
    // When an attempt was given up is not seen, or seen at the declared time.
    Hides { hider: &["leaves-attempts-open", "timeout-a-fifth-early"], hidden: &["timeout-a-quarter-late"] },
    Hides { hider: &["breaker-early-by-one"], hidden: &["breaker-late-by-one"] },
    // No backend is passed over while another one is used, or too seldom for its metrics to be caught.
    Hides {
        hider: &["breaker-never-trips", "breaker-works-once", "ejects-the-innocent", "global-breaker"],
        hidden: &["hides-ejections"],
    },
];

/// So many pairs, drawn from the seed, none twice, of which none hides the other; all that there are, if there are not so
/// many.
pub(crate) fn pairs(count: usize, seed: u64) -> Vec<Pair> {
    let defects: Vec<Defect> = Defect::all().collect();
    let others = |index: usize| defects[index + 1..].iter().map(move |other| (index, *other));
    let all = (0..defects.len()).flat_map(others).map(|(index, other)| [defects[index], other]);
    let mut all: Vec<Pair> = all.filter(both_show).collect();
    Draw::of(seed).shuffle(&mut all);
    all.truncate(count);
    all
}

fn both_show([one, other]: &Pair) -> bool {
    let hides = |hider: &Defect, hidden: &Defect| {
        HIDDEN.iter().any(|row| row.hider.contains(&hider.name()) && row.hidden.contains(&hidden.name()))
    };
    !hides(one, other) && !hides(other, one)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_hides_and_what_is_hidden_are_defects() {
        let known: BTreeSet<&str> = Defect::all().map(Defect::name).collect();
        let named = HIDDEN.iter().flat_map(|row| row.hider.iter().chain(row.hidden));
        let stray: Vec<_> = named.filter(|name| !known.contains(*name)).collect();
        assert!(stray.is_empty(), "{stray:?}");
    }

    #[test]
    fn a_seed_draws_the_same_pairs_and_none_of_which_one_hides_the_other() {
        let names = |seed| -> Vec<_> {
            pairs(50, seed).iter().map(|[one, other]| (one.name(), other.name())).collect()
        };
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
        assert!(pairs(usize::MAX, 7).iter().all(both_show));
        assert_eq!(BTreeSet::from_iter(names(7)).len(), 50);
    }
}
