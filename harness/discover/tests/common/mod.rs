//! The reference gateway in simulated time, under a policy of which it is asked what it does.

use discover::{Options, Profile, Site, discover};
use gateways::Allowed;
use scenario::Overrides;
use tokio_util::sync::CancellationToken;
use units::Timespan;

/// What is found of it by these questions.
pub(crate) fn profile(policy: &str, only: &[&str]) -> Profile {
    let site = Site {
        head: format!("[policy]\n{policy}\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n"),
        overrides: Overrides { seed: Some(5), ..Overrides::default() },
        path: "/items/{n}".into(),
        base: ".".into(),
        longest: Timespan::from_secs(6),
        simulate: true,
        out: ".".into(),
        allowed: Allowed::default(),
        interrupt: CancellationToken::new(),
    };
    let only = only.iter().map(ToString::to_string).collect();
    discover(site, &Options { only }, &mut |_, _| ()).unwrap().0
}
