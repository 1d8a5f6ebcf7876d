//! The placeholders in paths, hosts, headers and bodies: which there are, and which are meant and are none.

use super::Context;
use crate::file::Located;
use crate::secrets::placeholders;

/// What an error says of them.
pub(super) const KNOWN: &str = "placeholders are `{n}`, the number of the request, `{uuid}`, a UUID of it, `{tag}`, its tag, `{key}`, its key, and `{{env.NAME}}`, the value of an environment variable";

/// Those that the driver fills.
const FILLED: [&str; 4] = ["{n}", "{uuid}", "{tag}", "{key}"];

/// The text without its placeholders.
pub(super) fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = 0;
    for (range, _) in placeholders(text).filter(|(_, name)| is_name(name)) {
        bare.push_str(&text[rest..range.start]);
        rest = range.end;
    }
    bare.push_str(&text[rest..]);
    FILLED.iter().fold(bare, |bare, filled| bare.replace(filled, ""))
}

/// Notes braces around a word that is no placeholder, and environment variables that are not set. Other braces are left
/// alone: bodies are full of them.
pub(super) fn check(context: &mut Context<'_>, text: &Located<String>) {
    if let Some(unknown) = unknown(&bare(text)) {
        let message = format!("unknown placeholder `{}`", unknown.escape_debug());
        context.error(&text.span, message).help = Some(KNOWN.to_owned());
    }
    let missing = placeholders(text)
        .map(|(_, name)| name)
        .find(|name| is_name(name) && std::env::var_os(name).is_none_or(|value| value.is_empty()));
    if let Some(name) = missing {
        context.warning(&text.span, format!("the environment variable `{name}` is not set")).help =
            Some(format!("set it before the run: `export {name}=…`"));
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The first word in braces.
fn unknown(bare: &str) -> Option<&str> {
    // Of braces in a row the first stands for all.
    let mut opens = bare.match_indices('{').map(|(at, _)| at).filter(|at| !bare[..*at].ends_with('{'));
    opens.find_map(|at| in_braces(&bare[at..]))
}

/// The braces at the start of a text, with what is in them, if that is a word.
fn in_braces(text: &str) -> Option<&str> {
    let inner = text.trim_start_matches('{');
    let length =
        inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let after = inner[length..].bytes().take_while(|byte| *byte == b'}').count();
    let is_word = inner.starts_with(|letter: char| letter.is_ascii_alphabetic());
    (is_word && after > 0).then(|| &text[..text.len() - inner.len() + length + after])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_in_braces_is_a_placeholder_and_json_is_not() {
        for (text, expected) in [
            ("{n}/{uuid}/{tag}/{{env.TOKEN}}", None),
            ("{id}", Some("{id}")),
            ("a {{NAME}} b", Some("{{NAME}}")),
            ("{{env.}}", Some("{{env.}}")),
            ("{{env.A-B}}", Some("{{env.A-B}}")),
            ("{\"a\":{\"b\":{}},\"n\":{n}}", None),
            ("{\"a\":{\"b\":\"{c}\"}}", Some("{c}")),
            ("{1} { a } {", None),
        ] {
            assert_eq!(unknown(&bare(text)), expected, "{text}");
        }
    }
}
