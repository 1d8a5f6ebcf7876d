//! What keeps requests that belong together at one backend.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Requests that belong together go to the same backend. When that one is out, they go to one other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Affinity {
    /// What requests have in common that belong together.
    pub by: AffinityBy,
    /// Whether they come back to their backend when it is in use again, as they do wherever a hash chooses it (Envoy's ring hash,
    /// HAProxy's and nginx's consistent hashing). Without it nothing is demanded of that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub comes_back: bool,
}

/// By what requests belong together: those with the same value do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AffinityBy {
    /// The value of a header.
    Header(String),
    /// The value of a cookie that the client sends.
    Cookie(String),
    /// The path with its query.
    Path,
    /// The connection of the client.
    Connection,
}

/// The longest name.
const NAME_MAX: usize = 128;

impl Affinity {
    /// What is wrong with it: a name that headers and cookies have by custom fits into every gateway's configuration.
    pub(crate) fn problem(&self) -> Option<String> {
        let (AffinityBy::Header(name) | AffinityBy::Cookie(name)) = &self.by else { return None };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_name = (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(fits);
        (!is_name).then(|| {
            let shown: String = name.chars().take(NAME_MAX).collect();
            let shown = shown.escape_debug();
            format!("`{shown}` is not a name: expected 1 to {NAME_MAX} letters, digits, `-` and `_`")
        })
    }
}

impl fmt::Display for Affinity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            AffinityBy::Header(name) => write!(f, "by header {name}"),
            AffinityBy::Cookie(name) => write!(f, "by cookie {name}"),
            AffinityBy::Path => f.write_str("by path"),
            AffinityBy::Connection => f.write_str("by client connection"),
        }?;
        f.write_str(if self.comes_back { ", comes back" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: Value) -> Result<Affinity, String> {
        serde_json::from_value(text).map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_by_header_cookie_path_or_connection() {
        for (by, words) in [
            (json!({ "header": "x-user" }), "by header x-user"),
            (json!({ "cookie": "session" }), "by cookie session"),
            (json!("path"), "by path"),
            (json!("connection"), "by client connection"),
        ] {
            let affinity = read(json!({ "by": by })).unwrap();
            assert_eq!((affinity.to_string().as_str(), affinity.problem()), (words, None));
        }
        let back = read(json!({ "by": "path", "comes_back": true })).unwrap();
        assert_eq!(back.to_string(), "by path, comes back");
    }

    #[test]
    fn what_is_no_name_or_no_word_of_it_is_refused() {
        let cookie = |name: &str| read(json!({ "by": { "cookie": name } })).unwrap().problem();
        assert!(cookie("a b").is_some() && cookie("").is_some() && cookie(&"a".repeat(129)).is_some());
        assert!(read(json!({ "by": "address" })).is_err());
        assert!(read(json!({ "by": "path", "comes_home": true })).is_err());
    }
}
