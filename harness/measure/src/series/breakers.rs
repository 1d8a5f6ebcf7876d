//! The breaker of each backend over the whole run, as far as silences at the backend tell.

use std::time::Duration;

use evidence::Ledger;
use reports::{BreakerState, BreakerStretch, BreakerStrip};
use units::{Moment, Stretch};

use crate::arrivals::{Traffic, arrivals, recorded_to};
use crate::brief::Brief;
use crate::silence::{Silence, silences};

/// The most backends that are looked at: no page shows more strips.
const BACKENDS_MAX: usize = 12;

/// No more arrivals than this between two silences are probes and not traffic.
const PROBES_MAX: usize = 10;

/// The most stretches of one backend.
const STRETCHES_MAX: usize = 200;

/// The strip of every backend.
pub fn breakers(brief: &Brief, ledger: &Ledger) -> Vec<BreakerStrip> {
    let observed = Stretch { from: Moment::EPOCH, to: recorded_to(ledger).max(Moment::EPOCH) };
    let found = arrivals(ledger, brief.backends.len().min(BACKENDS_MAX), observed);
    let traffic = Traffic::towards_each(ledger, brief);
    let one = |(index, backend): (usize, &crate::brief::BackendBrief)| {
        let strip = BreakerStrip { backend: backend.name.clone(), ..BreakerStrip::default() };
        let found = found.get(index).ok_or("only the first 12 backends are looked at");
        match found.and_then(|found| told(brief, index as u16, observed, found, &traffic[index])) {
            Err(why) => BreakerStrip { unknown: Some(why.into()), ..strip },
            Ok(stretches) => {
                let hidden = stretches.iter().any(|stretch| stretch.state == BreakerState::Unknown);
                let unknown = hidden.then(|| {
                    "while a fault keeps requests from being seen, silence says nothing of the gateway"
                        .to_owned()
                });
                BreakerStrip { stretches, unknown, ..strip }
            }
        }
    };
    brief.backends.iter().enumerate().map(one).collect()
}

fn told(
    brief: &Brief,
    backend: u16,
    observed: Stretch,
    found: &[Moment],
    traffic: &Traffic,
) -> Result<Vec<BreakerStretch>, &'static str> {
    if traffic.expected(observed.from, observed.to) < crate::silence::missed_min(found.len()) {
        return Err("it gets too little traffic while all is well: silence would be chance");
    }
    let silent = silences(found, traffic, observed, Duration::ZERO);
    let mut stretches = states(found, &silent, observed);
    if stretches.len() > STRETCHES_MAX {
        return Err("it falls silent and comes back so often that no strip can show it");
    }
    for hidden in hidden(brief, backend, observed) {
        stretches = covered(stretches, hidden.from.seconds(), hidden.to.seconds());
    }
    Ok(stretches)
}

/// Silences and what lies between them.
fn states(found: &[Moment], silent: &[Silence], observed: Stretch) -> Vec<BreakerStretch> {
    let mut stretches = Vec::new();
    let (mut at, mut before) = (observed.from, 0);
    for (index, silence) in silent.iter().enumerate() {
        let few = silence.before - before <= PROBES_MAX;
        let state = if index > 0 && few { BreakerState::Probing } else { BreakerState::Closed };
        // Even a single probe is a stretch, though of no length.
        if silence.from > at || state == BreakerState::Probing {
            stretches.push(stretch(at, silence.from, state));
        }
        at = silence.to.unwrap_or(observed.to);
        before = silence.before;
        stretches.push(stretch(silence.from, at, BreakerState::Open));
    }
    if at < observed.to || (silent.is_empty() && !found.is_empty()) {
        stretches.push(stretch(at, observed.to, BreakerState::Closed));
    }
    stretches
}

fn stretch(from: Moment, to: Moment, state: BreakerState) -> BreakerStretch {
    BreakerStretch { from_s: from.seconds(), to_s: to.seconds(), state }
}

/// When faults keep the backend from seeing what is sent to it.
fn hidden(brief: &Brief, backend: u16, observed: Stretch) -> impl Iterator<Item = Stretch> {
    let on_it = brief.injections.iter().filter(move |injection| injection.backends.contains(&backend));
    on_it
        .filter(|injection| injection.hides_attempts)
        .map(move |injection| Stretch {
            from: injection.during.from.max(observed.from),
            to: injection.during.to.min(observed.to),
        })
        .filter(|stretch| stretch.from < stretch.to)
}

/// The stretches with a part of them covered by an unknown one.
fn covered(stretches: Vec<BreakerStretch>, from_s: f64, to_s: f64) -> Vec<BreakerStretch> {
    let mut parts = Vec::with_capacity(stretches.len() + 2);
    for stretch in stretches {
        if stretch.from_s < from_s {
            parts.push(BreakerStretch { to_s: stretch.to_s.min(from_s), ..stretch.clone() });
        }
        if stretch.to_s > to_s {
            parts.push(BreakerStretch { from_s: stretch.from_s.max(to_s), ..stretch });
        }
    }
    parts.push(BreakerStretch { from_s, to_s, state: BreakerState::Unknown });
    parts.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    parts
}
