//! Closed sets of kinds that a file chooses from by key: faults, expectations, gateways.
//!
//! One declaration is the table of contents of a room and feeds everything that has to know all kinds: the parser,
//! `brownout list`, the JSON Schema and the reference pages.

use schemars::{JsonSchema, schema_for};

/// One kind, for lists and reference pages.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The key by which files choose it.
    pub name: &'static str,
    /// Its documentation: the doc comment of its settings, in Markdown.
    pub docs: fn() -> String,
}

impl Kind {
    /// The first sentence of its documentation.
    pub fn summary(&self) -> String {
        let docs = (self.docs)();
        let paragraph: Vec<&str> = docs.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        paragraph.join(" ")
    }
}

/// A chapter of a documentation in Markdown, without its heading and as one paragraph.
pub fn chapter(docs: &str, heading: &str) -> Option<String> {
    let mut lines =
        docs.lines().map(str::trim).skip_while(|line| line.strip_prefix("# ") != Some(heading)).skip(1);
    let words: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("# ")).collect();
    Some(words.join(" ").trim().to_owned()).filter(|chapter| !chapter.is_empty())
}

/// The doc comment of a settings type.
pub fn docs_of<T: JsonSchema>() -> String {
    let schema = schema_for!(T);
    schema.get("description").and_then(|text| text.as_str()).unwrap_or_default().to_owned()
}

/// Declares the registry of a room: `"key" => Type in module` a line, dispatching to a contract.
#[macro_export]
macro_rules! registry {
    ($(#[$meta:meta])* $name:ident: $contract:path { $($key:literal => $kind:ident in $($module:ident)::+,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $(#[doc = concat!("`", $key, "`")] #[serde(rename = $key)] $kind($($module)::+::$kind),)+
        }

        impl $name {
            /// Every kind, in the order of the registry.
            pub const KINDS: &'static [$crate::Kind] =
                &[$($crate::Kind { name: $key, docs: $crate::docs_of::<$($module)::+::$kind> },)+];

            /// The key by which files choose this kind.
            pub fn name(&self) -> &'static str {
                match self { $($name::$kind(_) => $key,)+ }
            }

            /// The settings as their contract.
            pub fn contract(&self) -> &dyn $contract {
                match self { $($name::$kind(settings) => settings,)+ }
            }
        }
    };
}
