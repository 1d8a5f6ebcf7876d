//! The scenario library as people choose from it: by family, each scenario with its reason, its owner and its time.

use std::path::Path;

use scenario::{Loaded, Overrides};
use scenarios::Entry;
use units::{Timespan, plural};

/// Scenarios of one folder of the library.
pub(crate) struct Family {
    /// The folder; `None` for those that lie in none.
    pub(crate) name: Option<&'static str>,
    /// In the order of the library.
    pub(crate) scenarios: Vec<Described>,
}

/// A scenario of the library, resolved.
pub(crate) struct Described {
    /// The name by which commands take it.
    pub(crate) name: &'static str,
    pub(crate) loaded: Loaded,
}

impl Described {
    /// How long its phases take.
    pub(crate) fn length(&self) -> Timespan {
        Timespan(self.loaded.plan.length)
    }

    pub(crate) fn owner(&self) -> &str {
        self.loaded.plan.brief.about.owner.as_deref().unwrap_or("nobody")
    }

    pub(crate) fn why(&self) -> &str {
        self.loaded.plan.brief.about.why.as_deref().unwrap_or_default()
    }
}

/// The whole library, family by family.
pub(crate) fn families() -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for entry in scenarios::LIBRARY {
        // A test of the library loads every one of them.
        let Some(described) = describe(entry) else { continue };
        let name = entry.name.split_once('/').map(|(family, _)| family);
        match families.iter_mut().find(|family| family.name == name) {
            Some(family) => family.scenarios.push(described),
            None => families.push(Family { name, scenarios: vec![described] }),
        }
    }
    families
}

fn describe(entry: &Entry) -> Option<Described> {
    let loaded = scenario::load_text(entry.name, entry.text, Path::new("."), &Overrides::default()).ok()?;
    Some(Described { name: entry.name, loaded })
}

/// What stands above a family: its size, its time, and how it is run.
pub(crate) fn heading(family: &Family) -> String {
    let time = Timespan(family.scenarios.iter().map(|scenario| scenario.loaded.plan.length).sum());
    let count = plural::count(family.scenarios.len() as u64, "scenario");
    match family.name {
        Some(name) => format!("{name}: {count}, {time}; `brownout run {name}/` runs them all"),
        None => format!("{count}, {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_library_stands_in_its_family_and_says_why_and_whose_it_is() {
        let families = families();
        let count: usize = families.iter().map(|family| family.scenarios.len()).sum();
        assert_eq!(count, scenarios::LIBRARY.len());
        for scenario in families.iter().flat_map(|family| &family.scenarios) {
            assert!(scenario.why().len() > 20 && scenario.owner() != "nobody", "{}", scenario.name);
            assert!(!scenario.length().is_zero(), "{}", scenario.name);
        }
        let faults = families.iter().find(|family| family.name == Some("faults")).expect("it is a folder");
        assert!(heading(faults).ends_with("; `brownout run faults/` runs them all"), "{}", heading(faults));
    }
}
