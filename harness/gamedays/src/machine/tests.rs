//! The world as it is: real sockets and real programs.
#![expect(
    clippy::disallowed_methods,
    reason = "real servers are asked, which know nothing of a simulated world"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use super::*;
use crate::environment::{Post, wait};

/// The address of a server that gives one answer, and what it was asked; one without an answer says nothing.
fn server(answer: Option<String>) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).unwrap();
        match answer {
            // The other side may have read enough before it is all written.
            Some(answer) => drop(stream.write_all(answer.as_bytes())),
            // Until the other side gives up.
            None => drop(stream.read(&mut [0; 16])),
        }
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    (address, thread)
}

fn ask(url: &str, post: Option<Post>, within: Duration) -> Result<u16, String> {
    wait(&Machine::default(), Machine::default().ask(&Question { url: url.to_owned(), post, within }))
}

const FIVE_SECONDS: Duration = Duration::from_secs(5);

#[test]
fn an_address_is_asked_and_its_status_told() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (address, server) = server(Some(answer.to_owned()));
    let headers = vec![("webhook-id".to_owned(), "one".to_owned())];
    let post = Some(Post { headers, body: "{}".to_owned() });
    assert_eq!(ask(&address, post, FIVE_SECONDS), Ok(302), "no redirect is followed");
    let asked = server.join().unwrap();
    assert!(asked.starts_with("POST /hook?a=b HTTP/1.1\r\n") && asked.ends_with("\r\n\r\n{}"), "{asked}");
    assert!(asked.contains("webhook-id: one") && asked.contains("content-length: 2"), "{asked}");
}

#[test]
fn one_that_says_nothing_or_nonsense_or_is_not_there_is_told_in_time() {
    let (silent, _thread) = server(None);
    assert_eq!(ask(&silent, None, Duration::from_millis(200)), Err("no answer within 200 ms".to_owned()));
    let (nonsense, _thread) = server(Some("SSH-2.0\r\n\r\n".to_owned()));
    assert!(ask(&nonsense, None, FIVE_SECONDS).is_err_and(|why| why.starts_with("no valid answer")));
    let nobody = ask("http://127.0.0.1:9/", None, FIVE_SECONDS);
    assert_eq!(nobody, Err("the connection was refused".to_owned()));
    let (endless, _thread) = server(Some(format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(20_000))));
    assert!(ask(&endless, None, FIVE_SECONDS).is_err());
}

/// What becomes of a script, and what it printed.
fn run(script: &str, within: Duration) -> (Result<Ran, String>, String) {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("output");
    let words = ["sh", "-c", script].map(str::to_owned).to_vec();
    let variables = vec![("BROWNOUT_GAMEDAY".to_owned(), "checkout".to_owned())];
    let errand = Errand { words, dir: dir.path().to_owned(), variables, output: output.clone(), within };
    let ran = wait(&Machine::default(), Machine::default().execute(&errand));
    (ran, std::fs::read_to_string(output).unwrap_or_default())
}

#[test]
fn a_program_is_run_to_its_end_and_killed_with_what_it_started_when_its_time_is_over() {
    let (ran, log) = run("echo $BROWNOUT_GAMEDAY; pwd >&2; exit 3", Duration::from_secs(10));
    assert_eq!(ran.unwrap().code, Some(3));
    assert!(log.starts_with("checkout\n/"), "{log}");
    let begun = Instant::now();
    let stubborn = "sleep 60 & echo $!; trap '' TERM; sleep 60; sleep 60";
    let (ran, log) = run(stubborn, Duration::from_millis(300));
    assert_eq!(ran.unwrap_err(), "it did not end within 300 ms, and was killed");
    assert!(begun.elapsed() < Duration::from_secs(20));
    let child = format!("/proc/{}/status", log.trim());
    let is_gone = || std::fs::read_to_string(&child).map_or(true, |status| status.contains("State:\tZ"));
    for _ in 0..100 {
        if is_gone() {
            return;
        }
        Machine::default().pause(Duration::from_millis(20));
    }
    panic!("what it had started is still there");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let words = vec!["./no-such-program".to_owned()];
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("output");
    let within = FIVE_SECONDS;
    let errand = Errand { words, dir: dir.path().to_owned(), variables: Vec::new(), output, within };
    let why = wait(&Machine::default(), Machine::default().execute(&errand)).unwrap_err();
    assert!(why.starts_with("`./no-such-program` can't be started"), "{why}");
}
