//! Puts the parser's errors into the words of the project: nearest names, no names of Rust types.

use units::Kind;

use crate::diagnostic::Diagnostic;
use crate::file::Kinds;
use crate::names::{listed, nearest};
use fake_backends::fault::FaultSettings;
use gateways::{ActionSettings, GatewaySettings};
use judge::ExpectationSettings;

/// The error that the parser met first, reworded.
pub fn reword(error: &toml::de::Error) -> Diagnostic {
    let message = error.message().lines().next().unwrap_or_default();
    let diagnostic = unknown(message)
        .or_else(|| kind_missing(message))
        .or_else(|| missing(message))
        .or_else(|| wrong_type(message))
        .unwrap_or_else(|| {
            Diagnostic::error(format!("this is not TOML that can be read: {}", lower(message)))
        });
    Diagnostic { span: error.span(), ..diagnostic }
}

/// The longest list of names that an error shows.
const LISTED_MAX: usize = 20;

/// `unknown WHAT X, expected one of A, B`, as serde and the sieve of kinds word it.
fn unknown(message: &str) -> Option<Diagnostic> {
    let (what, rest) = message.strip_prefix("unknown ")?.split_once(" `")?;
    let (name, expected) = rest.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let what = match what {
        "field" => "key",
        "variant" => "value",
        what => what,
    };
    let found = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let list = list_command(what).map(|word| format!("`brownout list {word}` shows all kinds"));
    let help: Vec<String> = found.into_iter().chain(list).collect();
    let label = match known.as_slice() {
        [] => "no keys are expected here".to_owned(),
        [only] => format!("expected `{only}`"),
        // Nobody reads that many; the help says what shows them.
        many if many.len() > LISTED_MAX => format!("no {what} has this name"),
        _ => format!("expected one of {}", listed(known.iter().copied()).replace(" and ", " or ")),
    };
    let diagnostic = Diagnostic::error(format!("unknown {what} `{name}`")).label(label);
    Some(if help.is_empty() { diagnostic } else { diagnostic.help(help.join(" ")) })
}

/// The word by which `brownout list` shows the kinds that an error is about.
fn list_command(what: &str) -> Option<&'static str> {
    let registries: [(&str, &str, &[Kind]); 4] = [
        (FaultSettings::WHAT, FaultSettings::LIST, FaultSettings::ALL),
        (ExpectationSettings::WHAT, ExpectationSettings::LIST, ExpectationSettings::ALL),
        (ActionSettings::WHAT, ActionSettings::LIST, ActionSettings::ALL),
        (GatewaySettings::WHAT, GatewaySettings::LIST, GatewaySettings::ALL),
    ];
    registries.into_iter().find(|(name, ..)| *name == what).map(|(_, list, _)| list)
}

/// `no fault kind given, …`, `a second fault kind, …`, as the sieve of kinds words it.
fn kind_missing(message: &str) -> Option<Diagnostic> {
    if let Some((what, expected)) = message.strip_prefix("no ").and_then(|rest| rest.split_once(" given, ")) {
        let list = list_command(what).map(|list| format!("; `brownout list {list}` shows all kinds"));
        return Some(
            Diagnostic::error(format!("this table has no {what}"))
                .label(if expected.matches('`').count() / 2 > LISTED_MAX {
                    format!("a {what} belongs here")
                } else {
                    expected.to_owned()
                })
                .help(format!(
                    "add one key that names a kind, such as `{}`{}",
                    example(what),
                    list.unwrap_or_default()
                )),
        );
    }
    let (what, rest) = message.strip_prefix("a second ")?.split_once(", ")?;
    let table = match what {
        "fault kind" => "give each fault its own `[[phase.inject]]`",
        "action kind" => "restart = {}",
        "expectation kind" => "give each expectation its own `[[expect]]`",
        "prerequisite kind" => "give each prerequisite its own `[[prerequisite]]`",
        "stop condition kind" => "give each stop condition its own `[[stop]]`",
        _ => "keep one of the two; `--gateway KIND` chooses another for one run",
    };
    Some(
        Diagnostic::error(format!("a second {what}, {}", rest.trim_end_matches(", in one table")))
            .label("only one fits in a table")
            .help(table),
    )
}

fn example(what: &str) -> &'static str {
    match what {
        "fault kind" => "status = { code = 503 }",
        "expectation kind" => "attempts = { max = 2 }",
        "prerequisite kind" => "doctor = {}",
        "stop condition kind" => "error_share = { above = 0.2, over = \"10s\" }",
        _ => "[gateway.reference]",
    }
}

fn missing(message: &str) -> Option<Diagnostic> {
    let key = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some(
        Diagnostic::error(format!("missing key `{key}`"))
            .label(format!("`{key}` belongs here"))
            .help(format!("add `{key} = …`")),
    )
}

/// `invalid type: integer `5`, expected a length of time …`, and values of the right type that make no sense.
fn wrong_type(message: &str) -> Option<Diagnostic> {
    let broken = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, expected)) = broken.and_then(|rest| rest.split_once(", expected ")) {
        let out_of_range = message.starts_with("invalid value: ").then(|| range(expected)).flatten();
        let number = found.strip_prefix("integer ").filter(|_| out_of_range.is_some());
        let expected = out_of_range.unwrap_or_else(|| in_words(expected));
        let found = number.unwrap_or(found);
        let found = found
            .replace("string \"", "the string \"")
            .replace("floating point", "the number")
            .replace("integer", "the number");
        return Some(
            Diagnostic::error(format!("expected {expected}, found {found}"))
                .label(format!("expected {expected}")),
        );
    }
    match message {
        "wanted string or table" => {
            Some(Diagnostic::error("expected a name in quotes").label("expected a name in quotes"))
        }
        _ if message.starts_with("wanted exactly 1 element") => {
            Some(Diagnostic::error("expected exactly one key in this table"))
        }
        // What rooms say of their own values already names the value and what was expected.
        _ if message.contains(" is not a ") || message.contains("expected ") && message.starts_with('`') => {
            Some(Diagnostic::error(lower(message)))
        }
        _ if message.starts_with("an empty list of phases") => Some(Diagnostic::error(message)),
        _ => None,
    }
}

/// The whole numbers of a Rust type.
fn range(expected: &str) -> Option<String> {
    let (least, bits) = match expected.strip_prefix("a nonzero u") {
        Some(bits) => (1, bits),
        None => (0, expected.strip_prefix('u')?),
    };
    let most = match bits {
        "8" => u64::from(u8::MAX),
        "16" => u64::from(u16::MAX),
        "32" => u64::from(u32::MAX),
        // TOML's own integers end there.
        "64" | "size" => i64::MAX as u64,
        _ => return None,
    };
    Some(format!("a whole number from {least} to {most}"))
}

/// Serde names Rust types; people write tables, numbers and text.
fn in_words(expected: &str) -> String {
    let integers = ["u8", "u16", "u32", "u64", "usize", "i64", "i32"];
    match expected {
        _ if expected.starts_with("struct ") => "a table".to_owned(),
        _ if integers.contains(&expected) => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" => "text in quotes".to_owned(),
        other => other.to_owned(),
    }
}

fn lower(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
