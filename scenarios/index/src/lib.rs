//! The scenario library, carried by the binary: every file of the folder above, as text.

/// A scenario of the library.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name by which commands take it: the file's name without `.toml`.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

macro_rules! library {
    ($($name:literal,)+) => {
        /// Every scenario of the library, the first to look at first.
        pub const LIBRARY: &[Entry] =
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
    "brownout-share",
    "backoff-with-jitter",
    "backoff-grows",
}

/// The scenario of a name, if the library has it.
pub fn find(name: &str) -> Option<&'static Entry> {
    LIBRARY.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_library_is_listed_once() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
        let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> =
            files.filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned())).collect();
        let listed: BTreeSet<String> = LIBRARY.iter().map(|entry| entry.name.to_owned()).collect();
        assert_eq!(files, listed);
        assert_eq!(listed.len(), LIBRARY.len(), "a name is listed twice");
    }

    #[test]
    fn a_name_is_found_and_another_is_not() {
        assert!(find("first-look").is_some_and(|entry| entry.text.contains("name")));
        assert!(find("last-look").is_none());
    }
}
