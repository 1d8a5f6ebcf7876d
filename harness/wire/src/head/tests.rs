//! Heads, whole and in pieces, good and bad.

use rstest::rstest;

use super::*;

fn response(bytes: &[u8]) -> Result<Option<u16>, HeadError> {
    let mut slots = FieldSlots::new();
    let head = HeadReader::new().response(bytes, &mut slots, &Limits::default())?;
    Ok(head.map(|head| head.status))
}

#[test]
fn a_request_tells_method_target_fields_and_where_its_body_begins() {
    let bytes = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nAccept:  y/z \r\n\r\nbody";
    let mut slots = FieldSlots::new();
    let head = HeadReader::new().request(bytes, &mut slots, &Limits::default()).unwrap().unwrap();
    assert_eq!((head.method, head.target, head.version), ("POST", "/a?b=c", Version::Http11));
    assert_eq!(head.length, bytes.len() - 4);
    assert_eq!(head.fields.get("accept"), Some(&b"y/z"[..]));
    assert_eq!(head.fields.get("absent"), None);
    let names: Vec<_> = head.fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["Host", "Accept"]);
}

#[rstest]
#[case("1.1", "", true)]
#[case("1.1", "connection: close\r\n", false)]
#[case("1.1", "connection: foo, Close\r\n", false)]
#[case("1.1", "connection: keep-alive\r\nconnection: close\r\n", false)]
#[case("1.0", "", false)]
#[case("1.0", "connection: Keep-Alive\r\n", true)]
fn a_connection_goes_on_as_version_and_fields_say(
    #[case] version: &str,
    #[case] fields: &str,
    #[case] expected: bool,
) {
    let text = format!("HTTP/{version} 200 OK\r\n{fields}\r\n");
    let mut slots = FieldSlots::new();
    let head = HeadReader::new().response(text.as_bytes(), &mut slots, &Limits::default());
    assert_eq!(head.unwrap().unwrap().keeps_alive(), expected);
    let text = format!("GET / HTTP/{version}\r\n{fields}\r\n");
    let mut slots = FieldSlots::new();
    let head = HeadReader::new().request(text.as_bytes(), &mut slots, &Limits::default());
    assert_eq!(head.unwrap().unwrap().keeps_alive(), expected);
}

#[test]
fn only_a_client_of_http_1_1_waits_for_an_interim_answer() {
    for (version, expected) in [("1.1", true), ("1.0", false)] {
        let text = format!("PUT / HTTP/{version}\r\nexpect: 100-Continue\r\n\r\n");
        let mut slots = FieldSlots::new();
        let head = HeadReader::new().request(text.as_bytes(), &mut slots, &Limits::default());
        assert_eq!(head.unwrap().unwrap().expects_continue(), expected);
    }
}

#[test]
fn all_interim_answers_but_a_switch_of_protocols_are_followed_by_another() {
    for (status, expected) in [(100, true), (101, false), (102, true), (103, true), (199, true), (200, false)]
    {
        let text = format!("HTTP/1.1 {status} x\r\n\r\n");
        let mut slots = FieldSlots::new();
        let head = HeadReader::new().response(text.as_bytes(), &mut slots, &Limits::default());
        assert_eq!(head.unwrap().unwrap().is_interim(), expected, "{status}");
    }
}

#[rstest]
#[case(b"SSH-2.0-OpenSSH_9.2\r\n")]
#[case(b"what?\r\n")]
#[case(b"HTTP/2.0 200 OK\r\n\r\n")]
#[case(b"HTTP/1.1 099 x\r\n\r\n")]
#[case(b"HTTP/1.1 2000 x\r\n\r\n")]
#[case(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
#[case(b"HTTP/1.1 200 OK\r\na : b\r\n\r\n")]
#[case(b"HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n")]
#[case(b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n")]
#[case(b"\r\n\r\n\r\n\r\n\r\n")]
fn what_is_no_answer_is_told_at_once(#[case] bytes: &[u8]) {
    assert_eq!(response(bytes), Err(HeadError::Malformed));
}

#[test]
fn one_empty_line_before_the_start_line_is_passed_over() {
    assert_eq!(response(b"\r\nHTTP/1.1 200 OK\r\n\r\n"), Ok(Some(200)));
}

#[test]
fn limits_are_errors_of_their_own() {
    let limits = Limits { head_bytes: 100, head_fields: 3, ..Limits::default() };
    let read = |text: &str| {
        let mut slots = FieldSlots::new();
        HeadReader::new()
            .response(text.as_bytes(), &mut slots, &limits)
            .map(|head| head.map(|head| head.length))
    };
    let of_fields = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(count));
    assert!(matches!(read(&of_fields(3)), Ok(Some(_))));
    assert_eq!(read(&of_fields(4)), Err(HeadError::TooManyFields));
    let of_bytes = |count: usize| format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(count - 24));
    assert_eq!(read(&of_bytes(100)), Ok(Some(100)));
    assert_eq!(read(&of_bytes(101)), Err(HeadError::TooLarge));
    assert_eq!(read(&of_bytes(101)[..99]), Ok(None));
    assert_eq!(read(&of_bytes(101)[..100]), Err(HeadError::TooLarge));
    assert!(HeadError::TooLarge.is_beyond_limits() && !HeadError::Malformed.is_beyond_limits());
}

#[test]
fn a_head_that_comes_byte_by_byte_is_parsed_a_few_times_only() {
    let text = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(60_000));
    let mut reader = HeadReader::new();
    let (mut parses, mut before) = (0, 0);
    for end in 1..=text.len() {
        let mut slots = FieldSlots::new();
        let head = reader.response(&text.as_bytes()[..end], &mut slots, &Limits::default()).unwrap();
        assert_eq!(head.is_some(), end == text.len());
        parses += usize::from(reader.parsed != before);
        before = reader.parsed;
    }
    assert!(parses < 20, "{parses}");
}

#[test]
fn bytes_that_will_not_grow_are_parsed_once_more_on_request() {
    let mut reader = HeadReader::new();
    let limits = Limits::default();
    assert!(reader.response(b"HTTP/1.1 200 OK\r\n", &mut FieldSlots::new(), &limits).unwrap().is_none());
    let wrong = b"HTTP/1.1 200 OK\r\n: b\r\n";
    assert!(reader.response(wrong, &mut FieldSlots::new(), &limits).unwrap().is_none(), "not doubled");
    reader.restart();
    assert_eq!(reader.response(wrong, &mut FieldSlots::new(), &limits).err(), Some(HeadError::Malformed));
}
