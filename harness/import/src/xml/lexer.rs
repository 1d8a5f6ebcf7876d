//! Words of C# conditions.

/// A word of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// A name: `context`, `null`.
    Name(String),
    Number(i64),
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Signs, the longer ones first.
const SIGNS: [&str; 22] = [
    "&&", "||", "==", "!=", ">=", "<=", "?.", "=>", "??", "(", ")", "[", "]", "{", "}", "!", ">", "<", ".",
    ",", "?", ":",
];

/// The words of a condition; nothing if a sign is met that none of ours has.
pub(super) fn words(text: &str) -> Option<Vec<Word>> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let end = |is_part: fn(char) -> bool| rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        if first.is_ascii_digit() {
            let end = end(|letter| letter.is_ascii_digit());
            words.push(Word::Number(rest[..end].parse().ok()?));
            rest = &rest[end..];
        } else if first.is_alphabetic() || first == '_' {
            let end = end(|letter| letter.is_alphanumeric() || letter == '_');
            words.push(Word::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if first == '"' {
            let (inside, after) = rest[1..].split_once('"')?;
            if inside.contains('\\') {
                return None;
            }
            words.push(Word::Text(inside.to_owned()));
            rest = after;
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            words.push(Word::Sign(sign));
            rest = &rest[sign.len()..];
        }
        rest = rest.trim_start();
    }
    Some(words)
}
