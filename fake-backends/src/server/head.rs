//! What a backend has to know of a request head.

use evidence::{Method, Stamp, TAG_HEADER, Tag};
use wire::{FieldSlots, Framing, HeadError, HeadReader, Limits};

use super::decide::may_hit;
use crate::PoolSpec;

/// A request head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Its bytes.
    pub(super) length: usize,
    pub(super) method: Method,
    /// The tag, if it is one of this run.
    pub(super) tag: Option<Tag>,
    /// What it carries where that is none.
    pub(super) stamp: Stamp,
    /// The path of what has no tag of this run, for its record.
    pub(super) path: Option<Box<str>>,
    /// How the body is framed, or the status that refuses it.
    pub(super) framing: Result<Framing, u16>,
    /// Whether the client means to go on with this connection.
    pub(super) keeps_alive: bool,
    /// Whether the client waits for "100 Continue" before it sends the body.
    pub(super) expects_continue: bool,
    /// The injections whose conditions it meets, one bit each.
    pub(super) may_hit: u64,
}

/// Reads a head at the start of `bytes`: `None` if it is not whole yet, the status that refuses it if it is none.
/// `injections` are those of the backend.
pub(super) fn read(
    reader: &mut HeadReader,
    bytes: &[u8],
    limits: &Limits,
    spec: &PoolSpec,
    injections: &[u16],
) -> Result<Option<Head>, u16> {
    let mut slots = FieldSlots::new();
    let head = match reader.request(bytes, &mut slots, limits) {
        Ok(Some(head)) => head,
        Ok(None) => return Ok(None),
        Err(HeadError::Malformed) => return Err(400),
        Err(HeadError::TooLarge | HeadError::TooManyFields) => return Err(431),
    };
    let in_header = head.fields.get(TAG_HEADER).map(|value| Tag::parse(value, spec.nonce));
    // A gateway that drops headers may leave the target as it is.
    let in_target = || Tag::find_in(head.target.as_bytes(), spec.nonce).map(Some);
    let (tag, stamp) = match in_header.or_else(in_target) {
        None => (None, Stamp::Untagged),
        Some(None) => (None, Stamp::Foreign),
        Some(Some(tag)) if tag.0 < spec.exchanges_max => (Some(tag), Stamp::Untagged),
        Some(Some(_)) => (None, Stamp::Forged),
    };
    let framing = head.framing().map_err(|_| 400);
    let path = tag.is_none().then(|| path(head.target));
    Ok(Some(Head {
        length: head.length,
        method: Method::parse(head.method),
        tag,
        stamp,
        path,
        framing,
        // After a body whose end can't be told, nothing on the connection can be read.
        keeps_alive: head.keeps_alive() && framing.is_ok(),
        expects_continue: head.expects_continue(),
        may_hit: may_hit(spec, injections, &head, tag.is_none()),
    }))
}

/// The longest path that is kept, in bytes.
const PATH_MAX: usize = 200;

/// What stands before a query, which may hold a secret; cut where it is too long.
fn path(target: &str) -> Box<str> {
    let path = target.split('?').next().unwrap_or_default();
    path[..path.floor_char_boundary(PATH_MAX)].into()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read_whole(text: &str) -> Result<Option<Head>, u16> {
        let spec = PoolSpec {
            backends: Vec::new(),
            injections: Vec::new(),
            seed: 7,
            nonce: evidence::RunNonce(7),
            exchanges_max: 100,
            connections_max: 1,
            request_body_max: units::Size(0),
            record: None,
        };
        read(&mut HeadReader::new(), text.as_bytes(), &Limits::default(), &spec, &[])
    }

    fn head(fields: &str) -> Head {
        read_whole(&format!("POST /orders HTTP/1.1\r\nhost: a\r\n{fields}\r\n")).unwrap().unwrap()
    }

    #[rstest]
    #[case("0000000000000007-42", Some(Tag(42)), Stamp::Untagged)]
    #[case("0000000000000008-42", None, Stamp::Foreign)]
    #[case("0000000000000007-100", None, Stamp::Forged)]
    #[case("0000000000000007--5", None, Stamp::Foreign)]
    #[case("junk", None, Stamp::Foreign)]
    fn only_tags_that_this_run_gave_out_count(
        #[case] value: &str,
        #[case] expected: Option<Tag>,
        #[case] stamp: Stamp,
    ) {
        let head = head(&format!("X-Brownout-Tag: {value}\r\n"));
        assert_eq!((head.tag, head.stamp), (expected, stamp));
        assert_eq!(self::head("").stamp, Stamp::Untagged);
    }

    #[test]
    fn a_tag_in_the_target_counts_where_the_header_was_dropped() {
        let without =
            read_whole("GET /orders?t=0000000000000007-5 HTTP/1.1\r\nhost: a\r\n\r\n").unwrap().unwrap();
        assert_eq!(without.tag, Some(Tag(5)));
        let both =
            read_whole("GET /0000000000000007-5 HTTP/1.1\r\nx-brownout-tag: 0000000000000007-6\r\n\r\n");
        assert_eq!(both.unwrap().unwrap().tag, Some(Tag(6)));
    }

    #[test]
    fn a_body_whose_end_is_told_in_two_ways_is_refused_and_ends_the_connection() {
        let wrong = head("transfer-encoding: chunked\r\ncontent-length: 5\r\n");
        assert_eq!((wrong.framing, wrong.keeps_alive), (Err(400), false));
        assert_eq!(head("content-length: 12\r\n").framing, Ok(Framing::Length(12)));
        assert_eq!(head("").framing, Ok(Framing::Bodiless));
    }

    #[test]
    fn what_is_no_head_and_what_is_too_large_get_different_statuses() {
        let fields = "a: b\r\n".repeat(101);
        assert_eq!(read_whole(&format!("GET / HTTP/1.1\r\n{fields}\r\n")), Err(431));
        assert_eq!(read_whole("\x16\x03\x01 hello\r\n\r\n"), Err(400));
        assert_eq!(read_whole("GET / HTTP/1.1\r\nhost"), Ok(None));
    }
}
