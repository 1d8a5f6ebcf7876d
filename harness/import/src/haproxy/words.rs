//! Which directives of a proxy are understood, which have no part in what it does when backends fail, and which have one that
//! `[policy]` has no words for (configuration manual, section 4.1).

use super::lines::Line;

/// What a directive means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The policy is made of it, or it is copied as it is.
    Taken,
    /// Nothing that a run could show.
    NoMatter,
    /// It has a part in what happens, and is not rehearsed.
    Unrehearsed,
    Unknown,
}

/// Understood. The copy has these lines.
const TAKEN: &[&str] = &[
    "balance",
    "default-server",
    "http-request disable-l7-retry",
    "http-reuse",
    "mode",
    "option abortonclose",
    "option allbackups",
    "option forwardfor",
    "option http-keep-alive",
    "option http-server-close",
    "option httpchk",
    "option httpclose",
    "option redispatch",
    "retries",
    "retry-on",
    "server",
    "timeout check",
    "timeout client",
    "timeout client-fin",
    "timeout connect",
    "timeout http-keep-alive",
    "timeout http-request",
    "timeout queue",
    "timeout server",
    "timeout server-fin",
    "timeout tunnel",
];

/// Logs, statistics, headers, pages of errors, and where to listen.
const NO_MATTER: &[&str] = &[
    "acl",
    "bind",
    "capture",
    "compression",
    "declare",
    "default_backend",
    "description",
    "email-alert",
    "enabled",
    "errorfile",
    "errorfiles",
    "errorloc",
    "errorloc302",
    "errorloc303",
    "http-after-response",
    "http-error",
    "http-request add-header",
    "http-request capture",
    "http-request del-header",
    "http-request replace-header",
    "http-request replace-value",
    "http-request set-header",
    "http-request set-log-level",
    "http-request set-mark",
    "http-request set-nice",
    "http-request set-src",
    "http-request set-tos",
    "http-request set-var",
    "http-request unset-var",
    "http-request sc-inc-gpc0",
    "http-request track-sc0",
    "http-request track-sc1",
    "http-request track-sc2",
    "http-response",
    "id",
    "log",
    "log-format",
    "log-format-sd",
    "log-tag",
    "monitor-uri",
    "option accept-invalid-http-request",
    "option accept-invalid-http-response",
    "option accept-unsafe-violations-in-http-request",
    "option clitcpka",
    "option contstats",
    "option dontlog-normal",
    "option dontlognull",
    "option forwarded",
    "option http-buffer-request",
    "option http-ignore-probes",
    "option http-no-delay",
    "option httplog",
    "option httpslog",
    "option log-health-checks",
    "option log-separate-errors",
    "option logasap",
    "option nolinger",
    "option originalto",
    "option socket-stats",
    "option splice-auto",
    "option splice-request",
    "option splice-response",
    "option srvtcpka",
    "option tcp-smart-accept",
    "option tcp-smart-connect",
    "option tcpka",
    "option tcplog",
    "stats",
    "unique-id-format",
    "unique-id-header",
    "use_backend",
];

/// Who is sent where, who is answered by the gateway itself, limits of other kinds, and other kinds of checks.
const UNREHEARSED: &[&str] = &[
    "backlog",
    "cookie",
    "disabled",
    "dispatch",
    "dynamic-cookie-key",
    "external-check",
    "filter",
    "force-persist",
    "fullconn",
    "hash-balance-factor",
    "hash-preserve-affinity",
    "hash-type",
    "http-check",
    "http-request",
    "http-send-name-header",
    "ignore-persist",
    "load-server-state-from-file",
    "max-keep-alive-queue",
    "max-session-srv-conns",
    "maxconn",
    "monitor",
    "option disable-h2-upgrade",
    "option external-check",
    "option http-pretend-keepalive",
    "option http-restrict-req-hdr-names",
    "option independent-streams",
    "option ldap-check",
    "option mysql-check",
    "option persist",
    "option pgsql-check",
    "option prefer-last-server",
    "option redis-check",
    "option smtpchk",
    "option spop-check",
    "option ssl-hello-chk",
    "option tcp-check",
    "option transparent",
    "persist",
    "rate-limit",
    "redirect",
    "server-state-file-name",
    "server-template",
    "source",
    "stick",
    "stick-table",
    "tcp-check",
    "tcp-request",
    "tcp-response",
    "timeout tarpit",
    "transparent",
    "use-fcgi-app",
    "use-server",
];

/// The words of a line from its directive on: `no option redispatch` is about `option redispatch`.
pub(super) fn directive(line: &Line) -> usize {
    usize::from(matches!(line.word(0), "no" | "default"))
}

/// Whether a line is about this directive of one or two words.
pub(super) fn is(line: &Line, directive_words: &str) -> bool {
    let at = directive(line);
    match directive_words.split_once(' ') {
        Some((first, second)) => line.word(at) == first && line.word(at + 1) == second,
        None => line.word(at) == directive_words,
    }
}

/// The last of the lines that is about a directive: it is the one that holds.
pub(super) fn last<'a>(lines: &[&'a Line], directive_words: &str) -> Option<&'a Line> {
    lines.iter().rev().copied().find(|line| is(line, directive_words))
}

/// What a line means here.
pub(super) fn meaning(line: &Line) -> Meaning {
    let is_in = |list: &[&str]| list.iter().any(|known| is(line, known));
    if is_in(TAKEN) {
        Meaning::Taken
    } else if is_in(NO_MATTER) {
        Meaning::NoMatter
    } else if is_in(UNREHEARSED) {
        Meaning::Unrehearsed
    } else {
        Meaning::Unknown
    }
}

/// The directive of a line as it is named in a sentence.
pub(super) fn named(line: &Line) -> String {
    let at = directive(line);
    let first = line.word(at);
    let has_second = ["option", "timeout", "http-request", "tcp-request", "http-check", "tcp-check", "stick"]
        .contains(&first);
    let words = if has_second { format!("{first} {}", line.word(at + 1)) } else { first.to_owned() };
    let short: String = words.trim_end().chars().take(60).collect();
    short.escape_debug().to_string()
}
