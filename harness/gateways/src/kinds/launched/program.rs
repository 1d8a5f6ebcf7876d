//! Finding a gateway's program, and asking it for its version.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::product::Product;
use crate::LaunchError;

/// Where servers are kept that an ordinary user's `PATH` lacks.
const SBIN: [&str; 2] = ["/usr/local/sbin", "/usr/sbin"];

/// The program of a kind, for those who want to know whether it is there before anything is run.
#[derive(Clone, Copy)]
pub struct Program(&'static Product);

impl Program {
    pub(in crate::kinds) fn of(product: &'static Product) -> Self {
        Program(product)
    }

    /// Where it lies, if a run would find it.
    pub fn find(&self) -> Option<PathBuf> {
        find(self.0, None, Path::new(".")).ok()
    }

    /// The environment variable that may name it.
    pub fn variable(&self) -> &'static str {
        self.0.variable
    }

    /// How it is installed, for people.
    pub fn install(&self) -> &'static str {
        self.0.install
    }

    /// The arguments by which it is asked for its version.
    pub fn ask_version(&self) -> &'static [&'static str] {
        self.0.ask_version
    }

    /// The version in what it then says.
    pub fn version(&self, said: &str) -> Option<String> {
        (self.0.version)(said)
    }
}

/// The program of `product`: the one that the scenario names (relative to `base`), or the first that is found.
pub(crate) fn find(product: &Product, binary: Option<&Path>, base: &Path) -> Result<PathBuf, LaunchError> {
    let missing = |program: &Path, searched: &str| LaunchError::Missing {
        gateway: product.name,
        program: program.display().to_string(),
        searched: searched.to_owned(),
    };
    let named = |program: PathBuf, by: &str| {
        let searched = format!("the place that {by} names");
        absolute(&program).ok_or_else(|| missing(&program, &searched))
    };
    if let Some(binary) = binary {
        // A bare name is looked up, as a shell would; anything with a slash is a place.
        if binary.components().count() > 1 {
            return named(base.join(binary), "`binary`");
        }
        return on_path(binary.as_os_str()).ok_or_else(|| missing(binary, SEARCHED));
    }
    if let Some(program) = env::var_os(product.variable).filter(|program| !program.is_empty()) {
        return named(program.into(), product.variable);
    }
    let found = |name: &&str| in_gateways(name).or_else(|| on_path(OsStr::new(name)));
    product.programs.iter().find_map(found).ok_or_else(|| {
        let searched = format!(".gateways/bin here and above, {SEARCHED}; {} may name it", product.variable);
        missing(Path::new(&product.programs.join("` or `")), &searched)
    })
}

/// A program by its bare name, looked up as a shell would, or by its place (relative to `base`).
pub(crate) fn named_program(program: &str, base: &Path) -> Option<PathBuf> {
    if program.contains('/') { absolute(&base.join(program)) } else { on_path(OsStr::new(program)) }
}

const SEARCHED: &str = "PATH, /usr/local/sbin, /usr/sbin";

/// In `.gateways/bin` of the current directory or of one above it.
fn in_gateways(name: &str) -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    here.ancestors().find_map(|dir| absolute(&dir.join(".gateways/bin").join(name)))
}

/// On the `PATH`, or where servers are kept.
pub(crate) fn on_path(name: &OsStr) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(SBIN.map(PathBuf::from)).find_map(|dir| absolute(&dir.join(name)))
}

/// The path as seen from everywhere, if a program lies there.
fn absolute(path: &Path) -> Option<PathBuf> {
    let is_program =
        path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    is_program.then(|| std::path::absolute(path).ok()).flatten()
}
