//! The library: every scenario compiles without a warning.

use std::path::Path;

use brownout_scenario::{Overrides, describe, load_text};

#[test]
fn every_scenario_of_the_library_compiles_without_a_warning() {
    for entry in scenarios::LIBRARY {
        let loaded = load_text(entry.name, entry.text, Path::new("."), &Overrides::default());
        let loaded = loaded.unwrap_or_else(|failure| panic!("{failure}"));
        assert!(loaded.warnings.is_empty(), "{}", loaded.render_warnings(false));
        let about = &loaded.plan.brief.about;
        assert!(about.why.is_some() && about.owner.is_some(), "{} lacks `why` or `owner`", entry.name);
        let seconds = loaded.plan.length.as_secs();
        let expected = if is_of_a_fault(entry) { 7..=10 } else { 10..=40 };
        assert!(expected.contains(&seconds), "{} takes {seconds} s", entry.name);
        assert!(!describe(&loaded.plan).to_string().is_empty());
    }
}

/// True for the short ones that show one kind of fault each.
fn is_of_a_fault(entry: &scenarios::Entry) -> bool {
    entry.name.starts_with("faults/")
}

#[test]
fn every_kind_of_fault_has_a_scenario_of_its_name_that_injects_it_and_waits_for_the_recovery() {
    for kind in fake_backends::fault::FaultSettings::KINDS {
        let name = format!("faults/{}", kind.name);
        let entry = scenarios::find(&name).unwrap_or_else(|| panic!("the library has no `{name}`"));
        let loaded = load_text(entry.name, entry.text, Path::new("."), &Overrides::default()).unwrap();
        let brief = &loaded.plan.brief;
        let phases: Vec<&str> = brief.phases.iter().map(|phase| phase.name.as_str()).collect();
        assert!(matches!(phases[..], ["steady", _, "recovery"]), "{name}: {phases:?}");
        let injected = |phase| brief.injections.iter().filter(move |injection| injection.phase == phase);
        assert!(injected(1).any(|injection| injection.fault == kind.name), "{name} does not inject it");
        assert_eq!(injected(2).count(), 0, "{name} leaves no time to recover");
    }
}

#[test]
fn every_launched_gateway_can_express_the_library_or_says_what_it_has_no_means_for() {
    let launched = gateways::GatewaySettings::KINDS
        .iter()
        .map(|kind| kind.name)
        .filter(|name| !["command", "url"].contains(name));
    for gateway in launched {
        let overrides = Overrides { gateway: Some(gateway.to_owned()), ..Overrides::default() };
        let mut refused = 0;
        for entry in scenarios::LIBRARY {
            let Err(failure) = load_text(entry.name, entry.text, Path::new("."), &overrides) else {
                continue;
            };
            assert_ne!(gateway, "reference", "{failure}");
            refused += 1;
            let asked = |message: &str| {
                let policy = ["policy.", "backend."].map(|table| format!("can't express `{table}"));
                policy.iter().any(|words| message.contains(words))
                    || message.contains("can't do the action")
                    || [".metrics`", ".access_log`"]
                        .iter()
                        .any(|what| message.contains(&format!("{what} can't be used")))
            };
            let only_the_policy = failure.diagnostics.iter().all(|it| asked(&it.message));
            assert!(
                only_the_policy && failure.diagnostics.iter().all(|it| it.span.is_some()),
                "{gateway}: {failure}"
            );
        }
        // Faults and clients in trouble need no policy: a gateway that can't run even those refuses too much.
        let expressed = scenarios::LIBRARY.len() - refused;
        assert!(expressed >= 30, "{gateway} can express {expressed} of {}", scenarios::LIBRARY.len());
    }
}

#[test]
fn the_scenario_of_a_proxy_that_is_started_by_a_command_compiles_without_a_warning() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gateways/litellm");
    let text = std::fs::read_to_string(place.join("litellm.toml")).unwrap();
    let loaded = load_text("litellm.toml", &text, &place, &Overrides::default());
    let loaded = loaded.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.render_warnings(false));
}
