//! Programs that are asked one thing and end.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use net::World;
use tokio::process::Command;

use super::{Concealer, Process};

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    /// How it ended; nothing if it did not end in time.
    pub(crate) status: Option<ExitStatus>,
    /// The last 2 KiB of its output.
    pub(crate) words: String,
}

impl Said {
    /// True if it ended, and was content.
    pub(crate) fn is_fine(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Runs `command` to its end, or kills it after `bound`. Its output is in the file `output`, without `secrets`, only as long as it runs.
pub(crate) async fn run_to_its_end(
    world: &World,
    command: Command,
    output: &Path,
    bound: Duration,
    secrets: Concealer,
) -> io::Result<Said> {
    let timer = world.timer();
    let process = Process::start_concealing(world, command, output, secrets)?;
    let finished = timer.until(timer.now() + bound, process.finished()).await;
    let words = process.last_words();
    let _ = std::fs::remove_file(output);
    let status = finished.transpose()?;
    Ok(Said { status, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a shell says to `script` within 5 s, and whether the file of its output is gone.
    fn said(script: &str, bound: Duration) -> (Said, bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let output = dir.path().join("output");
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let said = runtime.block_on(async {
            let world = World::real();
            run_to_its_end(&world, command, &output, bound, Concealer::default()).await.unwrap()
        });
        (said, !output.exists())
    }

    #[test]
    fn what_a_program_says_and_how_it_ends_is_told_and_its_file_is_gone() {
        let (said, is_gone) = said("echo no; exit 1", Duration::from_secs(20));
        assert_eq!((said.words.as_str(), said.is_fine(), is_gone), ("no", false, true));
        assert_eq!(said.status.and_then(|status| status.code()), Some(1));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let (said, is_gone) = said("sleep 1000", Duration::from_millis(50));
        assert_eq!((said.status, said.is_fine(), is_gone), (None, false, true));
    }
}
