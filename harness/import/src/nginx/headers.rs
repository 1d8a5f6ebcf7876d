//! `proxy_set_header` with values that are words (`ngx_http_proxy_module`). Those with variables are copied, and no key has a word
//! for them.

use super::scope::Scope;
use crate::note::Note;
use crate::placed_headers::{HeaderRule, PlacedHeaders};

/// What everybody has a line for, and no rule is about.
const FRAMING: [&str; 5] = ["connection", "content-length", "host", "te", "upgrade"];

/// Takes in those that hold for a location.
pub(super) fn read(scope: &Scope<'_>, notes: &mut Vec<Note>) -> PlacedHeaders {
    let mut found = PlacedHeaders::default();
    for line in scope.all("proxy_set_header") {
        let (name, value) = (line.argument(1), line.argument(2));
        let is_framing = FRAMING.iter().any(|one| name.eq_ignore_ascii_case(one));
        if is_framing || value.contains('$') || value.contains("{{") {
            continue;
        }
        // An empty value takes the header out.
        let rule = if value.is_empty() { HeaderRule::Remove } else { HeaderRule::Set(value.to_owned()) };
        found.add(name, rule, &line.place, notes);
    }
    found
}
