//! From a gateway's own configuration to a scenario, with the place in the source of each line.
//!
//! An importer has a reader that loses nothing, a table of what it understands, and a list of what it met and did not
//! understand. Nothing is guessed: what the configuration does not say is asked for by name. It opens nothing.

mod arm;
mod azure;
mod bicep;
mod caddy;
mod envoy;
mod evaluate;
mod expression;
mod finish;
mod functions;
mod gateway_api;
mod given;
mod go;
mod haproxy;
mod import;
mod iso;
mod json;
mod kinds;
mod message;
mod nginx;
mod note;
mod place;
mod placed_headers;
mod sidecar;
mod toml;
mod traefik;
mod value;
mod write;
mod xml;
mod yaml;

pub use import::{Choices, Import, Member, OwnFile, Refused};
pub use kinds::{Importer, KINDS, import};
pub use note::{Note, NoteKind};
pub use place::{FILES_MAX, Place, Position, Sources, TEXT_MAX};
pub use sidecar::sidecar;
pub use write::{file_stem, own_file, scenario};
pub use xml::Asked;
