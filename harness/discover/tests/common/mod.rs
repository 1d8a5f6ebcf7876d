//! The reference gateway in simulated time, of which it is asked what it does.

use discover::Site;
use gateways::Allowed;
use scenario::Overrides;
use tokio_util::sync::CancellationToken;
use units::Timespan;

/// How long a timer may be that is looked for.
const LONGEST: Timespan = Timespan::from_secs(6);

/// A gateway with its backends, as a scenario's head says, asked by requests for a path.
pub(crate) fn site(head: String, overrides: Overrides, path: &str) -> Site {
    Site {
        head,
        overrides,
        path: path.into(),
        base: ".".into(),
        longest: LONGEST,
        simulate: true,
        at_a_time: None,
        out: ".".into(),
        allowed: Allowed::default(),
        interrupt: CancellationToken::new(),
    }
}
