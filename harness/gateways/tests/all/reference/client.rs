//! A small raw client: one request on a connection of its own, read to the connection's end.

use std::net::SocketAddr;
use std::time::Duration;

use net::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    /// 0 if there was no status.
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// True if the body came to the end that its framing promises.
    pub(crate) whole: bool,
    pub(crate) took: Duration,
}

/// Sends `method path` with further headers (each with its line end) and a body.
pub(crate) async fn ask(world: &World, gateway: SocketAddr, method: &str, path: &str, body: &str) -> Got {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head = format!("{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{length}\r\n");
    raw(world, gateway, &format!("{head}{body}")).await
}

/// Sends `text` and reads until the gateway closes.
pub(crate) async fn raw(world: &World, gateway: SocketAddr, text: &str) -> Got {
    let begun = world.now();
    let mut stream = world.connect(gateway).await.unwrap();
    // A gateway that has read enough may close before all of it is sent: what it answered counts all the same.
    stream.write_all(text.as_bytes()).await.ok();
    let mut bytes = Vec::new();
    // A reset ends the answer as well; what came before it counts.
    while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {}
    got(&String::from_utf8(bytes).unwrap(), text.starts_with("HEAD "), world.now().since(begun))
}

fn got(text: &str, is_head: bool, took: Duration) -> Got {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let chunked = head.contains("transfer-encoding: chunked");
    let whole = is_head || if chunked { body.ends_with("0\r\n\r\n") } else { length == Some(body.len()) };
    Got { status, head: head.to_lowercase(), body: body.to_owned(), whole, took }
}
