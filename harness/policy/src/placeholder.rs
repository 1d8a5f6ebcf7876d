//! `{{env.NAME}}` in the values of a policy: the policy is written down with it, and applied with the variable's value.

use std::collections::BTreeMap;

use crate::Policy;

/// A piece of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it stands there.
    Text(&'a str),
    /// The value of the environment variable of this name.
    Variable(&'a str),
}

/// The pieces of a value, in order.
pub fn pieces(value: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), value);
    while let Some((start, name, end)) = next(rest) {
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        pieces.push(Piece::Variable(name));
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The word that stands for a variable's value in a simulated run, which is sent no real secret.
pub fn stand_in(name: &str) -> String {
    format!("value-of-{name}")
}

/// The first placeholder: where it begins, its name, and where it ends.
fn next(text: &str) -> Option<(usize, &str, usize)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find("{{env.")?;
        let name = start + "{{env.".len();
        let end = name + text[name..].find("}}")?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if end > name && text[name..end].bytes().all(fits) {
            return Some((start, &text[name..end], end + 2));
        }
        from = name;
    }
}

/// Whether a value has, beside placeholders, only bytes that fit, and no braces that look like one.
pub(crate) fn is_plain(value: &str, fits: impl Fn(u8) -> bool) -> bool {
    pieces(value).iter().all(|piece| match piece {
        Piece::Text(text) => text.bytes().all(&fits) && !text.contains("{{"),
        Piece::Variable(_) => true,
    })
}

impl Policy {
    /// The names of the environment variables that its values stand for, each once.
    pub fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .values()
            .flat_map(pieces)
            .filter_map(|piece| match piece {
                Piece::Variable(name) => Some(name),
                Piece::Text(_) => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn values(&self) -> impl Iterator<Item = &str> {
        let rules =
            self.request_headers.iter().flat_map(|rules| rules.set.values().chain(rules.append.values()));
        let credentials =
            self.credentials.values().flat_map(|one| one.header.values().chain(one.query.values()));
        rules.chain(credentials).map(String::as_str)
    }

    /// The same policy with the values of variables in place of their names. Never to be written down.
    ///
    /// # Errors
    /// The name of the first variable that `value_of` has no value for.
    pub fn filled<'a>(&'a self, value_of: impl Fn(&str) -> Option<String>) -> Result<Policy, &'a str> {
        let mut filled = self.clone();
        let fill = |from: &'a BTreeMap<String, String>| {
            let one = |(name, value): (&'a String, &'a String)| Ok((name.clone(), fill(value, &value_of)?));
            from.iter().map(one).collect::<Result<BTreeMap<String, String>, &'a str>>()
        };
        if let (Some(rules), Some(filled)) = (&self.request_headers, &mut filled.request_headers) {
            (filled.set, filled.append) = (fill(&rules.set)?, fill(&rules.append)?);
        }
        for (one, filled) in self.credentials.values().zip(filled.credentials.values_mut()) {
            (filled.header, filled.query) = (fill(&one.header)?, fill(&one.query)?);
        }
        Ok(filled)
    }
}

fn fill<'a>(value: &'a str, value_of: &impl Fn(&str) -> Option<String>) -> Result<String, &'a str> {
    let piece = |piece| match piece {
        Piece::Text(text) => Ok(text.to_owned()),
        Piece::Variable(name) => value_of(name).ok_or(name),
    };
    pieces(value).into_iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_apart_into_text_and_variables() {
        use Piece::{Text, Variable};
        assert_eq!(
            pieces("Bearer {{env.A}}-{{env.B_2}}."),
            [Text("Bearer "), Variable("A"), Text("-"), Variable("B_2"), Text(".")]
        );
        for whole in ["plain", "{{env.}}", "{{env.A-B}}", "{{env.A", "{env.A}"] {
            assert_eq!(pieces(whole), [Text(whole)]);
        }
        assert_eq!(pieces("{{env.{{env.A}}"), [Text("{{env."), Variable("A")]);
        assert!(is_plain("a{{env.A}}", |byte| byte == b'a') && !is_plain("{{n}}", |_| true));
    }

    #[test]
    fn a_policy_is_filled_or_says_which_variable_is_missing() {
        let policy: Policy = serde_json::from_value(serde_json::json!({
            "request_headers": { "set": { "x-key": "{{env.KEY}}" } },
            "credentials": { "a": { "header": { "authorization": "Bearer {{env.A}}" } } },
        }))
        .unwrap();
        assert_eq!(policy.variables(), ["A", "KEY"]);
        let filled = policy.filled(|name| Some(name.to_lowercase())).unwrap();
        assert_eq!(filled.credentials["a"].header["authorization"], "Bearer a");
        assert_eq!(filled.request_headers.unwrap().set["x-key"], "key");
        assert_eq!(policy.filled(|name| (name == "KEY").then(String::new)), Err("A"));
        assert_eq!(Policy::default().filled(|_| None), Ok(Policy::default()));
    }
}
