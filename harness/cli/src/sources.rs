//! Where a scenario comes from: a file, or the library that the binary carries.

use std::path::{Path, PathBuf};

use scenario::{Failure, Loaded, Overrides};

/// Loads a scenario file, or the library's scenario of that name if there is no such file.
pub(crate) fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    let named = path.to_string_lossy();
    let in_library = scenarios::LIBRARY.iter().find(|entry| entry.name == named);
    match in_library {
        Some(entry) if !path.exists() => {
            scenario::load_text(&format!("{}.toml", entry.name), entry.text, &PathBuf::from("."), overrides)
        }
        _ => scenario::load(path, overrides),
    }
}

/// The overrides of the command line in the scenario room's words.
pub(crate) fn overrides(args: &crate::args::Overrides) -> Overrides {
    Overrides { set: args.set.clone(), seed: args.seed, gateway: args.gateway.clone() }
}
