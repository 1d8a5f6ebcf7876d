//! A server on a real socket, and a client that sends exactly what a test says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Hands;
use crate::{Options, Role, ServeError, Store, SystemClock, TlsFiles, User, WallTime, serve};

/// A server, with a user of each kind.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) hands: Arc<Hands>,
    pub(crate) dir: tempfile::TempDir,
    tokens: Vec<(&'static str, String)>,
    stop: CancellationToken,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Its head.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values =
            lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
        values.next()
    }
}

/// The users: name, roles, the roles of game days.
const USERS: [(&str, &[Role], &[&str]); 4] = [
    ("vic", &[Role::View], &[]),
    ("olga", &[Role::Operate], &[]),
    ("ann", &[Role::Approve], &["sre"]),
    ("both", &[Role::Operate, Role::Approve], &["sre"]),
];

impl Served {
    pub(crate) fn start(hands: Hands) -> Self {
        Self::with_tls(hands, None)
    }

    pub(crate) fn with_tls(hands: Hands, tls: Option<TlsFiles>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let tokens = USERS.map(|(name, roles, approves_as)| {
            let approves_as = approves_as.iter().map(ToString::to_string).collect();
            let user = User { name: name.to_owned(), roles: roles.to_vec(), approves_as };
            (name, store.add_user(&user, WallTime(0)).unwrap())
        });
        let (hands, stop) = (Arc::new(hands), CancellationToken::new());
        let (listen, data) = ("127.0.0.1:0".parse().unwrap(), dir.path().to_owned());
        let options = Options { data, listen, tls, behind_proxy: false };
        let (sender, receiver) = channel();
        let (practice, stopped) = (hands.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            serve(
                &options,
                practice,
                Arc::new(SystemClock),
                |address| sender.send(address).unwrap(),
                &stopped,
            )
        });
        let address = receiver.recv_timeout(Duration::from_secs(20)).unwrap();
        Served { address, hands, dir, tokens: tokens.into(), stop, thread: Some(thread) }
    }

    pub(crate) fn token(&self, user: &str) -> &str {
        &self.tokens.iter().find(|(name, _)| *name == user).unwrap().1
    }

    /// A connection on which a request was sent: a method with a path, lines of headers, a body.
    #[expect(clippy::disallowed_methods, reason = "what is claimed about sockets is tried on sockets")]
    pub(crate) fn send(&self, what: &str, headers: &[&str], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let host = self.address;
        let length = body.len();
        let mut head =
            format!("{what} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n");
        for header in headers {
            head += header;
            head += "\r\n";
        }
        // A server that refuses early may close before all is sent.
        let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
        stream
    }

    pub(crate) fn raw(&self, what: &str, headers: &[&str], body: &str) -> Reply {
        let mut text = Vec::new();
        let _ = self.send(what, headers, body).read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Asks as a user, with JSON if there is a body.
    pub(crate) fn ask(&self, user: &str, what: &str, body: &str) -> Reply {
        let token = format!("authorization: Bearer {}", self.token(user));
        self.raw(what, &[&token, "content-type: application/json"], body)
    }

    /// Starts a game day and returns the number of the firing.
    pub(crate) fn begin(&self, user: &str, day: &str) -> i64 {
        let reply = self.ask(user, &format!("POST /api/v1/gamedays/{day}/firings"), "{}");
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["id"].as_i64().unwrap()
    }

    /// Waits until a firing is in a state.
    pub(crate) fn reaches(&self, id: i64, state: &str) -> serde_json::Value {
        let (_hold, never) = std::sync::mpsc::sync_channel::<()>(0);
        for _ in 0..500 {
            let firing = self.ask("vic", &format!("GET /api/v1/firings/{id}"), "").json();
            if firing["state"] == state {
                return firing;
            }
            let _ = never.recv_timeout(Duration::from_millis(20));
        }
        panic!("{}", self.ask("vic", &format!("GET /api/v1/firings/{id}"), "").body);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap().unwrap();
        }
    }
}
