//! Whether a request whose backend takes no connection is tried elsewhere, by the method.
//!
//! A refused connection leaves no trace at the backend. So each method is sent alone, by a gateway that has met no refusal
//! before: its first requests do meet one, whatever a breaker makes of it afterwards, and fail if they are not tried again.

use evidence::Entry;
use units::Timespan;

use super::retries::METHODS;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// The failure's name.
pub(crate) const REFUSED: &str = "connect-failure";

/// How often a request of the method is sent, by the second, and for how long.
const RATE: f64 = 20.0;
const FOR: Timespan = Timespan::from_secs(2);

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    for method in METHODS {
        let key = format!("retry.{REFUSED}.{method}");
        if lab.backends.len() < 2 {
            profile.cannot_tell(key, "with one backend there is nowhere else to try", "refused");
            continue;
        }
        let seen = lab.run(&experiment(lab, method))?;
        tell(&seen, lab.victim(), &key, profile);
    }
    Ok(())
}

fn experiment(lab: &Lab<'_>, method: &str) -> Experiment {
    let on = format!("on = [\"{}\"]", lab.backends[lab.victim()].name);
    Experiment::new(format!("refused-{method}"), 100.0)
        .traffic("one", method, RATE)
        .calm("before", Timespan::from_secs(1), &["one"])
        .calm("refused", FOR, &[crate::experiment::CALM])
        .fault(&on, "refuse = {}")
}

fn tell(seen: &Seen, victim: usize, key: &str, profile: &mut Profile) {
    let view = seen.view("refused", Some("one"));
    // What arrived before the port was closed, or was caught by it on its way, is of neither phase.
    let counted = || view.entries().filter(|entry| entry.exchange.was_sent() && !view.is_at_edge(entry));
    let sent = counted().count() as u64;
    // A success that no backend answered was made up, and tells of no further attempt.
    let succeeded = |entry: &Entry<'_>| entry.exchange.succeeded() && !entry.attempts.is_empty();
    let failed = counted().filter(|entry| !succeeded(entry)).count() as u64;
    let expected = sent as f64 * seen.brief.weight_share(victim);
    if expected < 3.0 {
        profile.cannot_tell(key, "too few requests would have met the refusal", &seen.name);
    } else if failed > 0 {
        profile.know(key, Value::Count(1, 1), failed, &seen.name);
    } else {
        profile.know(key, Value::AtLeast(2), 1, &seen.name);
    }
}
