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
        assert!((10..=25).contains(&seconds), "{} takes {seconds} s", entry.name);
        assert!(!describe(&loaded.plan).to_string().is_empty());
    }
}
