//! The resources that a template comes to.

use crate::note::Note;
use crate::place::Place;
use crate::value::{Value, What};

/// What a template comes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    pub(crate) resources: Vec<Resource>,
    pub(crate) notes: Vec<Note>,
}

/// A resource that a deployment would make.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// Its type in lower case and without a version: `microsoft.apimanagement/service/backends`.
    pub(crate) kind: String,
    /// The last segment of its name, as far as it is known.
    pub(crate) name: String,
    pub(crate) body: Value,
}

impl Template {
    /// A file of which nothing could be read.
    pub(crate) fn refused(place: &Place, words: impl Into<String>) -> Self {
        Template { resources: Vec::new(), notes: vec![Note::unknown(place, words)] }
    }
}

/// The resources that a value stands for: one, several of a loop, or none whose condition is not met.
pub(crate) fn resources_of(kind: &str, value: Value) -> Vec<Resource> {
    match value.what {
        // Nothing would be made by this loop; a parameter that has more in it may be missing.
        What::List(items) if items.is_empty() && kind.to_lowercase().ends_with("/backends") => {
            let what = What::unknown(
                "its loop goes over an empty list: give the parameter behind it, `--value NAME=…`",
            );
            let body = Value { what, place: value.place };
            vec![Resource { kind: kind.to_lowercase(), name: "{…}".into(), body }]
        }
        What::List(items) => items.into_iter().flat_map(|item| resources_of(kind, item)).collect(),
        What::Object(_) => {
            let name = value.get("name").and_then(Value::known_text).map(last_segment);
            vec![Resource {
                kind: kind.to_lowercase(), name: name.unwrap_or("{…}").to_owned(), body: value
            }]
        }
        // A resource of which nothing is known is told where it is asked for.
        What::Unknown { .. } => {
            vec![Resource { kind: kind.to_lowercase(), name: "{…}".into(), body: value }]
        }
        _ => Vec::new(),
    }
}

/// The name of a resource without those of its parents: `b` of `service/b`, and of an id.
pub(crate) fn last_segment(name: &str) -> &str {
    name.trim_end_matches('/').rsplit('/').next().unwrap_or(name)
}
