//! The JSON Schema accepts what the reader accepts, and knows every key.

use crate::common::{SOUND, with};
use brownout_scenario::schema;
use fake_backends::fault::FaultSettings;
use gateways::ActionSettings;
use judge::ExpectationSettings;
use serde_json::Value;

fn complaints(text: &str) -> Vec<String> {
    let value: Value = toml::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_scenario_of_the_library_fits_the_schema() {
    for entry in scenarios::LIBRARY {
        assert_eq!(complaints(entry.text), Vec::<String>::new(), "{}", entry.name);
    }
}

#[test]
fn what_the_reader_refuses_does_not_fit_the_schema() {
    let wrong = [
        with("status = {", "statsu = {"),
        with("status = { code = 503, share = 0.5 }", "status = { code = 503 }\nhang = {}"),
        with("status = { code = 503, share = 0.5 }\n", ""),
        with("share = 0.5", "share = 1.5"),
        with("for = \"5s\"", "for = 5"),
        with("request = \"GET", "reqest = \"GET"),
        with("attempts = { min = 2 }", "atempts = { max = 2 }"),
        with("[gateway.reference]", "[gateway.refrence]"),
    ];
    assert!(complaints(SOUND).is_empty());
    for text in wrong {
        assert!(!complaints(&text).is_empty(), "{text}");
    }
}

#[test]
fn every_kind_is_a_key_with_documentation_beside_the_own_keys() {
    let schema = schema();
    let phase_and_expect = [
        ("InjectionWithFaultSettings", FaultSettings::KINDS),
        ("ActionWithActionSettings", ActionSettings::KINDS),
        ("ExpectationWithExpectationSettings", ExpectationSettings::KINDS),
    ];
    for (table, kinds) in phase_and_expect {
        let properties = &schema["$defs"][table]["properties"];
        for kind in kinds {
            assert!(properties[kind.name].is_object(), "{table} has no `{}`", kind.name);
        }
    }
    assert!(schema["$defs"]["InjectionWithFaultSettings"]["properties"]["on"]["description"].is_string());
    assert!(schema["properties"]["seed"]["description"].is_string());
}
