//! What the kinds that are started as child processes have in common.
//!
//! A kind says how its configuration is written and how its program is called; finding the program, filling in the
//! user's own file, choosing a port, waiting, and explaining what went wrong is done here, once.

mod acting;
mod family;
mod files;
mod launch;
mod listeners;
mod machine;
mod of_product;
mod product;
mod program;
mod recipe;
mod refusals;
pub(super) mod requests;
mod running;
mod template;
#[cfg(test)]
pub(crate) mod testing;

pub use acting::backends_in;
pub(super) use acting::{Acting, Renewal};
pub(super) use files::{OwnFile, Wrong, read_text};
pub(super) use launch::{OWN_FILES, launch};
pub(super) use machine::Machine;
pub(super) use of_product::{OfProduct, of_product};
pub(super) use product::{Call, Logs, Product, Settings, Tells, access_log};
pub use program::Program;
pub(super) use program::named_program;
pub(crate) use program::on_path;
pub(super) use recipe::{CommandLine, Parts, Place, Recipe};
pub(super) use refusals::{Ability, CONNECT, Refusals, attempts, headers_within, priorities, waits};
pub use running::Launched;
pub(super) use template::Filled;
pub(crate) use template::{Values, secrets};

/// A path of the gateway's own port that it answers itself with [`NONCE`], so that no backend sees it.
pub(super) const READY_PATH: &str = "/__brownout/ready";

/// The file in the gateway's directory that has the certificate of the backends' authority.
pub(super) const AUTHORITY_FILE: &str = "ca.pem";

/// Stands in generated configurations for what tells this gateway from an older one on the same port.
pub(super) const NONCE: &str = "{{nonce}}";
