//! Another implementation on the other side: what wire writes hyper reads, and the other way round, in every framing.

use std::convert::Infallible;

use brownout_wire::{
    BodyReader, BodySink, FieldSlots, Framing, HeadReader, HeadWriter, Limits, ReceivedBytes, write_chunk,
    write_last_chunk,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Whole,
    InChunks,
    UntilClose,
}

/// What one side made of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Message {
    /// Method and target, or the status.
    start: String,
    /// Of the field `x-test`.
    field: Vec<u8>,
    body: Vec<u8>,
    /// Of the trailer field `x-end`.
    trailer: Option<Vec<u8>>,
}

#[derive(Default)]
struct Collected {
    body: Vec<u8>,
    trailers: Vec<u8>,
}

impl BodySink for Collected {
    fn data(&mut self, piece: &[u8]) {
        self.body.extend_from_slice(piece);
    }

    fn trailers(&mut self, piece: &[u8]) {
        self.trailers.extend_from_slice(piece);
    }
}

/// One end of a connection that speaks by this crate.
struct Wire {
    stream: DuplexStream,
    received: ReceivedBytes,
}

impl Wire {
    fn new(stream: DuplexStream) -> Self {
        Wire { stream, received: ReceivedBytes::new(Limits::default().head_bytes) }
    }

    async fn more(&mut self) -> bool {
        let count = self.stream.read(self.received.room()).await.unwrap();
        self.received.received(count);
        count > 0
    }

    /// Reads a message whose head is told by `head`: its start, its field, its framing and its length; interim answers
    /// are passed over.
    async fn read(
        &mut self,
        head: impl Fn(&mut HeadReader, &[u8]) -> Option<(Message, Framing, usize)>,
    ) -> Message {
        let mut reader = HeadReader::new();
        let (mut message, framing) = loop {
            if let Some((message, framing, length)) = head(&mut reader, self.received.bytes()) {
                self.received.consume(length);
                if message.start.starts_with('1') {
                    reader.restart();
                    continue;
                }
                break (message, framing);
            }
            assert!(self.more().await, "the head comes whole");
        };
        let (mut body, mut sink) = (BodyReader::new(framing, &Limits::default()), Collected::default());
        while !body.is_whole() {
            let used = body.take(self.received.bytes(), &mut sink).unwrap();
            self.received.consume(used);
            if !body.is_whole() && !self.more().await {
                assert!(body.close(), "the body comes whole");
            }
        }
        message.body = sink.body;
        let trailers = String::from_utf8(sink.trailers).unwrap();
        let trailer = trailers.lines().find_map(|line| line.strip_prefix("x-end: "));
        message.trailer = trailer.map(|value| value.as_bytes().to_vec());
        message
    }

    async fn read_request(&mut self) -> Message {
        let head = |reader: &mut HeadReader, bytes: &[u8]| {
            let mut slots = FieldSlots::new();
            let head = reader.request(bytes, &mut slots, &Limits::default()).unwrap()?;
            let field = head.fields.get("x-test").unwrap_or_default().to_vec();
            let start = format!("{} {}", head.method, head.target);
            Some((Message { start, field, ..Message::default() }, head.framing().unwrap(), head.length))
        };
        self.read(head).await
    }

    async fn read_response(&mut self, to_head: bool) -> Message {
        let head = |reader: &mut HeadReader, bytes: &[u8]| {
            let mut slots = FieldSlots::new();
            let head = reader.response(bytes, &mut slots, &Limits::default()).unwrap()?;
            let field = head.fields.get("x-test").unwrap_or_default().to_vec();
            let start = head.status.to_string();
            Some((
                Message { start, field, ..Message::default() },
                head.framing(to_head).unwrap(),
                head.length,
            ))
        };
        self.read(head).await
    }
}

fn framed(body: &[u8], sent: Sent) -> (Framing, Vec<u8>) {
    match sent {
        Sent::Whole => (Framing::Length(body.len() as u64), body.to_vec()),
        Sent::UntilClose => (Framing::UntilClose, body.to_vec()),
        Sent::InChunks => {
            let mut out = Vec::new();
            body.chunks(100).for_each(|chunk| write_chunk(&mut out, chunk));
            write_last_chunk(&mut out, &[("x-end", "of it")]);
            (Framing::Chunked, out)
        }
    }
}

type HyperBody = BoxBody<Bytes, Infallible>;

fn hyper_body(body: &[u8], sent: Sent) -> HyperBody {
    match sent {
        Sent::Whole => Full::new(Bytes::copy_from_slice(body)).boxed(),
        Sent::InChunks | Sent::UntilClose => {
            let data = body.chunks(100).map(|chunk| Frame::data(Bytes::copy_from_slice(chunk)));
            let mut trailers = HeaderMap::new();
            trailers.insert("x-end", HeaderValue::from_static("of it"));
            let frames: Vec<_> = data.chain([Frame::trailers(trailers)]).map(Ok).collect();
            Frames(frames.into_iter()).boxed()
        }
    }
}

/// Frames that are there already, as a stream.
struct Frames(std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>);

impl Unpin for Frames {}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.next())
    }
}

async fn collected(start: String, headers: HeaderMap, body: Incoming) -> Message {
    let field = headers.get("x-test").map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    let body = body.collect().await.unwrap();
    let trailer = body.trailers().and_then(|trailers| Some(trailers.get("x-end")?.as_bytes().to_vec()));
    Message { start, field, body: body.to_bytes().to_vec(), trailer }
}

/// Wire asks and hyper answers: what hyper read, and what wire read.
async fn wire_asks(asks: &Message, answers: &Message, sent: (Sent, Sent), room: usize) -> (Message, Message) {
    let (near, far) = tokio::io::duplex(room);
    let (heard, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let answer = answers.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (answer, heard) = (answer.clone(), heard.clone());
        async move {
            let (parts, body) = request.into_parts();
            let message = collected(format!("{} {}", parts.method, parts.uri), parts.headers, body).await;
            heard.send(message).unwrap();
            Response::builder()
                .status(answer.start.parse::<u16>().unwrap())
                .header("x-test", &answer.field[..])
                .header("trailer", "x-end")
                .body(hyper_body(&answer.body, sent.1))
        }
    });
    let serving =
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service));
    let mut wire = Wire::new(near);
    let mut request = Vec::new();
    let (method, target) = asks.start.split_once(' ').unwrap();
    let (framing, body) = framed(&asks.body, sent.0);
    HeadWriter::request(&mut request, method, target)
        .field("host", "test")
        .field("te", "trailers")
        .field("x-test", &asks.field)
        .framing(framing)
        .end();
    if sent.1 == Sent::UntilClose {
        let at = request.windows(8).position(|window| window == b"HTTP/1.1").unwrap();
        request[at + 7] = b'0';
    }
    request.extend(body);
    wire.stream.write_all(&request).await.unwrap();
    let read = wire.read_response(method == "HEAD").await;
    drop(wire);
    let _ = serving.await.unwrap();
    (requests.recv().await.unwrap(), read)
}

/// Hyper asks and wire answers: what wire read, and what hyper read.
async fn hyper_asks(
    asks: &Message,
    answers: &Message,
    sent: (Sent, Sent),
    room: usize,
) -> (Message, Message) {
    let (near, far) = tokio::io::duplex(room);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near)).await.unwrap();
    let connection = tokio::spawn(connection);
    let (method, target) = asks.start.split_once(' ').unwrap();
    let answer = answers.clone();
    let to_head = method == "HEAD";
    let serving = tokio::spawn(async move {
        let mut wire = Wire::new(far);
        let heard = wire.read_request().await;
        let (framing, body) = framed(&answer.body, sent.1);
        let mut out = Vec::new();
        HeadWriter::response(&mut out, 103).field("link", "</a>").end();
        HeadWriter::response(&mut out, answer.start.parse().unwrap())
            .field("x-test", &answer.field)
            .field("connection", "close")
            .framing(framing)
            .end();
        if !to_head {
            out.extend(body);
        }
        wire.stream.write_all(&out).await.unwrap();
        heard
    });
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", "test")
        .header("x-test", &asks.field[..])
        .header("trailer", "x-end")
        .body(hyper_body(&asks.body, sent.0))
        .unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let read = collected(parts.status.as_u16().to_string(), parts.headers, body).await;
    let _ = connection.await.unwrap();
    (serving.await.unwrap(), read)
}

fn message(start: &'static [&'static str]) -> impl Strategy<Value = Message> {
    let field = proptest::string::string_regex("[!-~]([ -~]{0,30}[!-~])?").unwrap();
    (prop::sample::select(start), field, vec(any::<u8>(), 0..700)).prop_map(|(start, field, body)| Message {
        start: start.into(),
        field: field.into_bytes(),
        body,
        trailer: None,
    })
}

fn expected(message: &Message, sent: Sent) -> Message {
    Message { trailer: (sent == Sent::InChunks).then(|| b"of it".to_vec()), ..message.clone() }
}

fn in_runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

const ASKS: &[&str] = &["GET /", "POST /orders/1?a=b", "PUT /x", "HEAD /y"];
const ANSWERS: &[&str] = &["200", "404", "503", "299"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn hyper_reads_the_requests_that_wire_writes_and_wire_reads_the_answers_of_hyper(
        asks in message(ASKS),
        answers in message(ANSWERS),
        sent in prop::sample::select(vec![Sent::Whole, Sent::InChunks]),
        answered in prop::sample::select(vec![Sent::Whole, Sent::InChunks, Sent::UntilClose]),
        room in 1usize..3000,
    ) {
        // A request of HTTP/1.0 has no chunks.
        prop_assume!(answered != Sent::UntilClose || sent == Sent::Whole);
        let (heard, read) = in_runtime(wire_asks(&asks, &answers, (sent, answered), room));
        prop_assert_eq!(heard, expected(&asks, sent));
        let mut expected = expected(&answers, answered);
        if asks.start.starts_with("HEAD") {
            (expected.body, expected.trailer) = (Vec::new(), None);
        }
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn wire_reads_the_requests_of_hyper_and_hyper_reads_the_answers_that_wire_writes(
        asks in message(ASKS),
        answers in message(ANSWERS),
        sent in prop::sample::select(vec![Sent::Whole, Sent::InChunks]),
        answered in prop::sample::select(vec![Sent::Whole, Sent::InChunks, Sent::UntilClose]),
        room in 1usize..3000,
    ) {
        // To methods that seldom have a body hyper gives none whose length it does not know.
        prop_assume!(sent == Sent::Whole || asks.start.starts_with('P'));
        let (heard, read) = in_runtime(hyper_asks(&asks, &answers, (sent, answered), room));
        prop_assert_eq!(heard, expected(&asks, sent));
        let mut expected = expected(&answers, answered);
        if asks.start.starts_with("HEAD") {
            (expected.body, expected.trailer) = (Vec::new(), None);
        }
        prop_assert_eq!(read, expected);
    }
}

#[test]
fn answers_that_have_no_body_end_with_their_head_on_both_sides() {
    let asks = Message { start: "GET /".into(), field: b"a".to_vec(), ..Message::default() };
    for status in ["204", "304"] {
        let answers = Message { start: status.into(), field: b"b".to_vec(), ..Message::default() };
        let (_, read) = in_runtime(wire_asks(&asks, &answers, (Sent::Whole, Sent::Whole), 100));
        assert_eq!(read, answers);
        let (_, read) = in_runtime(hyper_asks(&asks, &answers, (Sent::Whole, Sent::UntilClose), 100));
        assert_eq!(read, answers);
    }
}
