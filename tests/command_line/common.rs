//! A place to run the binary in, and what it said.
#![expect(
    clippy::disallowed_methods,
    reason = "real processes are tested, which know nothing of a simulated world"
)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything here may take: far longer than it does on a machine under load.
const PATIENCE: Duration = Duration::from_mins(2);

/// A small scenario with a fault, that passes on the reference gateway. 2 s long.
pub(crate) const SMALL: &str = r#"
name = "small"
[gateway.reference]
[policy]
retry = { attempts = 2, on = ["503"], methods = ["GET"] }
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /items/{n}"
rate = "200/s"
[[phase]]
name = "steady"
for = "500ms"
[[phase]]
name = "outage"
for = "1500ms"
[[phase.inject]]
on = ["a", "b"]
status = { code = 503, share = 0.5 }
[[expect]]
in = "outage"
attempts = { max = 2 }
[[expect]]
integrity = {}
"#;

/// The same, long enough to be ended from outside.
pub(crate) fn long() -> String {
    SMALL.replace("\"1500ms\"", "\"5m\"").replace("\"small\"", "\"long\"")
}

/// Where programs are looked for: `PATH`, where Debian keeps servers, and where the tests' own gateways are.
pub(crate) fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.gateways/bin");
    let dirs = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into(), own]);
    std::env::join_paths(dirs).unwrap()
}

/// What the binary said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code; nothing if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said
    }

    /// This, if it ended with `code`.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// All that was said, with how it ended, for snapshots.
    pub(crate) fn transcript(&self) -> String {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        format!("{}{}exit {code}\n", self.out, self.err)
    }
}

/// A directory of its own in which the binary runs.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Place(TempDir::new().unwrap())
    }

    /// A place with the scenario `text` in `s.toml`.
    pub(crate) fn with(text: &str) -> Self {
        let place = Place::new();
        place.write("s.toml", text);
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_remove("RUST_LOG").env_remove("GITHUB_ACTIONS").env("PATH", search_path());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn say(&self, arguments: &[&str]) -> Said {
        Said::of(&assert_cmd::Command::from_std(self.command(arguments)).timeout(PATIENCE).output().unwrap())
    }

    /// The only run directory.
    pub(crate) fn run_dir(&self) -> PathBuf {
        let mut dirs: Vec<PathBuf> = self.run_dirs();
        assert_eq!(dirs.len(), 1, "{dirs:?}");
        dirs.remove(0)
    }

    pub(crate) fn run_dirs(&self) -> Vec<PathBuf> {
        let Ok(dirs) = fs::read_dir(self.path().join("runs")) else { return Vec::new() };
        let mut dirs: Vec<PathBuf> = dirs.map(|dir| dir.unwrap().path()).collect();
        dirs.sort();
        dirs
    }

    /// Starts the binary.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Started {
        Started::new(self.command(arguments).spawn().unwrap())
    }

    /// Starts a run, and waits until it has recorded exchanges.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        let started = self.spawn(arguments);
        until("exchanges are recorded", || {
            let dirs = self.run_dirs();
            let recorded = dirs.first().and_then(|dir| fs::metadata(dir.join("exchanges.arrows")).ok());
            recorded.is_some_and(|file| file.len() > 20_000)
        });
        started
    }

    /// The processes that work in this place, such as gateways, without `but`.
    pub(crate) fn processes(&self, but: Option<u32>) -> Vec<u32> {
        let place = self.path().canonicalize().unwrap();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        ids.filter(|id| Some(*id) != but)
            .filter(|id| fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|dir| dir.starts_with(&place)))
            .collect()
    }

    /// Fails if a process outlives its run; those that were killed may take a moment to be gone.
    pub(crate) fn nothing_is_left(&self) {
        until("no process is left behind", || self.processes(None).is_empty());
    }
}

/// A process that was started here, and is killed if the test ends before it.
pub(crate) struct Started(Option<Child>);

impl Started {
    pub(crate) fn new(child: Child) -> Self {
        Started(Some(child))
    }

    /// What it writes to standard output, for whoever reads it before the end.
    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.0
            .as_mut()
            .and_then(|child| child.stdout.take())
            .expect("standard output is a pipe, and nobody has it")
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.as_ref().expect("it has not been waited for").id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.id(), signal);
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Said {
        let child = self.0.take().expect("it is waited for once");
        Said::of(&child.wait_with_output().unwrap())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn send(process: u32, signal: Signal) {
    kill_process(Pid::from_raw(process.cast_signed()).unwrap(), signal).unwrap();
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Compares with the snapshot of that name, whatever the time, the port, the version and the place.
pub(crate) fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-", "[time]-");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:[port]");
    settings.add_filter(&env!("CARGO_PKG_VERSION").replace('.', r"\."), "[version]");
    settings.add_filter(r"/tmp/\.tmp\w+", "[place]");
    settings.bind(|| insta::assert_snapshot!(name, text));
}
