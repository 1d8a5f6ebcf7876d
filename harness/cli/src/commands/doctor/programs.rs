//! The gateways' programs: where they lie, their versions, and how to install those that are missing.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reports::escape;
use tokio::process::Command;

use super::found::{Found, Health};

/// Where servers are kept that an ordinary user's `PATH` lacks.
const SBIN: [&str; 2] = ["/usr/local/sbin", "/usr/sbin"];

/// How long a program may take to say its version.
const ANSWER: Duration = Duration::from_secs(5);

/// Kinds that no program belongs to.
const WITHOUT_PROGRAM: [&str; 3] = ["reference", "command", "url"];

pub(super) fn examine(kinds: &[&str], required: &[String]) -> Vec<Found> {
    let launched = kinds.iter().filter(|kind| !WITHOUT_PROGRAM.contains(kind));
    launched.map(|kind| program(kind, required.iter().any(|name| name == kind))).collect()
}

fn program(kind: &str, required: bool) -> Found {
    let what = format!("gateway {kind}");
    let missing = if required { Health::Missing } else { Health::Warning };
    let help = format!("{}, or name it in {}", install(kind), variable(kind));
    let Some(path) = find(kind) else {
        return Found::not(missing, &what, "not found in .gateways/bin here and above, or on PATH", help);
    };
    match version(kind, &path) {
        Ok(version) => Found::well(&what, format!("{version} ({})", path.display())),
        Err(why) => Found::not(missing, &what, format!("{}: {why}", path.display()), help),
    }
}

fn install(kind: &str) -> String {
    match kind {
        "haproxy" | "nginx" => format!("`apt-get install --no-install-recommends {kind}`"),
        "envoy" => "`bash tests/setup-gateways.sh`, or a release binary as .gateways/bin/envoy".into(),
        _ => format!("put the program `{kind}` on PATH"),
    }
}

/// The environment variable that may name the program.
fn variable(kind: &str) -> String {
    format!("BROWNOUT_{}", kind.to_uppercase())
}

/// The program that a run would take.
fn find(kind: &str) -> Option<PathBuf> {
    if let Some(named) = env::var_os(variable(kind)).filter(|named| !named.is_empty()) {
        return program_at(Path::new(&named));
    }
    let here = env::current_dir().ok()?;
    let local = here.ancestors().find_map(|dir| program_at(&dir.join(".gateways/bin").join(kind)));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut dirs = env::split_paths(&path).chain(SBIN.map(PathBuf::from));
    local.or_else(|| dirs.find_map(|dir| program_at(&dir.join(OsStr::new(kind)))))
}

fn program_at(path: &Path) -> Option<PathBuf> {
    let found = path.metadata().ok()?;
    (found.is_file() && found.permissions().mode() & 0o111 != 0).then(|| path.to_owned())
}

/// The first word with a digit that looks like a version in what the program says.
fn version(kind: &str, path: &Path) -> Result<String, String> {
    let flag = if kind == "envoy" { "--version" } else { "-v" };
    let said = ask(path, flag)?;
    let mut words = said.split([' ', '/', '\n', '(', ')', ',']);
    let version =
        words.find(|word| word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit()));
    version.map(escape::name).ok_or_else(|| format!("`{flag}` says no version"))
}

#[expect(clippy::disallowed_methods, reason = "a program is waited for, outside of any run")]
fn ask(path: &Path, flag: &str) -> Result<String, String> {
    let mut command = Command::new(path);
    command.arg(flag).stdin(Stdio::null()).kill_on_drop(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let answer = runtime.block_on(async { tokio::time::timeout(ANSWER, command.output()).await });
    let output = answer.map_err(|_| format!("`{flag}` is not answered in {ANSWER:?}"))?;
    let output = output.map_err(|error| error.to_string())?;
    Ok(format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}
