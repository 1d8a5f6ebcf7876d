//! The live state of a run over HTTP: for this machine unless it is said otherwise, and of no harm to the run.
#![expect(clippy::disallowed_methods, reason = "real sockets, from outside of the run")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::process::Signal;

use crate::common::{Place, SMALL, Started, long, until};

/// An address that nobody listens at.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// What is answered to a `GET` of `path` that names `host`.
fn get(address: SocketAddr, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A reset after the answer takes nothing back of what was read.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// A long run whose state is served at an address, and the address.
fn served(place: &Place, more: &[&str]) -> (Started, SocketAddr) {
    let address = free();
    let text = address.to_string();
    (place.start(&[&["run", "s.toml", "--status", &text], more].concat()), address)
}

#[test]
fn the_pages_tell_of_the_run_that_is_on() {
    let place = Place::with(&long());
    let (_run, address) = served(&place, &[]);
    let page = get(address, "/", &address.to_string());
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains(r#""stage":"running""#) && page.contains(r#""scenario":"long""#), "{page}");
    let page = get(address, "/metrics", "localhost");
    assert!(
        page.contains("application/openmetrics-text") && page.contains("brownout_exchanges_sent"),
        "{page}"
    );
    assert!(get(address, "/nothing", "localhost").starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_name_that_somebody_could_have_turned_to_this_machine_is_not_answered() {
    let place = Place::with(&long());
    let (_run, address) = served(&place, &["--status-host", "runner-7"]);
    for host in ["evil.example", &format!("evil.example:{}", address.port()), ""] {
        let page = get(address, "/", host);
        assert!(page.starts_with("HTTP/1.1 421 ") && !page.contains("scenario"), "`{host}`: {page}");
    }
    assert!(get(address, "/", "runner-7:80").starts_with("HTTP/1.1 200 "));
}

#[test]
fn an_address_that_other_machines_reach_is_refused_without_a_word_of_whom_they_may_ask_for() {
    let place = Place::with(SMALL);
    for address in ["0.0.0.0:9", "[::]:9", "192.0.2.1:9", "[::ffff:192.0.2.1]:9"] {
        let said = place.say(&["run", "s.toml", "--simulate", "--status", address]).ended(3);
        assert!(
            said.err.contains("other machines can reach") && said.err.contains("--status-host"),
            "{}",
            said.err
        );
    }
    assert!(place.run_dirs().is_empty(), "a run was begun");
    let any = format!("0.0.0.0:{}", free().port());
    place.say(&["run", "s.toml", "--simulate", "--status", &any, "--status-host", "runner-7"]).ended(0);
    place.say(&["run", "s.toml", "--simulate", "--status-host", "runner-7"]).ended(3);
}

#[test]
fn hundreds_of_half_requests_cost_the_run_a_handful_of_descriptors_and_nobody_their_page() {
    let place = Place::with(&long());
    let (run, address) = served(&place, &[]);
    let open = || fs::read_dir(format!("/proc/{}/fd", run.id())).unwrap().count();
    let before = open();
    let half = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: local").unwrap();
        stream
    };
    let halves: Vec<TcpStream> = (0..600).map(half).collect();
    // It is answered after all that came before it.
    assert!(get(address, "/", "localhost").starts_with("HTTP/1.1 200 "));
    // The run's own connections come and go with what is under way: a few of two ends each.
    let grown = open().saturating_sub(before);
    assert!(grown <= 64, "{grown} descriptors more for {} half requests", halves.len());
    until("half requests are given up", || {
        let mut last = halves.last().unwrap();
        last.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        matches!(last.read(&mut [0; 1]), Ok(0)) || last.take_error().unwrap().is_some()
    });
    run.signal(Signal::INT);
    assert!(run.end().ended(2).out.contains("interrupted"));
}
