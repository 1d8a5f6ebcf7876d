//! What a line of an access log tells, by a pattern as those of Loki: texts, and names of what stands between them.
//!
//! Loki's documentation: "`LogQL`: Log queries", "Pattern". A part between two texts is as short as it can be.

use std::net::SocketAddr;

/// The longest pattern, in bytes.
const PATTERN_MAX: usize = 1024;

/// The longest reason that is kept, in bytes.
const REASON_MAX: usize = 96;

/// Servers that stand for none: HAProxy writes these where it asked nobody.
const NOBODY: [&str; 3] = ["", "-", "<NOSRV>"];

/// What stands in place of a status where a gateway gave no answer: Envoy's `0`, HAProxy's `-1`, nginx's `000`.
const NO_ANSWER: [&str; 4] = ["-", "0", "-1", "000"];

/// What a line tells of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The status of the answer; `None` if there was none, or it is not told.
    pub status: Option<u16>,
    /// The number of attempts; `None` if it is not told.
    pub attempts: Option<u32>,
    /// What became of the request, in the gateway's own words.
    pub reason: Option<String>,
}

/// What lines look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Just this.
    Text(String),
    /// Something that is told there.
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Status,
    Attempts,
    Retries,
    Upstreams,
    Server,
    Reason,
    Anything,
}

/// Every name that a pattern may have.
const NAMES: [(&str, Field); 7] = [
    ("status", Field::Status),
    ("attempts", Field::Attempts),
    ("retries", Field::Retries),
    ("upstreams", Field::Upstreams),
    ("server", Field::Server),
    ("reason", Field::Reason),
    ("_", Field::Anything),
];

impl Pattern {
    /// Reads a pattern, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATTERN_MAX {
            return Err(format!("it has {} bytes, allowed are {PATTERN_MAX}", text.len()));
        }
        let (mut pieces, mut rest, mut literal) = (Vec::new(), text, String::new());
        while let Some((before, after)) = rest.split_once('<') {
            literal.push_str(before);
            let name = after.split_once('>').filter(|(name, _)| is_name(name));
            let Some((name, after)) = name else {
                literal.push('<');
                rest = after;
                continue;
            };
            let known = NAMES.iter().find(|(known, _)| *known == name);
            let Some((_, field)) = known else {
                let names: Vec<String> = NAMES.iter().map(|(name, _)| format!("`<{name}>`")).collect();
                return Err(format!("`<{name}>` is none of {}", names.join(", ")));
            };
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            } else if let Some(Piece::Field(_)) = pieces.last() {
                return Err(format!(
                    "nothing tells where what is before `<{name}>` ends: write a text between them"
                ));
            }
            let again = *field != Field::Anything && pieces.contains(&Piece::Field(*field));
            if again {
                return Err(format!("`<{name}>` stands there twice"));
            }
            pieces.push(Piece::Field(*field));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        let counts = [Field::Attempts, Field::Retries, Field::Upstreams];
        let has = |field: &Field| pieces.contains(&Piece::Field(*field));
        match counts.iter().filter(|field| has(field)).count() {
            0 if !has(&Field::Status) => {
                Err("it tells nothing: expected `<status>`, or one of `<attempts>`, `<retries>` and `<upstreams>`".into())
            }
            0 | 1 => Ok(Pattern(pieces)),
            _ => Err("one of `<attempts>`, `<retries>` and `<upstreams>` is enough".into()),
        }
    }

    /// What a line tells; `None` if it looks otherwise.
    pub(crate) fn told(&self, line: &str) -> Option<Told> {
        let mut told = Told::default();
        let (mut rest, mut asked_nobody) = (line, false);
        for (index, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Piece::Field(field) => {
                    let value = match self.0.get(index + 1) {
                        Some(Piece::Text(text)) => &rest[..rest.find(text.as_str())?],
                        _ => rest,
                    };
                    rest = &rest[value.len()..];
                    match field {
                        Field::Status => {
                            told.status = if NO_ANSWER.contains(&value) { None } else { Some(status(value)?) }
                        }
                        Field::Attempts => told.attempts = Some(value.parse().ok()?),
                        Field::Retries => told.attempts = Some(retries(value)?.checked_add(1)?),
                        Field::Upstreams => told.attempts = Some(upstreams(value)),
                        Field::Server => asked_nobody = NOBODY.contains(&value),
                        Field::Reason => told.reason = reason(value),
                        Field::Anything => {}
                    }
                }
            }
        }
        if asked_nobody && told.attempts.is_some() {
            told.attempts = Some(0);
        }
        Some(told)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn status(value: &str) -> Option<u16> {
    value.parse().ok().filter(|status| (100..=599).contains(status))
}

/// Retries; HAProxy writes a `+` before those that went to another server.
fn retries(value: &str) -> Option<u32> {
    let digits = value.strip_prefix('+').unwrap_or(value);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// How many addresses there are. nginx separates them by `, ` and `: `, and writes the name of the group where all of it are out
/// ("no live upstreams").
fn upstreams(value: &str) -> u32 {
    let is_address = |word: &&str| word.parse::<SocketAddr>().is_ok() || word.starts_with("unix:");
    value.split([',', ' ']).filter(is_address).count() as u32
}

fn reason(value: &str) -> Option<String> {
    let visible: String =
        value.trim().chars().map(|letter| if letter.is_ascii_graphic() { letter } else { ' ' }).collect();
    let kept = &visible[..visible.len().min(REASON_MAX)];
    (!["", "-"].contains(&kept)).then(|| kept.to_owned())
}
