//! The record batches of an Arrow IPC stream, each looked at before it is unpacked.
//!
//! Arrow's own reader believes what a message says of itself: it makes room for whatever a batch says that it unpacks to,
//! and panics where a buffer lies outside of its message. Here a message is read only if the file is as long as it says,
//! and unpacked only if its buffers lie in it and what they unpack to is within bounds.

use std::any::Any;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer as Bytes;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{Buffer, FieldNode, Message, MessageHeader, root_as_message};

/// What stands before each message since version 0.15 of the format.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The largest description of a batch, in bytes. Ours have two to three KiB.
const DESCRIPTION_MAX: u64 = 1 << 20;

/// Rows in one batch. The recorder writes 4096 at most; other tools that write our tables may put more into one.
const BATCH_ROWS_MAX: i64 = 1 << 24;

/// What a table may unpack to: this many bytes in any case, and so many times its size on disk. Real tables unpack to
/// 3 to 20 times their size; half a megabyte of zstd can be made to unpack to gigabytes.
const UNPACKED_FREE: u64 = 64 << 20;
const UNPACKED_TIMES: u64 = 200;

/// Reads batch by batch. After the first that can't be read there is none.
pub(super) struct Frames<R> {
    input: R,
    /// Bytes of the file that were not read yet.
    left: u64,
    /// Bytes that may still be unpacked.
    budget: u64,
    decoder: StreamDecoder,
    over: bool,
}

/// One message: its description with what stands before it, and its body.
struct Frame {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl<R: Read> Frames<R> {
    /// The batches of a file of `bytes` bytes.
    pub(super) fn new(input: R, bytes: u64) -> Self {
        let budget = UNPACKED_FREE + bytes.saturating_mul(UNPACKED_TIMES);
        Frames { input, left: bytes, budget, decoder: StreamDecoder::new(), over: false }
    }

    /// True once the head of the table, with its columns, was read.
    pub(super) fn has_schema(&self) -> bool {
        self.decoder.schema().is_some()
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, String> {
        while let Some(frame) = self.frame()? {
            // The decoder indexes and asserts by what the bytes say. What the checks before did not foresee is damage of
            // this batch, and no reason to lose the ones before it. Afterwards the decoder is not used again.
            let decoded = catch_unwind(AssertUnwindSafe(|| self.decode(frame)));
            if let Some(batch) = decoded.map_err(|panic| panic_text(&*panic))?? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn decode(&mut self, frame: Frame) -> Result<Option<RecordBatch>, String> {
        for part in [frame.head, frame.body] {
            let mut part = Bytes::from_vec(part);
            while !part.is_empty() {
                if let Some(batch) = self.decoder.decode(&mut part).map_err(|error| error.to_string())? {
                    return Ok(Some(batch));
                }
            }
        }
        Ok(None)
    }

    /// The next message; nothing at the end of the stream, which a run that was cut never wrote.
    fn frame(&mut self) -> Result<Option<Frame>, String> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut head = self.take(8)?;
        if head[..4] != CONTINUATION {
            return Err("it does not begin as a batch does".into());
        }
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if length == 0 {
            return Ok(None);
        }
        if u64::from(length) > DESCRIPTION_MAX {
            return Err(format!("its description has {length} bytes, at most {DESCRIPTION_MAX} are read"));
        }
        let description = self.take(u64::from(length))?;
        let message = root_as_message(&description).map_err(|error| first_line(&error.to_string()))?;
        let body_length = u64::try_from(message.bodyLength()).map_err(|_| "its length is negative")?;
        let body = self.take(body_length)?;
        let unpacked = check(&message, &body)?;
        self.budget = self.budget.checked_sub(unpacked).ok_or("it unpacks to more than a run writes")?;
        head.extend_from_slice(&description);
        Ok(Some(Frame { head, body }))
    }

    /// The next `count` bytes. Room is made only for what the file has.
    fn take(&mut self, count: u64) -> Result<Vec<u8>, String> {
        if count > self.left {
            return Err("the file ends in the middle of it".into());
        }
        self.left -= count;
        let mut bytes = vec![0; usize::try_from(count).map_err(|_| "it is longer than memory")?];
        self.input.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "the file ends in the middle of it".to_owned(),
            _ => error.to_string(),
        })?;
        Ok(bytes)
    }
}

impl<R: Read> Iterator for Frames<R> {
    type Item = Result<RecordBatch, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.next_batch().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// What a message unpacks to, in bytes, if its buffers lie in its body and its rows are within bounds.
fn check(message: &Message<'_>, body: &[u8]) -> Result<u64, String> {
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|words| words.data()),
        MessageHeader::Schema => return Ok(0),
        _ => return Err("it is neither a head nor a batch".into()),
    };
    let batch = batch.ok_or("it has no content")?;
    let lengths = batch.nodes().into_iter().flatten().map(FieldNode::length);
    if let Some(rows) = lengths.chain([batch.length()]).find(|rows| !(0..=BATCH_ROWS_MAX).contains(rows)) {
        return Err(format!("it says that it has {rows} rows, at most {BATCH_ROWS_MAX} are read"));
    }
    let is_packed = batch.compression().is_some();
    let mut unpacked: u64 = 0;
    for buffer in batch.buffers().into_iter().flatten() {
        let bytes = lying_in(buffer, body).ok_or("a column of it lies outside of it")?;
        let length = match bytes.first_chunk() {
            // −1 says that these bytes are not packed.
            Some(said) if is_packed && i64::from_le_bytes(*said) != -1 => i64::from_le_bytes(*said),
            _ => bytes.len() as i64,
        };
        let length = u64::try_from(length).map_err(|_| "a column of it unpacks to a negative length")?;
        unpacked = unpacked.saturating_add(length);
    }
    Ok(unpacked)
}

fn lying_in<'a>(buffer: &Buffer, body: &'a [u8]) -> Option<&'a [u8]> {
    let start = usize::try_from(buffer.offset()).ok()?;
    let length = usize::try_from(buffer.length()).ok()?;
    body.get(start..start.checked_add(length)?)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    first_line(text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it can't be decoded"))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
