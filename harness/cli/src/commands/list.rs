//! `brownout list`: the registries as tables of contents.

use anyhow::Result;
use units::Kind;

use crate::args::Listing;
use crate::catalogue::{families, heading};
use crate::exit::Exit;
use crate::output::print;

pub(crate) fn list(what: Listing) -> Result<Exit> {
    let rows: Vec<(String, String)> = match what {
        Listing::Scenarios => return list_scenarios(),
        Listing::Faults => return list_faults(),
        Listing::Expectations => kinds(judge::ExpectationSettings::KINDS),
        Listing::Actions => kinds(gateways::ActionSettings::KINDS),
        Listing::Gateways => kinds(gateways::GatewaySettings::KINDS),
        Listing::Defects => defect_rows(),
        Listing::Formats => {
            reports::format::FORMATS.iter().map(|kind| (kind.name.into(), kind.summary.into())).collect()
        }
        Listing::Exports => {
            export::EXPORTS.iter().map(|kind| (kind.name.into(), kind.summary.into())).collect()
        }
    };
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, summary) in rows {
        print(&format_args!("{name:width$}  {summary}\n"))?;
    }
    Ok(Exit::Pass)
}

/// Each fault with what it does, and what it stands for in the world.
fn list_faults() -> Result<Exit> {
    let kinds = fake_backends::fault::FaultSettings::KINDS;
    let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
    for kind in kinds {
        let incident = units::chapter(&(kind.docs)(), "What it stands for").unwrap_or_default();
        print(&format_args!("{:width$}  {} Stands for: {incident}\n", kind.name, kind.summary()))?;
    }
    Ok(Exit::Pass)
}

fn kinds(kinds: &[Kind]) -> Vec<(String, String)> {
    kinds.iter().map(|kind| (kind.name.to_owned(), kind.summary())).collect()
}

fn defect_rows() -> Vec<(String, String)> {
    gateways::reference::Defect::all().map(|defect| (defect.name().into(), defect.docs().into())).collect()
}

/// The library by family, the scenarios that one meets first before the others.
fn list_scenarios() -> Result<Exit> {
    let families = families();
    let all = || families.iter().flat_map(|family| &family.scenarios);
    let name_width = all().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let owner_width = all().map(|scenario| scenario.owner().len()).max().unwrap_or(0);
    for (index, family) in families.iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        print(&format_args!("{gap}{}\n", heading(family)))?;
        for scenario in &family.scenarios {
            let (name, time, owner) = (scenario.name, scenario.length().to_string(), scenario.owner());
            print(&format_args!(
                "  {name:name_width$}  {time:>6}  {owner:owner_width$}  {}\n",
                scenario.why()
            ))?;
        }
    }
    Ok(Exit::Pass)
}
