//! Running a program: no shell, a bounded time, and nothing of it left afterwards.

use gateways::process::Process;
use net::World;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use units::Timespan;

use super::GIVEN_UP;
use crate::environment::{Errand, Ran};

/// Runs it to its end, or kills it, with all that it has started, when its time is over or it is given up.
pub(super) async fn execute(world: World, errand: Errand, abort: &CancellationToken) -> Result<Ran, String> {
    let Some((program, arguments)) = errand.words.split_first() else {
        return Err("it names no program".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&errand.dir).envs(errand.variables.iter().cloned());
    let started = Process::start(&world, command, &errand.output);
    let process = started.map_err(|error| format!("`{program}` can't be started: {error}"))?;
    let timer = world.timer();
    let ended = abort.run_until_cancelled(timer.until(timer.now() + errand.within, process.finished())).await;
    let Some(ended) = ended else {
        process.stop().await;
        return Err(GIVEN_UP.to_owned());
    };
    match ended {
        Some(Ok(status)) => Ok(Ran { code: status.code(), output: process.last_words() }),
        Some(Err(error)) => Err(format!("it can't be watched: {error}")),
        None => {
            process.stop().await;
            Err(format!("it did not end within {}, and was killed", Timespan(errand.within)))
        }
    }
}
