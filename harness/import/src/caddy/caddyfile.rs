//! The Caddyfile behind the JSON, for the places of what people have written.

use crate::place::{Place, Sources};

/// Keys, the directives that they are made of, and what these are in JSON.
const DIRECTIVES: [(&str, &str, &str); 16] = [
    ("timeout.connect", "dial_timeout", "dial_timeout"),
    ("timeout.per_try", "response_header_timeout", "response_header_timeout"),
    ("retry.attempts", "lb_retries", "retries"),
    ("retry.backoff", "lb_try_interval", "try_interval"),
    ("retry.methods", "lb_retry_match", "retry_match"),
    ("retry.other_backend", "lb_policy", "selection_policy"),
    ("breaker", "fail_duration", "fail_duration"),
    ("breaker.open_for", "fail_duration", "fail_duration"),
    ("breaker.trip", "max_fails", "max_fails"),
    ("breaker.fails", "unhealthy_status", "unhealthy_status"),
    ("health_check", "health_uri", "uri"),
    ("health_check.path", "health_uri", "uri"),
    ("health_check.every", "health_interval", "interval"),
    ("health_check.within", "health_timeout", "timeout"),
    ("health_check.fall", "health_fails", "fails"),
    ("health_check.rise", "health_passes", "passes"),
];

/// Whether a file is a Caddyfile, by its name.
pub(super) fn is_one(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    file == "caddyfile" || file.starts_with("caddyfile.") || file.ends_with(".caddyfile")
}

/// The one place in the Caddyfiles where the directive of a key stands. Nothing if there is none or more than one, or if the JSON has
/// the setting more than once: then one of them comes from a file that was not given, and it is not known which.
pub(super) fn place(sources: &Sources, key: &str) -> Option<Place> {
    let (_, directive, setting) = DIRECTIVES.iter().find(|(known, ..)| *known == key)?;
    let setting = format!("\"{setting}\"");
    let in_json = sources.files().filter(|(name, _)| !is_one(name));
    if in_json.map(|(_, text)| text.matches(&setting).count()).sum::<usize>() != 1 {
        return None;
    }
    let files = sources.files().enumerate().filter(|(_, (name, _))| is_one(name));
    let mut found = files.flat_map(|(file, (_, text))| {
        let starts = opening(text, directive);
        starts.into_iter().map(move |start| Place::new(file, start..start + directive.len()))
    });
    found.next().filter(|_| found.next().is_none())
}

/// Where lines begin with a word.
fn opening(text: &str, word: &str) -> Vec<usize> {
    let (mut found, mut start) = (Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if line.split_whitespace().next() == Some(word) {
            found.push(start + indent);
        }
        start += line.len();
    }
    found
}

/// What to do about a Caddyfile without its JSON.
pub(super) fn adapt(sources: &Sources) -> (String, String) {
    let name = sources.files().map(|(name, _)| name).find(|name| is_one(name)).unwrap_or("Caddyfile");
    (
        format!("{name}: a Caddyfile is read as the JSON that Caddy makes of it"),
        format!(
            "`caddy adapt --pretty --config {name} > caddy.json`, and name both files: caddy.json, and {name} for the places"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_that_stands_once_has_a_place() {
        let found = |json: &str, key: &str| {
            let mut sources = Sources::default();
            sources.add("caddy.json", json.into());
            let text = "a {\n  lb_retries 3 # lb_retries\n  max_fails 1\n\tmax_fails 2\n}";
            sources.add("conf/Caddyfile", text.into());
            place(&sources, key).map(|place| sources.position(&place).to_string())
        };
        assert_eq!(found("\"retries\": 3", "retry.attempts").as_deref(), Some("conf/Caddyfile:2:3"));
        assert_eq!(found("\"retries\": 3, \"retries\": 4", "retry.attempts"), None);
        assert_eq!(found("\"max_fails\": 1", "breaker.trip"), None);
        assert_eq!(found("", "retry.on"), None);
    }
}
