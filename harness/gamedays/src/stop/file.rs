//! The stop condition `file`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cast, Look, Reading, Stop, Watch};

/// A file is there: the brake for everybody who can reach the machine, and for other programs.
///
/// # What it watches
/// Whether there is a file of this name, several times a second. It ends the day as well if it is there when the day begins.
///
/// # When it can't tell
/// Never: a path that can't be looked at counts as no file.
///
/// # Example
/// `file = { exists = "STOP" }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path, from the directory of the game day's file.
    pub exists: String,
}

impl Stop for File {
    fn problem(&self, _: &Cast<'_>) -> Option<String> {
        let is_path = !self.exists.is_empty() && !self.exists.contains('\0');
        (!is_path).then(|| "`exists` names no file".to_owned())
    }

    fn words(&self) -> String {
        format!("the file `{}` is there", self.exists)
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(self.clone())
    }
}

impl Watch for File {
    fn look(&mut self, look: &Look<'_>) -> Reading {
        let met = look.environment.exists(&look.base.join(&self.exists));
        let value = if met { "it is there" } else { "it is not there" };
        Reading { value: value.to_owned(), met, nearness: Some(f64::from(met)) }
    }
}
