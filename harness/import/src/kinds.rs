//! The registry of importers: what each reads, and how it is told by its files.

use crate::azure;
use crate::caddy;
use crate::envoy;
use crate::gateway_api;
use crate::haproxy;
use crate::import::{Choices, Import, Refused};
use crate::nginx;
use crate::place::Sources;
use crate::traefik;

/// An importer.
#[derive(Clone, Copy, Debug)]
pub struct Importer {
    /// Its name.
    pub name: &'static str,
    /// What it reads, in a line.
    pub reads: &'static str,
    /// Whether a file is one of its kind, by its name and its text.
    pub takes: fn(name: &str, text: &str) -> bool,
    /// Makes something of the files that are of its kind.
    pub import: fn(&Sources, &Choices) -> Result<Import, Refused>,
}

/// All importers. Each file is of the first one that takes it: JSON of Azure is told from that of others by their texts.
pub const KINDS: &[Importer] = &[
    envoy::IMPORTER,
    gateway_api::IMPORTER,
    caddy::IMPORTER,
    azure::IMPORTER,
    haproxy::IMPORTER,
    nginx::IMPORTER,
    traefik::IMPORTER,
];

/// Makes something of files. The importer is found by the files.
pub fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let takes = |importer: &&Importer| sources.files().all(|(name, text)| (importer.takes)(name, text));
    if let Some(importer) = KINDS.iter().find(takes) {
        return (importer.import)(sources, choices);
    }
    let known: Vec<String> = KINDS.iter().map(|one| format!("{}: {}", one.name, one.reads)).collect();
    let stray = sources.files().find(|(name, text)| !KINDS.iter().any(|one| (one.takes)(name, text)));
    let words = match stray {
        Some((name, _)) => format!("{name}: no importer knows files of this kind"),
        None => "no importer reads all of these files".to_owned(),
    };
    let help = format!("importers are {}", known.join("; "));
    Err(Refused { words, help, notes: Vec::new() })
}
