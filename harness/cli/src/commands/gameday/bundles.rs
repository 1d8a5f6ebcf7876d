//! Game days as archives.

use std::path::Path;

use anyhow::Result;
use gamedays::{BundleError, Verified};

use crate::exit::Exit;
use crate::output::{complain, harmless, print};

pub(super) fn bundle(day: &Path, out: Option<&Path>) -> Result<Exit> {
    let beside = format!("{}.tar.zst", day.display().to_string().trim_end_matches('/'));
    let path = out.unwrap_or(Path::new(&beside));
    match gamedays::bundle(day, path) {
        Ok(seal) => {
            print(&harmless(&format!("{}\nsha256 of its manifest: {seal}\n", path.display())))?;
            Ok(Exit::Pass)
        }
        Err(error) => Ok(told(&error)),
    }
}

pub(super) fn verify(path: &Path) -> Result<Exit> {
    let Verified { seal, files, outcome, problems } = match gamedays::verify(path) {
        Ok(verified) => verified,
        Err(error) => return Ok(told(&error)),
    };
    let outcome = outcome.unwrap_or_else(|| "no outcome".to_owned());
    print(&harmless(&format!(
        "{files} files are as they were; the day was {outcome}\nsha256 of its manifest: {seal}\n"
    )))?;
    for problem in &problems {
        print(&harmless(&format!("{problem}\n")))?;
    }
    Ok(if problems.is_empty() { Exit::Pass } else { Exit::Fail })
}

fn told(error: &BundleError) -> Exit {
    complain(&format_args!("error: {error}"));
    match error {
        BundleError::Io { .. } => Exit::Environment,
        _ => Exit::Usage,
    }
}
