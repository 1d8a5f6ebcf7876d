//! A raw client with blocking sockets: which bytes come, when, and how the connection ends. It knows nothing of the codec that
//! the backends use.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use evidence::{Attempt, Evidence};
use net::World;

use crate::common::{always, serve, spec};

/// Longer than any answer in these tests takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a raw client saw: bytes with the moment of each read, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    /// Since the request was sent, and how many bytes had come by then.
    pub(crate) reads: Vec<(Duration, usize)>,
    pub(crate) end: Option<Ended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Fin,
    Rst,
    /// Nothing more came for a while.
    Open,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn status(&self) -> u16 {
        self.text().get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn head(&self) -> String {
        self.text().split_once("\r\n\r\n").map_or_else(|| self.text(), |(head, _)| head.to_owned())
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let end = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        end.map_or(Vec::new(), |end| self.bytes[end + 4..].to_vec())
    }

    /// When byte `index` had come.
    pub(crate) fn at(&self, index: usize) -> Duration {
        self.reads.iter().find(|(_, count)| *count > index).expect("the byte came").0
    }

    pub(crate) fn last(&self) -> Duration {
        self.reads.last().expect("something came").0
    }
}

/// Asks in a thread of its own with blocking sockets, until the peer ends the connection or is silent for `quiet`.
pub(crate) fn ask(address: SocketAddr, request: &[u8], quiet: Duration) -> Seen {
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

pub(crate) fn clock() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

/// One request to a backend with these faults on real sockets, and what was recorded.
pub(crate) fn faulty(faults: &[&str], request: impl Into<Vec<u8>>, quiet: u64) -> (Seen, Evidence) {
    let (mut seen, evidence) = asked_all(faults, vec![request.into()], quiet);
    (seen.remove(0), evidence)
}

/// Several requests at once, each on a connection of its own.
pub(crate) fn asked_all(faults: &[&str], requests: Vec<Vec<u8>>, quiet: u64) -> (Vec<Seen>, Evidence) {
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

pub(crate) fn attempt(evidence: &Evidence) -> &Attempt {
    &evidence.attempts[0]
}

pub(crate) fn post(tag: u64, body: usize) -> Vec<u8> {
    let head = format!(
        "POST /orders HTTP/1.1\r\nhost: a\r\nx-brownout-tag: 0000000000000007-{tag}\r\ncontent-length: {body}\r\n\r\n"
    );
    [head.into_bytes(), vec![b'b'; body]].concat()
}

pub(crate) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
