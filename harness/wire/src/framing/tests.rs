//! The rules, row by row.

use rstest::rstest;

use super::Framing;
use crate::{FieldSlots, FramingError, HeadReader, Limits};

fn of_request(version: &str, fields: &str) -> Result<Framing, FramingError> {
    let text = format!("POST / HTTP/{version}\r\nhost: a\r\n{fields}\r\n");
    let mut slots = FieldSlots::new();
    let head = HeadReader::new().request(text.as_bytes(), &mut slots, &Limits::default());
    head.unwrap().unwrap().framing()
}

fn of_response(status: &str, fields: &str, to_head: bool) -> Result<Framing, FramingError> {
    let text = format!("HTTP/{status} x\r\n{fields}\r\n");
    let mut slots = FieldSlots::new();
    let head = HeadReader::new().response(text.as_bytes(), &mut slots, &Limits::default());
    head.unwrap().unwrap().framing(to_head)
}

#[rstest]
#[case("", Ok(Framing::Bodiless))]
#[case("content-length: 0\r\n", Ok(Framing::Bodiless))]
#[case("Content-Length: 12\r\n", Ok(Framing::Length(12)))]
#[case("content-length: 18446744073709551615\r\n", Ok(Framing::Length(u64::MAX)))]
#[case("content-length: 5\r\ncontent-length: 5\r\n", Ok(Framing::Length(5)))]
#[case("content-length: 5, 5\r\n", Ok(Framing::Length(5)))]
#[case("content-length: 5\r\ncontent-length: 6\r\n", Err(FramingError::TwoLengths))]
#[case("content-length: 5, 6\r\n", Err(FramingError::TwoLengths))]
#[case("content-length: +5\r\n", Err(FramingError::Length))]
#[case("content-length: -5\r\n", Err(FramingError::Length))]
#[case("content-length: 0x5\r\n", Err(FramingError::Length))]
#[case("content-length: 5 5\r\n", Err(FramingError::Length))]
#[case("content-length:\r\n", Err(FramingError::Length))]
#[case("content-length: 5,\r\n", Err(FramingError::Length))]
#[case("content-length: 18446744073709551616\r\n", Err(FramingError::Length))]
#[case("transfer-encoding: Chunked\r\n", Ok(Framing::Chunked))]
#[case("transfer-encoding: gzip, chunked\r\n", Err(FramingError::Coding))]
#[case("transfer-encoding: gzip\r\n", Err(FramingError::Coding))]
#[case("transfer-encoding:\r\n", Err(FramingError::Coding))]
#[case("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", Err(FramingError::Coding))]
#[case("transfer-encoding: xchunked\r\n", Err(FramingError::Coding))]
#[case("transfer-encoding: chunked\r\ncontent-length: 5\r\n", Err(FramingError::LengthAndCoding))]
fn the_body_of_a_request_is_framed_by_its_fields_and_contradictions_are_refused(
    #[case] fields: &str,
    #[case] expected: Result<Framing, FramingError>,
) {
    assert_eq!(of_request("1.1", fields), expected);
}

#[rstest]
#[case("", Ok(Framing::UntilClose))]
#[case("content-length: 0\r\n", Ok(Framing::Length(0)))]
#[case("content-length: 12\r\n", Ok(Framing::Length(12)))]
#[case("content-length: 1\r\ncontent-length: 2\r\n", Err(FramingError::TwoLengths))]
#[case("content-length: many\r\n", Err(FramingError::Length))]
#[case("transfer-encoding: chunked\r\n", Ok(Framing::Chunked))]
#[case("transfer-encoding: gzip, chunked\r\n", Ok(Framing::Chunked))]
#[case("transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n", Ok(Framing::Chunked))]
#[case("transfer-encoding: gzip\r\n", Ok(Framing::UntilClose))]
#[case("transfer-encoding: chunked, gzip\r\n", Ok(Framing::UntilClose))]
#[case("transfer-encoding: chunked, chunked\r\n", Err(FramingError::Coding))]
#[case("content-length: 5\r\ntransfer-encoding: chunked\r\n", Err(FramingError::LengthAndCoding))]
fn the_body_of_an_answer_is_framed_by_its_fields_and_contradictions_are_refused(
    #[case] fields: &str,
    #[case] expected: Result<Framing, FramingError>,
) {
    assert_eq!(of_response("1.1 200", fields, false), expected);
}

#[test]
fn some_answers_have_no_body_whatever_their_fields_say() {
    for fields in ["", "content-length: 5\r\n", "transfer-encoding: chunked\r\n", "content-length: x\r\n"] {
        for status in ["1.1 100", "1.1 101", "1.1 103", "1.1 199", "1.1 204", "1.1 304"] {
            assert_eq!(of_response(status, fields, false), Ok(Framing::Bodiless), "{status} {fields}");
        }
        assert_eq!(of_response("1.1 200", fields, true), Ok(Framing::Bodiless), "to HEAD: {fields}");
    }
}

#[test]
fn http_1_0_knows_no_transfer_coding() {
    let coded = "transfer-encoding: chunked\r\n";
    assert_eq!(of_request("1.0", coded), Err(FramingError::CodingInHttp10));
    assert_eq!(of_response("1.0 200", coded, false), Err(FramingError::CodingInHttp10));
    assert_eq!(of_request("1.0", "content-length: 3\r\n"), Ok(Framing::Length(3)));
    assert_eq!(of_response("1.0 200", "", false), Ok(Framing::UntilClose));
}
