//! `brownout explain`: the reference page of anything that has a name.

use anyhow::Result;
use units::Kind;

use crate::args::Listing;
use crate::exit::Exit;
use crate::output::{complain, print};

const VERDICTS: [(&str, &str); 3] = [
    ("pass", "The evidence proves that the demand was met. Exit code 0."),
    (
        "inconclusive",
        "The evidence proves nothing either way: too few samples, a planned fault that never fired, a driver or a\n\
         machine that was too noisy for what is asked, or a run that was cut. Never a pass. Exit code 2.",
    ),
    ("fail", "The evidence proves that the demand was not met. Exit code 1. Witnesses show it request by request."),
];

pub(crate) fn explain(what: &str) -> Result<Exit> {
    let (room, name) = what.split_once('/').map_or((None, what), |(room, name)| (Some(room), name));
    let mut pages: Vec<(String, String)> = Vec::new();
    let rooms: [(&str, &[Kind]); 3] = [
        ("fault", fake_backends::fault::FaultSettings::KINDS),
        ("expectation", judge::ExpectationSettings::KINDS),
        ("gateway", gateways::GatewaySettings::KINDS),
    ];
    for (kind_of, kinds) in rooms {
        let found = kinds.iter().filter(|kind| kind.name == name && room.is_none_or(|room| room == kind_of));
        pages.extend(found.map(|kind| (format!("{kind_of} {name}"), (kind.docs)())));
    }
    if room.is_none_or(|room| room == "defect") {
        let found = gateways::reference::Defect::ALL.iter().filter(|defect| defect.name() == name);
        pages.extend(found.map(|defect| (format!("defect {name}"), defect.docs().to_owned())));
    }
    if room.is_none_or(|room| room == "verdict") {
        let found = VERDICTS.iter().filter(|(verdict, _)| *verdict == name);
        pages.extend(found.map(|(verdict, text)| (format!("verdict {verdict}"), (*text).to_owned())));
    }
    if room.is_none_or(|room| room == "format") {
        let found = reports::format::FORMATS.iter().filter(|format| format.name == name);
        pages.extend(found.map(|format| (format!("format {name}"), format.summary.to_owned())));
    }
    if pages.is_empty() {
        complain(&format_args!(
            "error: nothing is called `{what}`\nhelp: `brownout list` shows {}",
            listings().join(", ")
        ));
        return Ok(Exit::Usage);
    }
    for (title, text) in pages {
        print(&format_args!("{title}\n\n{}\n\n", text.trim()))?;
    }
    Ok(Exit::Pass)
}

fn listings() -> Vec<String> {
    use clap::ValueEnum;
    let names = Listing::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    names.map(|name| name.get_name().to_owned()).collect()
}
