//! How one kind differs from the others.

use std::path::{Path, PathBuf};

use super::files::OwnFile;
use super::machine::Machine;
use super::template::Values;
use crate::{Unsupported, Upstreams};

/// One kind of gateway that is a program.
pub(crate) struct Product {
    /// The kind's key, which is its program's name as well.
    pub(crate) name: &'static str,
    /// The environment variable that may name the program.
    pub(crate) variable: &'static str,
    /// The key of the user's own file, for messages.
    pub(crate) config_key: &'static str,
    /// The name of the configuration in the gateway's directory, where the user's own file suggests no other.
    pub(crate) file: &'static str,
    /// Endings of the user's own file that are kept because the program goes by them.
    pub(crate) endings: &'static [&'static str],
    /// The signal that the program gets if brownout dies without having stopped it.
    pub(crate) orphaned: &'static str,
    /// The configuration that the policy asks for, with `{{listen.…}}` and the nonce to be filled in.
    pub(crate) generate: fn(&Upstreams, &Machine) -> Result<String, Vec<Unsupported>>,
    /// How the program is called to serve.
    pub(crate) serve: fn(&Call<'_>) -> Vec<String>,
    /// How the program is called to check a configuration.
    pub(crate) check: fn(&Call<'_>) -> Vec<String>,
    /// How the program is called to say its version.
    pub(crate) ask_version: &'static [&'static str],
    /// The version in what it then says.
    pub(crate) version: fn(&str) -> Option<String>,
}

/// What the program's arguments are made of. It is called in the directory `dir`.
pub(crate) struct Call<'a> {
    /// The gateway's directory.
    pub(crate) dir: &'a Path,
    /// The name of the configuration in it.
    pub(crate) file: &'a str,
    /// The configuration itself.
    pub(crate) text: &'a str,
}

/// The settings that all these kinds have.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// The user's own configuration.
    pub(crate) config: Option<&'a Path>,
    /// The program.
    pub(crate) binary: Option<&'a Path>,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(config: Option<&'a PathBuf>, binary: Option<&'a PathBuf>) -> Self {
        Settings { config: config.map(PathBuf::as_path), binary: binary.map(PathBuf::as_path) }
    }
}

/// The configuration to show: what is known only when the gateway is started stays a placeholder.
pub(crate) fn configuration(
    product: &Product,
    settings: Settings<'_>,
    upstreams: &Upstreams,
) -> Result<Option<String>, Vec<Unsupported>> {
    let Some(config) = settings.config else {
        return (product.generate)(upstreams, &Machine::here()).map(Some);
    };
    let own = OwnFile::read(config, &upstreams.base);
    own.and_then(|own| own.filled(&Values::to_show(upstreams))).map(Some).map_err(|(path, why)| {
        vec![Unsupported { key: product.config_key, why: format!("{}: {why}", path.display()) }]
    })
}
