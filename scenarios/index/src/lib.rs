//! The scenario library, carried by the binary: every file of the folder above, as text.

/// A scenario of the library.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name by which commands take it: the file's name without `.toml`, behind that of its folder if it lies in one:
    /// `retry-503`, `faults/throttle`.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

macro_rules! library {
    ($($name:literal,)+) => {
        /// Those that stand in no folder, the first to look at first.
        const LOOSE: &[Entry] =
            &[$(Entry { name: $name, text: include_str!(concat!("../../", $name, ".toml")) },)+];
    };
}

library! {
    "first-look",
    "steady-state",
    "retry-503",
    "retry-never-posts",
    "retry-conditions",
    "retry-keeps-body",
    "connect-refused",
    "reset-mid-body",
    "back-to-normal",
    "slow-upstream-timeout",
    "slow-tail",
    "timers",
    "clients-that-leave",
    "breaker-trips-and-recovers",
    "breaker-to-the-request",
    "breaker-probes",
    "breaker-classes",
    "breaker-stays-closed",
    "breaker-by-share",
    "breaker-forgets",
    "ejection",
    "max-fails",
    "ramp",
    "shed",
    "failover",
    "certificate-rotation",
    "certificate-expired",
    "brownout-share",
    "backoff-with-jitter",
    "backoff-grows",
}

/// Those of the folders, by name. Whatever lies in a folder belongs to it (`build.rs`).
const IN_FOLDERS: &[Entry] = include!(concat!(env!("OUT_DIR"), "/folders.rs"));

/// Every scenario of the library, the first to look at first.
pub const LIBRARY: &[Entry] = &ALL;

const ALL: [Entry; LOOSE.len() + IN_FOLDERS.len()] = {
    let mut all = [LOOSE[0]; LOOSE.len() + IN_FOLDERS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < LOOSE.len() { LOOSE[at] } else { IN_FOLDERS[at - LOOSE.len()] };
        at += 1;
    }
    all
};

/// The scenario of a name, if the library has it.
pub fn find(name: &str) -> Option<&'static Entry> {
    LIBRARY.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The names of the scenarios in a folder and those below it.
    fn files(folder: &Path, prefix: &str) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| {
                let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
                if path.is_dir() {
                    return files(&path, &format!("{name}/"));
                }
                name.strip_suffix(".toml").map(str::to_owned).into_iter().collect()
            })
            .filter(|name| name != "index/Cargo")
            .collect()
    }

    #[test]
    fn every_file_of_the_library_is_listed_once() {
        let files = files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), "");
        let files: BTreeSet<String> = files.into_iter().collect();
        let listed: BTreeSet<String> = LIBRARY.iter().map(|entry| entry.name.to_owned()).collect();
        assert_eq!(files, listed);
        assert_eq!(listed.len(), LIBRARY.len(), "a name is listed twice");
        assert!(listed.contains("first-look") && listed.contains("faults/throttle"));
    }

    #[test]
    fn a_name_is_found_and_another_is_not() {
        assert!(find("first-look").is_some_and(|entry| entry.text.contains("name")));
        assert!(find("last-look").is_none());
    }
}
