//! The run directory: its name, and what is known of the machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use archive::Machine;
use jiff::Timestamp;

/// The wall-clock time, which is only ever shown and never computed with.
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::now()
}

/// Makes a new directory `<root>/<time>-<name>`, with a number behind it where that one exists.
pub(crate) fn create(root: &Path, name: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(root)?;
    let stem = format!("{}-{}", wall_clock().strftime("%Y-%m-%dT%H-%M-%S"), slug(name));
    for number in 1..1000 {
        let dir = root.join(if number == 1 { stem.clone() } else { format!("{stem}-{number}") });
        match fs::create_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| dir),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand runs of this name in this second"))
}

/// A name that is safe in a path on any system.
fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    if slug.is_empty() { "run".into() } else { slug.chars().take(60).collect() }
}

/// What is known of the machine.
pub(crate) fn machine() -> Machine {
    let system = rustix::system::uname();
    Machine {
        system: format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy()),
        architecture: system.machine().to_string_lossy().into_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_directory_that_is_safe_everywhere() {
        assert_eq!(slug("One backend answers 503!"), "one-backend-answers-503");
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("日本"), "run");
    }

    #[test]
    fn two_runs_in_one_second_get_two_directories() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (create(root.path(), "x").unwrap(), create(root.path(), "x").unwrap());
        assert_ne!(first, second);
    }
}
