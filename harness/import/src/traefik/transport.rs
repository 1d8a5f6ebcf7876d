//! `serversTransports`: timers for connecting, and for the head of the answer.

use policy::Timeouts;
use units::Timespan;

use super::files::Files;
use super::keys::{Keys, met, shown, time};
use super::routers::Route;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// What holds for connecting where nothing is said.
const DIAL: Timespan = Timespan::from_secs(30);

/// The transport of a service: the one that it names, or the default one of the static configuration.
pub(super) fn of<'a>(files: &'a Files, route: &Route<'a>, notes: &mut Vec<Note>) -> Option<&'a Value> {
    let Some(name) = route.service.at(&["loadBalancer", "serversTransport"]) else {
        return files.top("serversTransport");
    };
    let text = name.text().unwrap_or_default();
    let found = files.named("serversTransports", text);
    if found.is_none() {
        let words = format!("the transport `{}` is in none of these files", shown(text));
        notes.push(Note::unknown(&name.place, words));
    }
    found
}

/// The timers, and where they stand.
pub(super) fn timeouts(transport: Option<&Value>, head: &Place, notes: &mut Vec<Note>) -> (Timeouts, Keys) {
    let others = [
        "insecureSkipVerify",
        "rootCAs",
        "certificates",
        "serverName",
        "disableHTTP2",
        "peerCertURI",
        "spiffe",
        "cipherSuites",
        "minVersion",
        "maxVersion",
    ];
    met(transport, "serversTransport", &["forwardingTimeouts", "maxIdleConnsPerHost"], &[], &others, notes);
    let timers = transport.and_then(|one| one.get("forwardingTimeouts"));
    let taken = ["dialTimeout", "responseHeaderTimeout"];
    met(
        timers,
        "forwardingTimeouts",
        &taken,
        &["idleConnTimeout"],
        &["readIdleTimeout", "pingTimeout"],
        notes,
    );
    let mut keys = Keys::new();
    let connect = time(timers, "dialTimeout", notes);
    if connect.is_none() {
        notes.push(Note::choice(head, "`dialTimeout` is not set: Traefik's own default of 30 s holds"));
    }
    let per_try = time(timers, "responseHeaderTimeout", notes);
    if per_try.is_none() {
        let words =
            "there is no `responseHeaderTimeout`: a server that never answers is waited for without end";
        notes.push(
            Note::lint(head, words)
                .help("add `forwardingTimeouts.responseHeaderTimeout` to a `serversTransport`"),
        );
    }
    keys.extend(connect.iter().map(|(_, place)| ("timeout.connect", place.clone())));
    keys.extend(per_try.iter().map(|(_, place)| ("timeout.per_try", place.clone())));
    let connect = Some(connect.map_or(DIAL, |(length, _)| length));
    (Timeouts { connect, per_try: per_try.map(|(length, _)| length), total: None }, keys)
}

/// Whether connections to servers are used again.
pub(super) fn keeps_connections(transport: Option<&Value>) -> bool {
    let most = transport.and_then(|one| one.get("maxIdleConnsPerHost")).and_then(Value::number);
    most.is_none_or(|most| most >= 0.0)
}
