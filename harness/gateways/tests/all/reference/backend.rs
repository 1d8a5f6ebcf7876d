//! A small raw backend: it plays a script, one line for each request that arrives, and notes what arrived.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use net::{Stream, Timer, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{JoinHandle, JoinSet};
use units::Moment;

/// What to do with a request.
#[derive(Clone)]
pub(crate) struct Act {
    wait: Duration,
    parts: Vec<(Vec<u8>, Duration)>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Keep,
    Close,
    Reset,
    Hang,
}

fn act(text: &str, then: Then) -> Act {
    Act { wait: Duration::ZERO, parts: vec![(text.into(), Duration::ZERO)], then }
}

/// A complete answer with a status and further headers, each with its line end.
pub(crate) fn status_with(code: u16, headers: &str) -> Act {
    let head = format!("HTTP/1.1 {code} Some\r\nx-brownout-backend: 0\r\n{headers}");
    act(&format!("{head}content-length: 5\r\n\r\nhello"), Then::Keep)
}

pub(crate) fn status(code: u16) -> Act {
    status_with(code, "")
}

pub(crate) fn ok() -> Act {
    status(200)
}

/// No answer; the connection stays.
pub(crate) fn hang() -> Act {
    act("", Then::Hang)
}

/// RST when the request has arrived.
pub(crate) fn reset() -> Act {
    act("", Then::Reset)
}

/// FIN when the request has arrived.
pub(crate) fn close() -> Act {
    act("", Then::Close)
}

/// These bytes, then FIN.
pub(crate) fn raw(text: &str) -> Act {
    act(text, Then::Close)
}

/// These bytes, then RST.
pub(crate) fn raw_reset(text: &str) -> Act {
    act(text, Then::Reset)
}

/// These bytes, then nothing.
pub(crate) fn raw_hang(text: &str) -> Act {
    act(text, Then::Hang)
}

/// A complete answer that comes in two parts, `gap` apart.
pub(crate) fn in_parts(gap: Duration) -> Act {
    let head = "HTTP/1.1 200 OK\r\nx-brownout-backend: 0\r\ncontent-length: 10\r\n\r\nhello".into();
    Act { wait: Duration::ZERO, parts: vec![(head, Duration::ZERO), ("world".into(), gap)], then: Then::Keep }
}

impl Act {
    pub(crate) fn after(mut self, wait: Duration) -> Act {
        self.wait = wait;
        self
    }

    /// Closes the connection when it has answered.
    pub(crate) fn and_close(mut self) -> Act {
        self.then = Then::Close;
        self
    }
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Moment,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

type Script = Rc<dyn Fn(usize) -> Act>;

/// What a backend has seen.
#[derive(Default)]
struct Seen {
    arrivals: Vec<Arrival>,
    connections: usize,
    /// When the gateway closed a connection on which it still waited for an answer.
    abandoned: Vec<Moment>,
}

/// A backend that listens.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    seen: Rc<RefCell<Seen>>,
    serving: JoinHandle<()>,
}

impl Backend {
    /// Listens; `script` says what to do with the n-th request, from 0. Requests for `/` are probes: they are
    /// answered and not noted.
    pub(crate) fn start(world: &World, script: impl Fn(usize) -> Act + 'static) -> Backend {
        let listener = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Rc::<RefCell<Seen>>::default();
        let (script, timer): (Script, _) = (Rc::new(script), world.timer());
        let shared = seen.clone();
        let serving = tokio::task::spawn_local(async move {
            let mut connections = JoinSet::new();
            while let Ok(stream) = listener.accept().await {
                shared.borrow_mut().connections += 1;
                connections.spawn_local(connection(stream, script.clone(), shared.clone(), timer.clone()));
            }
        });
        Backend { address, seen, serving }
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.seen.borrow().arrivals.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.borrow().arrivals.len()
    }

    pub(crate) fn abandoned(&self) -> Vec<Moment> {
        self.seen.borrow().abandoned.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.borrow().connections
    }

    /// Closes the listener and all connections: it refuses from now on.
    pub(crate) async fn shut(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }
}

async fn connection(mut stream: Stream, script: Script, seen: Rc<RefCell<Seen>>, timer: Timer) {
    while let Some((head, body)) = request(&mut stream).await {
        let is_probe = head.starts_with("GET / ");
        let index = seen.borrow().arrivals.len();
        let act = if is_probe { ok() } else { script(index) };
        if !is_probe {
            let arrival = Arrival { at: timer.now(), head, body };
            seen.borrow_mut().arrivals.push(arrival);
        }
        let wait = timer.now() + act.wait;
        if act.then == Then::Hang && act.parts.iter().all(|(bytes, _)| bytes.is_empty())
            || !act.wait.is_zero()
        {
            let end = if act.then == Then::Hang { Moment::NEVER } else { wait };
            if timer.until(end, stream.read(&mut [0; 16])).await.is_some() {
                seen.borrow_mut().abandoned.push(timer.now());
                return;
            }
        }
        for (bytes, gap) in &act.parts {
            timer.sleep(*gap).await;
            if stream.write_all(bytes).await.is_err() {
                return;
            }
        }
        match act.then {
            Then::Keep => {}
            Then::Close => return,
            Then::Reset => return stream.reset(),
            Then::Hang => {
                let _ = stream.read(&mut [0; 16]).await;
                seen.borrow_mut().abandoned.push(timer.now());
                return;
            }
        }
    }
}

/// Reads one request with a `content-length` body, or nothing at the end of the connection.
async fn request(stream: &mut Stream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = bytes[head_end..].to_vec();
    while body.len() < length {
        (stream.read_buf(&mut body).await.ok()? > 0).then_some(())?;
    }
    Some((head, body))
}
