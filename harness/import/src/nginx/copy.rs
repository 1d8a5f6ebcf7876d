//! A copy of what was understood, with which nginx can be started in a run.
//!
//! Nothing but directives of which it is known that they reach no file, no program and no other host is in it. The addresses of the
//! servers and where to listen are placeholders.

use std::fmt::Write;

use policy::{Limit, Scope as Of};

use super::scope::Scope;
use super::tokens::Word;
use super::tree::Directive;
use super::upstream::Pool;
use super::words::{COPIED, COPIED_OF_UPSTREAM};
use crate::import::OwnFile;
use crate::note::Note;
use crate::write::of_members;

/// Variables that nginx itself makes, which a header may have; others come from a `map` or a `set` that is not copied.
const VARIABLES: [&str; 26] = [
    "args",
    "binary_remote_addr",
    "connection",
    "content_length",
    "content_type",
    "document_uri",
    "host",
    "hostname",
    "is_args",
    "msec",
    "proxy_add_x_forwarded_for",
    "proxy_host",
    "proxy_port",
    "query_string",
    "remote_addr",
    "remote_port",
    "remote_user",
    "request_id",
    "request_method",
    "request_uri",
    "scheme",
    "server_addr",
    "server_name",
    "server_port",
    "server_protocol",
    "uri",
];

/// The same by how their names begin.
const VARIABLES_BY_BEGINNING: [&str; 3] = ["http_", "arg_", "cookie_"];

/// The copy: one server with one location, and one upstream.
pub(super) fn file(
    scope: &Scope<'_>,
    pool: &Pool<'_>,
    limit: Option<&Limit>,
    workers: u32,
    notes: &mut Vec<Note>,
) -> OwnFile {
    let mut text = format!(
        "# Made by `brownout import`: the directives that were understood, with the addresses of a run in place of yours.\n\
         # What was left out is told in `import.json`.\n\nworker_processes {workers};\nerror_log stderr notice;\n\
         events {{ worker_connections 4096; }}\n\nhttp {{\n    access_log off;\n    # All that nginx writes stays in its directory.\n"
    );
    for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = writeln!(text, "    {name}_temp_path tmp-{name};");
    }
    let limit = limit.filter(|limit| limit.scope == Of::Pool);
    if limit.is_some() {
        text.push_str("    limit_conn_zone $server_port zone=requests:64k;\n");
    }
    upstream(pool, &mut text);
    text.push_str("\n    server {\n        listen {{listen.address}};\n");
    for name in COPIED {
        for line in scope.all(name) {
            if let Some(line) = copied(line) {
                let _ = writeln!(text, "        {line}");
            } else {
                let words = format!(
                    "this `{}` is not in the copy: its words are not known here to be harmless",
                    line.name()
                );
                notes.push(Note::unrehearsed(&line.place, words));
            }
        }
    }
    if let Some(limit) = limit {
        let status = limit.status.unwrap_or(503);
        let _ = write!(
            text,
            "        limit_conn requests {};\n        limit_conn_status {status};\n",
            limit.in_flight
        );
    }
    text.push_str("        location / {\n            proxy_pass http://pool;\n        }\n    }\n}\n");
    OwnFile { kind: "nginx", ending: "conf", text }
}

fn upstream(pool: &Pool<'_>, text: &mut String) {
    text.push_str("\n    upstream pool {\n");
    let lines = pool.block.into_iter().flat_map(Directive::inside);
    // Who chooses the server stands before `keepalive`.
    let (choosing, others): (Vec<&Directive>, Vec<&Directive>) = lines
        .filter(|line| COPIED_OF_UPSTREAM.contains(&line.name()))
        .partition(|line| !line.name().starts_with("keepalive"));
    for line in &choosing {
        let line = if line.name() == "zone" { Some("zone backends 256k;".into()) } else { copied(line) };
        let _ = writeln!(text, "        {}", line.unwrap_or_default());
    }
    for (server, name) in pool.servers.iter().zip(of_members(&pool.members)) {
        let _ = write!(text, "        server {{{{backend.{name}.address}}}}");
        if server.weight != 1 {
            let _ = write!(text, " weight={}", server.weight);
        }
        if pool.servers.len() > 1 {
            let seconds = server.fail_timeout.as_secs();
            let _ = write!(text, " max_fails={} fail_timeout={seconds}s", server.max_fails);
        }
        if let Some((most, _)) = server.max_conns {
            let _ = write!(text, " max_conns={most}");
        }
        text.push_str(if server.backup { " backup;\n" } else { ";\n" });
    }
    for line in others.iter().filter_map(|line| copied(line)) {
        let _ = writeln!(text, "        {line}");
    }
    text.push_str("    }\n");
}

/// A directive as nginx reads it back; nothing where a word of it is not known to be harmless.
fn copied(line: &Directive) -> Option<String> {
    let words: Option<Vec<String>> =
        line.words.iter().map(|word| is_safe(word).then(|| quoted(&word.text))).collect();
    Some(words?.join(" ") + ";")
}

/// Whether a word has only variables of nginx's own, and no braces that are placeholders here.
fn is_safe(word: &Word) -> bool {
    let text = &word.text;
    if text.contains("{{") || text.chars().any(char::is_control) {
        return false;
    }
    text.split('$').skip(1).all(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let name = &rest[..end.unwrap_or(rest.len())];
        VARIABLES.contains(&name) || VARIABLES_BY_BEGINNING.iter().any(|known| name.starts_with(known))
    })
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.:,/=%*+@$".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut made = String::from("\"");
    for letter in word.chars() {
        if matches!(letter, '"' | '\\') {
            made.push('\\');
        }
        made.push(letter);
    }
    made + "\""
}
