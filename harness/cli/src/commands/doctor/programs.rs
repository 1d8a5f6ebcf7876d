//! The gateways' programs: where they lie, their versions, and how to install those that are missing.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use gateways::{GatewaySettings, Program};
use reports::escape;
use tokio::process::Command;

use super::found::{Found, Health};

/// How long a program may take to say its version.
const ANSWER: Duration = Duration::from_secs(5);

/// Looks at the programs of all kinds that have one. Those in `required` must be there.
pub(super) fn examine(kinds: &[&str], required: &[String]) -> Vec<Found> {
    let programs = kinds
        .iter()
        .filter_map(|kind| Some((*kind, GatewaySettings::with_defaults(kind)?.contract().program()?)));
    programs.map(|(kind, program)| look(kind, program, required.iter().any(|name| name == kind))).collect()
}

fn look(kind: &str, program: Program, required: bool) -> Found {
    let what = format!("gateway {kind}");
    let missing = if required { Health::Missing } else { Health::Warning };
    let help = format!("{}, or name it in {}", program.install(), program.variable());
    let Some(path) = program.find() else {
        return Found::not(missing, &what, "not found in .gateways/bin here and above, or on PATH", help);
    };
    match version(program, &path) {
        Ok(version) => Found::well(&what, format!("{version} ({})", path.display())),
        Err(why) => Found::not(missing, &what, format!("{}: {why}", path.display()), help),
    }
}

fn version(program: Program, path: &Path) -> Result<String, String> {
    let asked = program.ask_version();
    let said = ask(path, asked)?;
    program
        .version(&said)
        .map(|version| escape::name(&version))
        .ok_or_else(|| format!("`{}` says no version", asked.join(" ")))
}

#[expect(clippy::disallowed_methods, reason = "a program is waited for, outside of any run")]
fn ask(path: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let answer = runtime.block_on(async { tokio::time::timeout(ANSWER, command.output()).await });
    let output = answer.map_err(|_| format!("`{}` is not answered in {ANSWER:?}", arguments.join(" ")))?;
    let output = output.map_err(|error| error.to_string())?;
    Ok(format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}
