//! The examination: every check, and what its results come to.

use anyhow::Result;
use units::Kind;

use super::found::{Found, Health};
use super::{machine, programs};
use crate::args::Doctor;
use crate::exit::Exit;
use crate::output::{complain, harmless, print};

pub(crate) fn doctor(args: &Doctor) -> Result<Exit> {
    let kinds: Vec<&str> = gateways::GatewaySettings::KINDS.iter().map(|kind: &Kind| kind.name).collect();
    if let Some(unknown) = args.gateway.iter().find(|name| !kinds.contains(&name.as_str())) {
        complain(&format_args!(
            "error: unknown gateway kind `{unknown}`\nhelp: the kinds are {}",
            kinds.join(", ")
        ));
        return Ok(Exit::Usage);
    }
    let mut found = machine::examine();
    found.extend(programs::examine(&kinds, &args.gateway));
    let width = found.iter().map(|found| found.what.len()).max().unwrap_or(0);
    for Found { what, health, figure, help } in &found {
        let mark = match health {
            Health::Well => "ok     ",
            Health::Warning => "warning",
            Health::Missing => "missing",
        };
        print(&harmless(&format!("{mark}  {what:width$}  {figure}\n")))?;
        if let Some(help) = help {
            print(&harmless(&format!("{:width$}  help: {help}\n", "", width = 7 + 2 + width)))?;
        }
    }
    let worst = found.iter().map(|found| found.health).max().unwrap_or(Health::Well);
    Ok(if worst == Health::Missing { Exit::Environment } else { Exit::Pass })
}
