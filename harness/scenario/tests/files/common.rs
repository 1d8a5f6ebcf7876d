//! A sound scenario, from which each test makes one that is wrong in one way.

use std::path::Path;

use brownout_scenario::{Overrides, load_text};
use fake_backends::fault::FaultSettings;
use gateways::GatewaySettings;
use judge::ExpectationSettings;

/// The sound scenario.
pub(crate) const SOUND: &str = r#"name = "one backend answers 503"

[gateway.reference]

[policy]
timeout = { per_try = "300ms", total = "2s" }
retry = { attempts = 2, on = ["503"], methods = ["GET"] }

[backend.orders-a]
[backend.orders-b]

[traffic.reads]
request = "GET /orders/{n}"
rate = "200/s"

[traffic.writes]
request = "POST /orders"
rate = "50/s"
body = { size = "2KiB" }

[[phase]]
name = "steady"
for = "5s"

[[phase]]
name = "brownout"
for = "10s"
[[phase.inject]]
on = ["orders-a"]
status = { code = 503, share = 0.5 }

[[expect]]
in = "brownout"
traffic = "reads"
attempts = { min = 2 }
"#;

/// The sound scenario with one piece of it replaced.
pub(crate) fn with(old: &str, new: &str) -> String {
    assert!(SOUND.contains(old), "the sound scenario has no {old:?}");
    SOUND.replacen(old, new, 1)
}

/// Everything that is said of a text: its errors and warnings, or nothing.
pub(crate) fn said_of(text: &str) -> String {
    said_with(text, &Overrides::default())
}

/// The same, with overrides.
pub(crate) fn said_with(text: &str, overrides: &Overrides) -> String {
    let said = match load_text("orders.toml", text, Path::new("."), overrides) {
        Ok(loaded) => loaded.render_warnings(false),
        Err(failure) => failure.render(false),
    };
    // A new kind must not change a test that is about something else.
    let registries = [
        ("ALL FAULTS", FaultSettings::KINDS),
        ("ALL EXPECTATIONS", ExpectationSettings::KINDS),
        ("ALL GATEWAYS", GatewaySettings::KINDS),
    ];
    registries.into_iter().fold(said, |said, (word, kinds)| {
        let names: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.name)).collect();
        let all = names.join(", ");
        let (most, last) = all.rsplit_once(", ").expect("a registry has several kinds");
        [all.clone(), format!("{most} or {last}"), format!("{most} and {last}")]
            .iter()
            .fold(said, |said, list| said.replace(list, word))
    })
}
