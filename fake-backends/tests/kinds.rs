//! Every kind of fault on real sockets, as a raw client sees it: which bytes come, when, and how the connection ends. The
//! client reads bytes; it knows nothing of the codec that the backends use.

mod common;

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use common::{always, get, serve, spec};
use evidence::{Attempt, ConnectionEnd, End, Evidence, Planned};
use fake_backends::fault::FaultSettings;
use net::{Timer, World};
use units::Moment;

/// Longer than any answer in these tests takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a raw client saw: bytes with the moment of each read, and how it ended.
#[derive(Debug, Default)]
struct Seen {
    bytes: Vec<u8>,
    /// Since the request was sent, and how many bytes had come by then.
    reads: Vec<(Duration, usize)>,
    end: Option<Ended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Fin,
    Rst,
    /// Nothing more came for a while.
    Open,
}

impl Seen {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn status(&self) -> u16 {
        self.text().get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    fn head(&self) -> String {
        self.text().split_once("\r\n\r\n").map_or_else(|| self.text(), |(head, _)| head.to_owned())
    }

    fn body(&self) -> Vec<u8> {
        let end = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        end.map_or(Vec::new(), |end| self.bytes[end + 4..].to_vec())
    }

    /// When byte `index` had come.
    fn at(&self, index: usize) -> Duration {
        self.reads.iter().find(|(_, count)| *count > index).expect("the byte came").0
    }

    fn last(&self) -> Duration {
        self.reads.last().expect("something came").0
    }
}

/// Asks in a thread of its own with blocking sockets, until the peer ends the connection or is silent for `quiet`.
fn ask(address: SocketAddr, request: &[u8], quiet: Duration) -> Seen {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(quiet)).unwrap();
    let begun = clock();
    // A backend that cuts at accept may have reset already.
    let _ = stream.write_all(request);
    let mut seen = Seen::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => seen.end = Some(Ended::Fin),
            Ok(count) => {
                seen.bytes.extend_from_slice(&buffer[..count]);
                seen.reads.push((clock().saturating_sub(begun), seen.bytes.len()));
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => seen.end = Some(Ended::Open),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => seen.end = Some(Ended::Rst),
            Err(error) => panic!("{error}"),
        }
        let _ = stream.shutdown(Shutdown::Both);
        return seen;
    }
}

fn clock() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

/// One request to a backend with these faults on real sockets, and what was recorded.
fn faulty(faults: &[&str], request: impl Into<Vec<u8>>, quiet: u64) -> (Seen, Evidence) {
    let (mut seen, evidence) = asked_all(faults, vec![request.into()], quiet);
    (seen.remove(0), evidence)
}

/// Several requests at once, each on a connection of its own.
fn asked_all(faults: &[&str], requests: Vec<Vec<u8>>, quiet: u64) -> (Vec<Seen>, Evidence) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::real();
        let served = serve(&world, spec(1, faults.iter().flat_map(|fault| always(fault)).collect()));
        let asking: Vec<_> = requests
            .into_iter()
            .map(|request| {
                let address = served.addresses[0];
                tokio::task::spawn_blocking(move || ask(address, &request, Duration::from_millis(quiet)))
            })
            .collect();
        let mut seen = Vec::new();
        for one in asking {
            seen.push(one.await.unwrap());
        }
        served.sleep(30).await;
        (seen, served.end().await.1)
    })
}

fn attempt(evidence: &Evidence) -> &Attempt {
    &evidence.attempts[0]
}

fn post(tag: u64, body: usize) -> Vec<u8> {
    let head = format!(
        "POST /orders HTTP/1.1\r\nhost: a\r\nx-brownout-tag: 0000000000000007-{tag}\r\ncontent-length: {body}\r\n\r\n"
    );
    [head.into_bytes(), vec![b'b'; body]].concat()
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn every_kind_has_a_test_here_or_among_those_of_fin_and_rst() {
    let text = [
        include_str!("kinds.rs"),
        include_str!("sockets.rs"),
        include_str!("faults.rs"),
        include_str!("tls.rs"),
    ]
    .concat();
    let missing: BTreeSet<&str> = FaultSettings::KINDS
        .iter()
        .map(|kind| kind.name)
        .filter(|name| !text.contains(&format!("{name} = ")))
        .collect();
    assert!(missing.is_empty(), "no test of {missing:?}");
}

#[test]
fn latency_on_the_body_sends_the_head_at_once() {
    let (seen, evidence) = faulty(&["latency = { fixed = '300ms', on = 'body' }"], get(1), 900);
    let head = seen.head().len();
    assert!(seen.at(head) < millis(250), "{:?}", seen.reads);
    assert!(seen.last() >= millis(300), "{:?}", seen.reads);
    let attempt = attempt(&evidence);
    assert_eq!((attempt.delay, attempt.paced, attempt.effective), (0, 300_000_000, 1));
    assert_eq!(attempt.end, End::Replied);
}

#[test]
fn congestion_makes_each_wait_for_the_others() {
    let requests = (0..4).map(|tag| get(tag).into_bytes()).collect();
    // Something has to keep them under way, also where a busy machine lets them arrive one after the other.
    let faults = ["latency = { fixed = '1s' }", "congestion = { each = '200ms', most = '5s' }"];
    let (seen, evidence) = asked_all(&faults, requests, 4000);
    let mut delays: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.delay / 1_000_000).collect();
    delays.sort_unstable();
    assert_eq!(delays, [1000, 1200, 1400, 1600]);
    let waited = evidence.attempts.iter().filter(|attempt| attempt.effective == 0b11).count();
    assert_eq!(waited, 3, "one found nobody else under way");
    assert!(
        evidence.attempts.iter().all(|attempt| attempt.duration() >= Duration::from_nanos(attempt.delay))
    );
    assert!(seen.iter().all(|seen| seen.status() == 200 && seen.last() >= millis(1000)));
}

#[test]
fn capacity_queues_and_sheds() {
    let requests = (0..5).map(|tag| get(tag).into_bytes()).collect();
    let fault = "capacity = { workers = 1, takes = '700ms', queue = 2, shed = 503 }";
    let (seen, evidence) = asked_all(&[fault], requests, 4000);
    let (shed, worked): (Vec<&Attempt>, Vec<&Attempt>) =
        evidence.attempts.iter().partition(|attempt| attempt.planned == Planned::Status);
    // One after the other, each for as long as one takes.
    let mut done: Vec<Moment> =
        worked.iter().map(|attempt| attempt.arrived + Duration::from_nanos(attempt.delay)).collect();
    done.sort_unstable();
    let gaps: Vec<Duration> = done.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert_eq!(gaps, [millis(700), millis(700)]);
    assert_eq!((shed.len(), shed.iter().map(|attempt| attempt.delay).sum::<u64>()), (2, 0), "shed at once");
    let statuses = |status| seen.iter().filter(|seen| seen.status() == status).count();
    assert_eq!((statuses(200), statuses(503)), (3, 2));
}

#[test]
fn a_rate_limit_turns_away_with_a_word_of_when_to_come_back() {
    let requests = (0..3).map(|tag| get(tag).into_bytes()).collect();
    let (seen, evidence) = asked_all(&["rate_limit = { requests = 2, per = '1h' }"], requests, 300);
    let away: Vec<&Seen> = seen.iter().filter(|seen| seen.status() == 429).collect();
    assert_eq!(away.len(), 1);
    assert!(away[0].head().contains("retry-after: 3600"), "{}", away[0].head());
    let effective: u64 = evidence.attempts.iter().map(|attempt| attempt.effective).sum();
    assert_eq!(effective, 1, "only what was turned away was affected");

    let fault = "rate_limit = { requests = 0, per = '1h', code = 503, retry_after = 'date' }";
    let (seen, _) = faulty(&[fault], get(1), 300);
    assert!(seen.status() == 503 && seen.head().contains("retry-after: ") && seen.head().contains(" GMT"));
}

#[test]
fn an_early_answer_comes_before_the_body_and_the_connection_goes_on() {
    // The body never comes whole: a backend that waited for it would not answer.
    let mut request = post(1, 1000);
    request.truncate(request.len() - 500);
    let (seen, evidence) = faulty(&["early_answer = {}"], request, 300);
    assert_eq!((seen.status(), seen.end), (200, Some(Ended::Open)));
    assert!(seen.last() < millis(200), "{:?}", seen.reads);
    assert_eq!((attempt(&evidence).end, attempt(&evidence).body_done), (End::Replied, None));
    assert_eq!(attempt(&evidence).effective, 1);

    let both = [post(1, 1000), get(2).into_bytes()].concat();
    let (seen, evidence) = faulty(&["early_answer = {}"], both, 300);
    assert_eq!(seen.text().matches("HTTP/1.1 200 OK").count(), 2);
    let effective: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.effective).collect();
    assert_eq!(effective, [1, 0], "without a body, nothing is early");
}

#[test]
fn huge_headers_are_as_many_and_as_large_as_asked_for() {
    let (seen, _) = faulty(&["huge_headers = { size = '20KiB', fields = 5 }"], get(1), 300);
    let padding: Vec<String> = seen
        .head()
        .lines()
        .filter(|line| line.starts_with("x-brownout-padding-"))
        .map(str::to_owned)
        .collect();
    assert_eq!((padding.len(), seen.status()), (5, 200));
    let size: usize = padding.iter().map(|line| line.len() + 2).sum();
    assert_eq!(size, 20 * 1024);
}

#[test]
fn a_redirect_says_where_to() {
    let (seen, _) = faulty(&["redirect = { code = 307, to = '/elsewhere' }"], get(1), 300);
    assert!(seen.status() == 307 && seen.head().contains("location: /elsewhere\r\n"));
}

#[test]
fn interim_answers_come_at_their_pace_before_the_answer_or_instead_of_it() {
    let (seen, evidence) = faulty(&["interim = { code = 103, count = 3, every = '50ms' }"], get(1), 400);
    assert!(
        seen.text().starts_with(
            "HTTP/1.1 103 \r\n\r\nHTTP/1.1 103 \r\n\r\nHTTP/1.1 103 \r\n\r\nHTTP/1.1 200 OK\r\n"
        )
    );
    assert!(seen.last() >= millis(150), "{:?}", seen.reads);
    assert_eq!(attempt(&evidence).end, End::Replied);

    let (seen, evidence) = faulty(&["interim = { code = 102, then = 'hang' }"], get(1), 300);
    assert_eq!((seen.text().as_str(), seen.end), ("HTTP/1.1 102 \r\n\r\n", Some(Ended::Open)));
    assert_eq!((attempt(&evidence).planned, attempt(&evidence).end), (Planned::Hang, End::AbandonedFin));
}

#[test]
fn accept_hang_takes_the_connection_and_reads_nothing() {
    let (seen, evidence) = faulty(&["accept_hang = { }"], get(1), 300);
    assert_eq!((seen.bytes.len(), seen.end), (0, Some(Ended::Open)));
    assert!(evidence.attempts.is_empty());
    let connection = &evidence.connections[0];
    assert_eq!((connection.requests, connection.effective, connection.end), (0, 1, ConnectionEnd::OpenAtEnd));
}

#[test]
fn connections_beyond_a_limit_are_ended_and_those_within_it_go_on() {
    let requests = (0..3).map(|tag| get(tag).into_bytes()).collect();
    let faults = ["latency = { fixed = '500ms' }", "connection_limit = { max = 2 }"];
    let (seen, evidence) = asked_all(&faults, requests, 2000);
    assert_eq!(seen.iter().filter(|seen| seen.status() == 200).count(), 2);
    assert_eq!(seen.iter().filter(|seen| seen.end == Some(Ended::Rst)).count(), 1);
    let ended: Vec<_> =
        evidence.connections.iter().filter(|connection| connection.effective == 0b10).collect();
    assert_eq!((ended.len(), ended[0].end, ended[0].requests), (1, ConnectionEnd::BackendRst, 0));
}

#[test]
fn a_cut_between_head_and_body_or_in_the_upload_is_where_it_was_asked_for() {
    let (seen, evidence) = faulty(&["cut = { at = 'head', by = 'rst' }"], get(1), 300);
    assert!(seen.text().ends_with("\r\n\r\n") && seen.status() == 200, "{}", seen.text());
    assert_eq!(seen.end, Some(Ended::Rst));
    assert_eq!(
        (attempt(&evidence).end, attempt(&evidence).status, attempt(&evidence).answer_bytes),
        (End::Reset, 200, 0)
    );

    let fault = "cut = { at = 'upload', after = '100B', by = 'fin' }";
    let mut request = post(1, 1000);
    request.truncate(request.len() - 800);
    let (seen, evidence) = faulty(&[fault], request, 300);
    assert_eq!((seen.bytes.len(), seen.end), (0, Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).body_done), (End::Closed, None));
    assert!(attempt(&evidence).received >= 100);
}

#[test]
fn a_half_close_ends_the_backends_own_direction_only() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let served = serve(&World::real(), spec(1, always("cut = { at = 'head', by = 'half-close' }")));
        let address = served.addresses[0];
        let (end, written) = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
            stream.write_all(get(1).as_bytes()).unwrap();
            let mut all = Vec::new();
            let end = stream.read_to_end(&mut all).map(|_| all.len());
            std::thread::park_timeout(Duration::from_millis(2500));
            // A side that was closed whole would have answered the first of these with a reset.
            let written = stream.write_all(b"still").and_then(|()| {
                std::thread::park_timeout(Duration::from_millis(50));
                stream.write_all(b"here")
            });
            (end, written.is_ok())
        })
        .await
        .unwrap();
        assert!(end.unwrap() > 0 && written, "the backend no longer reads");
        served.end().await;
    });
}

#[test]
fn a_status_and_a_cut_combine() {
    let faults = ["status = { code = 503 }", "cut = { at = 'body', after = '5B', by = 'fin' }"];
    let (seen, evidence) = faulty(&faults, get(1), 300);
    assert_eq!((seen.status(), seen.body().len(), seen.end), (503, 5, Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).effective, attempt(&evidence).end), (0b11, End::Closed));
}

#[test]
fn an_idle_connection_is_closed_in_its_time_and_a_busy_one_is_not() {
    let (seen, evidence) = faulty(&["idle_close = { after = '100ms' }"], get(1), 2000);
    assert_eq!((seen.status(), seen.end), (200, Some(Ended::Fin)));
    let connection = &evidence.connections[0];
    assert_eq!((connection.effective, connection.end), (1, ConnectionEnd::BackendFin));
    assert!(connection.closed.since(attempt(&evidence).ended) >= millis(100));
    assert_eq!(attempt(&evidence).effective, 0, "its own answer was like any other");
    let (_, evidence) = faulty(&["idle_close = { after = '5s' }"], get(1), 300);
    assert_eq!(
        (attempt(&evidence).effective, evidence.connections[0].effective),
        (0, 0),
        "never idle enough"
    );

    let two = [get(1), get(2)].concat();
    let (seen, evidence) = faulty(&["idle_close = { after = '100ms' }"], two, 2000);
    assert_eq!(seen.text().matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(evidence.connections.len(), 1);

    let (seen, _) = faulty(&["idle_close = { after = '0ms' }"], get(1), 2000);
    assert_eq!((seen.status(), seen.end), (200, Some(Ended::Fin)));
}

#[test]
fn a_head_or_a_body_comes_at_its_pace() {
    let (seen, evidence) = faulty(&["slow_headers = { rate = '1KiB/s' }"], get(1), 900);
    let head = seen.head().len();
    let expected = Duration::from_secs_f64(head as f64 / 1024.0);
    assert!(seen.at(head) + millis(30) >= expected && seen.last() < expected * 3, "{:?}", seen.reads);
    assert!(attempt(&evidence).paced > 100_000_000);
    let (_, evidence) = faulty(&["slow_headers = { rate = '100B/s' }"], get(1), 300);
    assert_eq!(attempt(&evidence).effective, 1, "who leaves before the head has ended has met its pace");

    for fault in ["throttle = { rate = '1000B/s' }", "slow_body = { over = '300ms' }"] {
        let (seen, evidence) = faulty(&[fault], get(1), 900);
        assert_eq!(seen.body().len(), 300);
        assert!(seen.at(seen.head().len()) < millis(250), "the head comes at once: {:?}", seen.reads);
        assert!(seen.last() >= millis(250) && seen.last() < millis(900), "{fault}: {:?}", seen.reads);
        assert!(seen.reads.len() > 5, "it comes in pieces: {:?}", seen.reads);
        assert_eq!((attempt(&evidence).end, attempt(&evidence).effective), (End::Replied, 1));
        assert_eq!(attempt(&evidence).answer_hash, Some(evidence::body_hash(&seen.body())));
    }
}

#[test]
fn a_stall_stands_still_after_its_bytes_for_its_time_or_for_ever() {
    let (seen, _) = faulty(&["stall = { after = '100B', length = '300ms' }"], get(1), 900);
    let head = seen.bytes.len() - 300;
    assert!(seen.at(head + 99) < millis(250) && seen.at(head + 100) >= millis(300), "{:?}", seen.reads);
    assert_eq!(seen.body().len(), 300);

    let (seen, evidence) = faulty(&["stall = { after = '100B' }"], get(1), 300);
    assert_eq!((seen.body().len(), seen.end), (100, Some(Ended::Open)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).answer_bytes), (End::AbandonedFin, 100));
}

#[test]
fn a_request_that_is_read_slowly_is_whole_as_late_as_that() {
    let (seen, evidence) = faulty(&["slow_read = { rate = '100KiB/s' }"], post(1, 40 * 1024), 2000);
    assert_eq!(seen.status(), 200);
    let attempt = attempt(&evidence);
    let took = attempt.body_done.unwrap().since(attempt.arrived);
    assert!(took >= millis(200) && took < Duration::from_secs(2), "{took:?}");
    assert_eq!(attempt.received, 40 * 1024);
}

#[test]
fn a_length_is_wrong_as_it_was_asked_for() {
    let (seen, evidence) = faulty(&["wrong_length = { longer = '10B' }"], get(1), 300);
    assert!(seen.head().contains("content-length: 310"), "{}", seen.head());
    assert_eq!((seen.body().len(), seen.end), (300, Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).planned), (End::Closed, Planned::Close));

    let (seen, evidence) = faulty(&["wrong_length = { shorter = '10B' }"], get(1), 300);
    assert!(seen.head().contains("content-length: 290"), "{}", seen.head());
    assert_eq!((seen.body().len(), seen.end), (300, Some(Ended::Open)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).planned), (End::Spoiled, Planned::Spoiled));
}

#[test]
fn chunks_are_broken_or_missing_as_they_were_asked_for() {
    let (seen, evidence) = faulty(&["bad_chunk = {}"], get(1), 300);
    let body = String::from_utf8(seen.body()).unwrap();
    assert!(body.starts_with("96\r\n") && body.contains("\r\nzz\r\n"), "{body}");
    assert_eq!((seen.end, attempt(&evidence).end), (Some(Ended::Fin), End::Spoiled));

    let (seen, evidence) = faulty(&["missing_last_chunk = {}"], get(1), 300);
    let body = String::from_utf8(seen.body()).unwrap();
    assert!(body.starts_with("96\r\n") && !body.contains("\r\n0\r\n"), "{body}");
    assert_eq!(
        (seen.end, attempt(&evidence).end, attempt(&evidence).answer_bytes),
        (Some(Ended::Fin), End::Closed, 300)
    );
}

#[test]
fn the_end_of_a_body_is_told_twice() {
    let (seen, evidence) = faulty(&["duplicate_framing = {}"], get(1), 300);
    assert!(
        seen.head().contains("content-length: 300") && seen.head().contains("transfer-encoding: chunked")
    );
    assert!(seen.text().ends_with("\r\n0\r\n\r\n"));
    assert_eq!(attempt(&evidence).end, End::Spoiled);

    let (seen, _) = faulty(&["duplicate_framing = { by = 'lengths' }"], get(1), 300);
    assert!(seen.head().contains("content-length: 300") && seen.head().contains("content-length: 301"));
}

#[test]
fn garbage_is_no_http() {
    let (seen, evidence) = faulty(&["garbage = {}"], get(1), 300);
    assert_eq!((seen.text().as_str(), seen.end), ("SSH-2.0-OpenSSH_9.6\r\n", Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).status), (End::Spoiled, 0));
}

#[test]
fn bytes_are_changed_and_the_hash_is_that_of_what_was_sent() {
    let (seen, evidence) = faulty(&["corrupt = { every = 50 }"], get(1), 300);
    let body = seen.body();
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_err() || body.len() == 300);
    let hash = evidence::body_hash(&body);
    assert!(seen.head().contains(&format!("x-brownout-body-hash: {hash:016x}")), "{}", seen.head());
    assert_eq!((attempt(&evidence).answer_hash, attempt(&evidence).end), (Some(hash), End::Replied));
    let (healthy, _) = faulty(&[], get(1), 300);
    let changed = body.iter().zip(healthy.body()).filter(|(one, other)| **one != *other).count();
    assert_eq!(changed, 6);
}

#[test]
fn a_content_coding_is_said_and_not_there() {
    let (seen, _) = faulty(&["false_encoding = { coding = 'br' }"], get(1), 300);
    assert!(seen.head().contains("content-encoding: br") && seen.body().starts_with(b"{\"tag\""));
}

#[test]
fn a_body_is_rightly_framed_by_chunks_or_by_the_end() {
    let (seen, evidence) = faulty(&["framing = { by = 'chunks' }"], get(1), 300);
    assert!(seen.head().contains("transfer-encoding: chunked") && seen.text().ends_with("\r\n0\r\n\r\n"));
    assert_eq!((seen.end, attempt(&evidence).end), (Some(Ended::Open), End::Replied));

    let (seen, evidence) = faulty(&["framing = { by = 'close' }"], get(1), 300);
    assert!(!seen.head().contains("content-length") && seen.head().contains("connection: close"));
    assert_eq!((seen.body().len(), seen.end), (300, Some(Ended::Fin)));
    assert_eq!(attempt(&evidence).end, End::Replied);
}

#[test]
fn events_come_one_by_one_and_end_as_they_were_asked_for() {
    let (seen, evidence) = faulty(&["events = { count = 4, every = '60ms' }"], get(1), 400);
    assert!(seen.head().contains("content-type: text/event-stream"));
    assert!(seen.text().contains("data: [DONE]\n\n\r\n0\r\n\r\n"), "{}", seen.text());
    assert_eq!(seen.text().matches("\"event\":").count(), 4);
    assert!(seen.last() >= millis(240) && seen.reads.len() >= 4, "{:?}", seen.reads);
    assert_eq!(attempt(&evidence).end, End::Replied);

    let (seen, _) = faulty(&["events = { count = 2, end = 'cut-short' }"], get(1), 300);
    assert!(!seen.text().contains("[DONE]") && seen.text().ends_with("\r\n0\r\n\r\n"));
    let (seen, _) = faulty(&["events = { count = 2, end = 'error' }"], get(1), 300);
    assert!(seen.status() == 200 && seen.text().contains("event: error"));
}

#[test]
fn in_a_black_hole_connects_are_not_answered_and_open_connections_go_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::real();
        let served = serve(&world, spec(1, vec![common::inject("black_hole = {}", &[0], 200, 900)]));
        let mut open = served.connect(0).await;
        let timer: Timer = world.timer();
        timer.sleep_until(Moment(300_000_000)).await;
        open.send(&get(1)).await;
        assert_eq!(open.answer().await.unwrap().status, 200);
        // What the kernel still had room for may connect, and is not accepted; whoever comes then is not answered.
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.extend(timer.until(timer.now() + millis(60), world.connect(served.addresses[0])).await);
        }
        let late = timer.until(timer.now() + millis(100), world.connect(served.addresses[0])).await;
        assert!(late.is_none(), "a connect was answered");
        timer.sleep_until(Moment(950_000_000)).await;
        assert_eq!(served.ask(0, &get(2)).await.status, 200, "it accepts again");
        let (totals, evidence) = served.end().await;
        assert_eq!((totals.not_blocked, totals.not_reopened), (0, 0));
        let firing = &evidence.firings[0];
        assert!(firing.from >= Moment(200_000_000) && firing.to >= Moment(900_000_000), "{firing:?}");
        assert!(firing.from < Moment(290_000_000) && firing.to < Moment(1_100_000_000), "{firing:?}");
    });
}

#[test]
fn only_requests_that_meet_the_conditions_are_hit() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut injection = common::inject("status = { code = 503 }", &[0], 0, 60_000);
        injection.when = toml::from_str(
            "method = 'GET'\npath = '/orders/*'\ntraffic = 'reads'\nheader = { name = 'x-tenant', value = 'a' }",
        )
        .unwrap();
        let served = serve(&World::real(), spec(1, vec![injection]));
        let mut tag = 0;
        let mut ask = async |method: &str, path: &str, traffic: &str, tenant: &str| {
            tag += 1;
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: a\r\nx-brownout-tag: 0000000000000007-{tag}\r\n\
                 X-Brownout-Traffic: {traffic}\r\nX-Tenant: {tenant}\r\n\r\n"
            );
            served.ask(0, &request).await.status
        };
        assert_eq!(ask("GET", "/orders/7?x=1", "reads", "a").await, 503);
        assert_eq!(ask("POST", "/orders/7", "reads", "a").await, 200);
        assert_eq!(ask("GET", "/items/7", "reads", "a").await, 200);
        assert_eq!(ask("GET", "/orders/7", "writes", "a").await, 200);
        assert_eq!(ask("GET", "/orders/7", "reads", "b").await, 200);
        let (_, evidence) = served.end().await;
        let hits: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.injections).collect();
        assert_eq!(hits, [1, 0, 0, 0, 0]);
    });
}

#[test]
fn a_fault_that_flaps_comes_and_goes() {
    net::simulate(|world| async move {
        let flap: fake_backends::Flap = toml::from_str("period = '100ms'\nduty = 0.5").unwrap();
        let mut status = common::inject("status = { code = 503 }", &[0], 0, 1000);
        let mut refuse = common::inject("refuse = {}", &[1], 0, 1000);
        (status.flap, refuse.flap) = (Some(flap), Some(flap));
        let served = serve(&world, spec(2, vec![status, refuse]));
        let mut seen = Vec::new();
        for tag in 0..10 {
            served.timer.sleep_until(Moment(10_000_000 + tag * 50_000_000)).await;
            seen.push((
                served.ask(0, &get(tag as u64)).await.status,
                world.connect(served.addresses[1]).await.is_ok(),
            ));
        }
        let expected: Vec<(u16, bool)> =
            (0..10).map(|nth| if nth % 2 == 0 { (503, false) } else { (200, true) }).collect();
        assert_eq!(seen, expected);
        let (_, evidence) = served.end().await;
        assert_eq!(evidence.firings.len(), 5);
    });
}
