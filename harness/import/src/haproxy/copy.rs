//! A copy of what was understood, with which HAProxy can be started in a run.
//!
//! Nothing but lines of which it is known that they reach no file, no program and no other host is in it. What names the servers
//! and where to listen is replaced by placeholders.

use std::fmt::Write;

use super::lines::{Line, Word};
use super::sections::{Kind, Section};
use super::words::{Meaning, meaning};
use super::{headers, limit, server};
use crate::import::{Member, OwnFile};
use crate::write::of_members;

/// The copy: one frontend, and the proxy with the lines that hold for it, those of the defaults first.
///
/// Health checks that are not taken over are left out (`with_checks`): they would take servers out for reasons that no
/// key declares.
pub(super) fn file(
    sections: &[Section],
    lines: &[&Line],
    subject: &str,
    members: &[Member],
    with_checks: bool,
) -> OwnFile {
    let mut text = String::from(
        "# Made by `brownout import`: the lines that were understood, with the addresses of a run in place of yours.\n\
         # What was left out is told in `import.json`.\n\nglobal\n",
    );
    let threads = sections.iter().filter(|one| one.kind == Kind::Other && one.head.word(0) == "global");
    let threads = threads.flat_map(|one| &one.lines).rfind(|line| line.word(0) == "nbthread");
    if let Some(count) = threads.and_then(|line| line.word(1).parse::<u8>().ok()) {
        let _ = writeln!(text, "    nbthread {}", count.clamp(1, 64));
    }
    let name = plain(subject);
    text.push_str("    log stdout format raw local0\n\nfrontend in\n    mode http\n");
    for line in lines.iter().filter(|line| is_of_clients(line)) {
        copied(line, &mut text);
    }
    let _ = write!(text, "    bind {{{{listen.address}}}}\n    default_backend {name}\n\nbackend {name}\n");
    let names = of_members(members);
    for line in lines {
        match line.word(0) {
            "server" => {
                let at = members
                    .iter()
                    .position(|member| member.place == line.words[1.min(line.words.len() - 1)].place);
                if let Some(at) = at {
                    let _ = write!(
                        text,
                        "    server {} {{{{backend.{}.address}}}}",
                        plain(&names[at]),
                        names[at]
                    );
                    parameters(
                        &server::kept(
                            &line.words[3..],
                            if with_checks { is_safe } else { is_safe_and_no_check },
                        ),
                        &mut text,
                    );
                }
            }
            "default-server" => {
                text.push_str("    default-server");
                parameters(
                    &server::kept(&line.words[1..], if with_checks { is_safe } else { is_safe_and_no_check }),
                    &mut text,
                );
            }
            _ if is_of_clients(line) => {}
            _ if meaning(line) == Meaning::Taken || headers::rule(line).is_some() => copied(line, &mut text),
            _ => {
                if let Some((_, queue, status)) = limit::denied(line, subject) {
                    let full = if queue == 0 {
                        format!("be_conn_free({name}) le 0")
                    } else {
                        format!("queue({name}) ge {queue}")
                    };
                    let _ = writeln!(text, "    http-request deny deny_status {status} if {{ {full} }}");
                }
            }
        }
    }
    OwnFile { kind: "haproxy", ending: "cfg", text }
}

/// Timers of the side of the clients stand in the frontend.
fn is_of_clients(line: &Line) -> bool {
    line.word(0) == "timeout"
        && ["client", "client-fin", "http-request", "http-keep-alive"].contains(&line.word(1))
}

fn copied(line: &Line, text: &mut String) {
    let safe: Vec<&Word> = line.words.iter().take_while(|word| is_safe(word)).collect();
    // Of a check, what stands behind its path may be headers, in an old way to write them.
    if safe.len() == line.words.len() || line.word(1) == "httpchk" {
        text.push_str("   ");
        parameters(&safe, text);
    }
}

fn parameters(words: &[&Word], text: &mut String) {
    for word in words {
        text.push(' ');
        text.push_str(&quoted(&word.text));
    }
    text.push('\n');
}

/// Whether a word is neither of variables that nobody knows nor of braces that are placeholders here.
fn is_safe(word: &Word) -> bool {
    word.open.is_none() && !word.text.contains("{{") && !word.text.contains(char::is_control)
}

fn is_safe_and_no_check(word: &Word) -> bool {
    word.text != "check" && is_safe(word)
}

/// A word as HAProxy reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.:,/{}()[]=%*?&|+@!<>".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut made = String::from("\"");
    for letter in word.chars() {
        if matches!(letter, '"' | '\\' | '$') {
            made.push('\\');
        }
        made.push(letter);
    }
    made + "\""
}

/// A name as HAProxy takes it.
fn plain(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
    name.chars().take(100).map(|letter| if fits(letter) { letter } else { '-' }).collect()
}
