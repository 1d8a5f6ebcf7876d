//! Whether the gateway uses its connections to backends again, for clients that keep theirs and for those that do not.

use measure::connections::Connections;
use units::{Share, Timespan, stats};

use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// The probability with which a share lies within its bounds.
const CONFIDENCE: f64 = 0.999;

/// Fewer attempts than this, with an idle connection there for them, tell nothing.
const CASES_MIN: u64 = 30;

/// The classes, whether their clients keep a connection, and the fact that they show.
const CLIENTS: [(&str, bool, &str); 2] =
    [("kept", true, "connections.reused"), ("fresh", false, "connections.reused_for_new_clients")];

pub(crate) fn experiment(_: &Lab<'_>) -> Experiment {
    let mut one = Experiment::new("reuse", 20.0);
    for (class, keep, _) in CLIENTS {
        one = one.traffic(class, "GET", 60.0).keep_alive(keep);
    }
    let silent = CLIENTS.map(|(class, _, _)| class);
    one.calm("before", Timespan::from_secs(1), &silent).phase("steady", Timespan::from_secs(4))
}

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let seen = lab.run(&experiment(lab))?;
    for (class, _, key) in CLIENTS {
        let found = Connections::of(&seen.view("steady", Some(class)));
        let all = found.reused + found.missed;
        let (low, high) = stats::share_interval(found.reused, all, CONFIDENCE);
        let bounds = Share::new(low.max(0.0)).zip(Share::new(high.min(1.0)));
        match bounds.filter(|_| all >= CASES_MIN) {
            Some((low, high)) => profile.know(key, Value::Share(low, high), all, &seen.name),
            None => profile.cannot_tell(key, "too few requests came while a connection was idle", &seen.name),
        }
    }
    Ok(())
}
