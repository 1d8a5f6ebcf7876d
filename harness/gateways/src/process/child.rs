//! A child process: its output in a file, ended and reaped on every path.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use net::{Timer, World};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::conceal::Concealer;
use super::output::Output;

/// How long it may take to end after SIGTERM, where nothing else is said. Those that were measured need 20 ms.
pub(crate) const STOP: Duration = Duration::from_secs(2);

/// How long its output may take to be read to the end, once it has ended.
const READ: Duration = Duration::from_secs(1);

/// How much of the end of its output is quoted.
const LAST_WORDS: usize = 2048;

/// A child process in a process group of its own. Dropping it kills the whole group.
pub struct Process {
    state: Arc<State>,
    /// Waits for the child, so that it can be sent signals meanwhile.
    _reaping: AbortOnDropHandle<()>,
    output: Output,
    timer: Timer,
    /// What ends it in order, and how long that may take.
    stop: (Signal, Duration),
}

/// What is known of the child.
struct State {
    /// The group's number, which is the child's; 0 once all of it has ended.
    group: AtomicI32,
    /// How the child ended.
    how: OnceLock<io::Result<ExitStatus>>,
    ended: CancellationToken,
}

impl Process {
    /// Starts `command`, with standard output and standard error at the end of the file `output`: the first 8 MiB of them, and
    /// the last 64 KiB.
    pub fn start(world: &World, command: Command, output: &Path) -> io::Result<Self> {
        Process::start_concealing(world, command, output, Concealer::default())
    }

    /// The same, but for the secrets in its output, of which none is kept.
    pub(crate) fn start_concealing(
        world: &World,
        mut command: Command,
        output: &Path,
        secrets: Concealer,
    ) -> io::Result<Self> {
        let (output, pipe) = Output::to(output, secrets)?;
        command.stdin(Stdio::null()).stdout(pipe.try_clone()?).stderr(pipe);
        // A group of its own keeps Ctrl-C from reaching the child before the run has stopped it in order.
        let child = command.kill_on_drop(true).process_group(0).spawn()?;
        let state = Arc::new(State {
            group: AtomicI32::new(child.id().unwrap_or_default().cast_signed()),
            how: OnceLock::new(),
            ended: CancellationToken::new(),
        });
        let reaping = AbortOnDropHandle::new(tokio::spawn(state.clone().reap(child)));
        let stop = (Signal::TERM, STOP);
        Ok(Process { state, _reaping: reaping, output, timer: world.timer(), stop })
    }

    /// The same, but stopped by another signal, which may take so long.
    pub(crate) fn stopped_by(mut self, stop: (Signal, Duration)) -> Self {
        self.stop = stop;
        self
    }

    /// Its process number; nothing once it has ended and was reaped.
    pub fn id(&self) -> Option<u32> {
        self.state.group().map(|group| group.as_raw_nonzero().get().cast_unsigned())
    }

    /// Waits until it ends, and says how.
    pub async fn ended(&self) -> String {
        match self.finished().await {
            Ok(status) => status.to_string(),
            Err(error) => format!("it can't be watched: {error}"),
        }
    }

    /// Waits until it has ended, with all that it has left behind, and its output has come to its end.
    pub async fn finished(&self) -> io::Result<ExitStatus> {
        self.state.ended.cancelled().await;
        self.timer.until(self.timer.now() + READ, self.output.closed.cancelled()).await;
        match self.state.how.get() {
            Some(Ok(status)) => Ok(*status),
            Some(Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
            None => Err(io::Error::other("nobody waited for it")),
        }
    }

    /// The last lines of its output so far, at most 2 KiB.
    pub fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.output.last(LAST_WORDS)).trim().to_owned()
    }

    /// True if it has said these words, as far as its output is kept: the last 64 KiB.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.output.last(usize::MAX)).contains(words)
    }

    /// Stops it: its signal (SIGTERM), and SIGKILL to its whole group when it has not ended in time (2 s). Gives how many bytes of its output
    /// were left out of the file.
    pub async fn stop(&self) -> u64 {
        for (signal, within) in [self.stop, (Signal::KILL, STOP)] {
            self.signal(signal);
            let limit = self.timer.now() + within;
            if self.timer.until(limit, self.finished()).await.is_some() {
                return self.left_out();
            }
        }
        tracing::warn!(group = ?self.id(), "a gateway's process survived SIGKILL for {STOP:?}");
        self.left_out()
    }

    /// How many bytes of its output are not in the file.
    pub(crate) fn left_out(&self) -> u64 {
        self.output.left_out()
    }

    /// Sends `signal` to the whole group.
    pub(crate) fn signal(&self, signal: Signal) {
        self.state.signal(signal);
    }

    /// Sends `signal` to the child alone, which passes on to the others what they are to know.
    pub(crate) fn signal_first(&self, signal: Signal) {
        if let Some(child) = self.state.group() {
            let _ = kill_process(child, signal);
        }
    }
}

impl State {
    /// Waits for the child, and kills what it has left behind. That must follow at once when the child was reaped: as long as
    /// others are in the group its number is taken, but an empty group's number is soon somebody else's.
    async fn reap(self: Arc<Self>, mut child: Child) {
        // Also where the runtime goes away before the child does.
        let rest = KilledWhenDropped(&self);
        let how = child.wait().await;
        drop(rest);
        self.group.store(0, Ordering::Relaxed);
        // Set once: nobody else waits for it.
        let _ = self.how.set(how);
        self.ended.cancel();
    }

    fn group(&self) -> Option<Pid> {
        Pid::from_raw(self.group.load(Ordering::Relaxed))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group() {
            let _ = kill_process_group(group, signal);
        }
    }
}

/// Kills the whole group.
struct KilledWhenDropped<'a>(&'a State);

impl Drop for KilledWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.signal(Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Runs `part` in the real world, in a directory of its own.
    fn real<F: Future>(part: impl FnOnce(World, PathBuf) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(async { part(World::real(), dir.path().join("output")).await })
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    async fn until_it_says(process: &Process, word: &str) {
        let limit = process.timer.now() + Duration::from_secs(10);
        while !process.last_words().contains(word) {
            assert!(process.timer.now() < limit, "{}", process.last_words());
            process.timer.sleep(Duration::from_millis(5)).await;
        }
    }

    /// True as long as a process of the group is there, even one that only waits to be reaped.
    fn lives(group: Pid) -> bool {
        rustix::process::test_kill_process_group(group).is_ok()
    }

    #[test]
    fn a_process_that_ends_by_itself_says_how_and_leaves_its_last_words() {
        real(|world, output| async move {
            let process = Process::start(&world, shell("echo out; echo err >&2; exit 3"), &output).unwrap();
            assert_eq!(process.ended().await, "exit status: 3");
            assert_eq!(process.last_words(), "out\nerr");
            assert_eq!(process.id(), None);
        });
    }

    #[test]
    fn only_the_end_of_a_long_output_is_quoted() {
        real(|world, output| async move {
            let script = "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done";
            let process = Process::start(&world, shell(script), &output).unwrap();
            process.ended().await;
            let words = process.last_words();
            assert!(words.len() <= 2048 && words.ends_with("line 4999"), "{words}");
        });
    }

    #[test]
    fn a_process_that_prints_without_end_neither_fills_the_disk_nor_is_held_up() {
        real(|world, output| async move {
            let process = Process::start(&world, shell("exec yes 'to be or not to be'"), &output).unwrap();
            let limit = process.timer.now() + Duration::from_mins(1);
            while process.output.left_out() < 20 << 20 {
                assert!(process.timer.now() < limit, "it waits for somebody");
                process.timer.sleep(Duration::from_millis(5)).await;
            }
            let left_out = process.stop().await;
            let file = std::fs::metadata(output).unwrap().len();
            assert!(left_out >= 20 << 20 && (8 << 20..9 << 20).contains(&file), "{left_out} of {file}");
        });
    }

    #[test]
    fn a_process_is_stopped_in_order_when_it_listens_to_sigterm() {
        real(|world, output| async move {
            let script = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done";
            let process = Process::start(&world, shell(script), &output).unwrap();
            until_it_says(&process, "up").await;
            process.stop().await;
            assert!(std::fs::read_to_string(output).unwrap().contains("bye"));
        });
    }

    #[test]
    fn dropping_it_kills_it_with_all_its_children() {
        real(|world, output| async move {
            let script = "trap '' TERM; sleep 1000 & echo up; wait";
            let process = Process::start(&world, shell(script), &output).unwrap();
            until_it_says(&process, "up").await;
            let (group, timer) = (process.state.group().unwrap(), process.timer.clone());
            assert!(lives(group));
            drop(process);
            until_gone(group, &timer).await;
        });
    }

    #[test]
    fn stopping_it_ends_also_those_that_it_leaves_behind() {
        real(|world, output| async move {
            let script = "(trap '' TERM; while :; do sleep 0.05; done) & trap 'exit 0' TERM; echo up; wait";
            let process = Process::start(&world, shell(script), &output).unwrap();
            until_it_says(&process, "up").await;
            let (group, timer) = (process.state.group().unwrap(), process.timer.clone());
            process.stop().await;
            until_gone(group, &timer).await;
        });
    }

    /// Whether an orphan is reaped is up to the system's first process: what counts is that none runs.
    async fn until_gone(group: Pid, timer: &Timer) {
        let limit = timer.now() + Duration::from_secs(10);
        while lives(group) && !only_zombies(group) {
            assert!(timer.now() < limit, "the group is still there");
            timer.sleep(Duration::from_millis(5)).await;
        }
    }

    fn only_zombies(group: Pid) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let states = processes.filter_map(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
            let (state, _parent, of) = (fields.next()?.to_owned(), fields.next()?, fields.next()?);
            (of == group.to_string()).then_some(state)
        });
        { states }.all(|state| state == "Z")
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        real(|world, output| async move {
            let error = Process::start(&world, Command::new("no-such-program"), &output).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    }
}
