//! Writes heads and chunks to the end of a buffer, which is used again and again.

use crate::framing::Framing;

/// Writes one head: the start line, fields, and at last the empty line. Names and values are written as they are given;
/// [`is_token`](crate::is_token), [`is_field_value`](crate::is_field_value) and [`is_path`](crate::is_path) say what can be
/// written without breaking the head.
pub struct HeadWriter<'out> {
    out: &'out mut Vec<u8>,
}

impl<'out> HeadWriter<'out> {
    /// Begins the head of a request.
    pub fn request(out: &'out mut Vec<u8>, method: &str, target: &str) -> Self {
        for part in [method, " ", target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        HeadWriter { out }
    }

    /// Begins the head of an answer.
    pub fn response(out: &'out mut Vec<u8>, status: u16) -> Self {
        out.extend_from_slice(b"HTTP/1.1 ");
        decimal(out, u64::from(status));
        out.push(b' ');
        // The phrase may be empty, the blank before it may not be left out (RFC 9112, section 4).
        out.extend_from_slice(phrase(status).as_bytes());
        out.extend_from_slice(b"\r\n");
        HeadWriter { out }
    }

    /// Writes a field.
    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.field_with(name, |out| out.extend_from_slice(value.as_ref()))
    }

    /// Writes a field whose value is a number.
    pub fn number(self, name: &str, value: u64) -> Self {
        self.field_with(name, |out| decimal(out, value))
    }

    /// Writes a field whose value is appended by `value`.
    pub fn field_with(self, name: &str, value: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        value(self.out);
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Writes the field that says how the body is framed, if there is one for that.
    pub fn framing(self, framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => self.number("content-length", length),
            Framing::Chunked => self.field("transfer-encoding", "chunked"),
            Framing::Bodiless | Framing::UntilClose => self,
        }
    }

    /// Ends the head.
    pub fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }
}

/// Appends a chunk. An empty one is not written, since it would end the body.
pub fn write_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if !data.is_empty() {
        write_chunk_size(out, data.len() as u64);
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends the size line of a chunk; its bytes and CRLF have to follow.
pub fn write_chunk_size(out: &mut Vec<u8>, size: u64) {
    let digits = (u64::BITS - size.leading_zeros()).div_ceil(4).max(1);
    out.extend((0..digits).rev().map(|digit| b"0123456789ABCDEF"[(size >> (digit * 4) & 15) as usize]));
    out.extend_from_slice(b"\r\n");
}

/// Appends the last chunk, and the trailer fields that follow it.
pub fn write_last_chunk(out: &mut Vec<u8>, trailers: &[(&str, &str)]) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        for part in [name, ": ", value, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends decimal digits, without the cost of the formatting machinery, which shows at 100 000 messages a second.
pub fn decimal(out: &mut Vec<u8>, mut number: u64) {
    // The largest number has 20 digits.
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[start..]);
        }
    }
}

/// Appends 16 hexadecimal digits.
pub fn hexadecimal(out: &mut Vec<u8>, number: u64) {
    out.extend((0..16).rev().map(|digit| b"0123456789abcdef"[(number >> (digit * 4) & 15) as usize]));
}

fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        404 => "Not Found",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_written_as_it_is_told() {
        let mut out = Vec::new();
        HeadWriter::request(&mut out, "POST", "/a?b").field("host", "c").framing(Framing::Length(7)).end();
        HeadWriter::response(&mut out, 299).number("a", 0).framing(Framing::Chunked).end();
        HeadWriter::response(&mut out, 503).framing(Framing::UntilClose).end();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "POST /a?b HTTP/1.1\r\nhost: c\r\ncontent-length: 7\r\n\r\n\
             HTTP/1.1 299 \r\na: 0\r\ntransfer-encoding: chunked\r\n\r\n\
             HTTP/1.1 503 Service Unavailable\r\n\r\n"
        );
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for number in [0, 9, 10, 255, 256, 65_536, u64::MAX] {
            let (mut decimals, mut digits, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
            decimal(&mut decimals, number);
            hexadecimal(&mut digits, number);
            assert_eq!(String::from_utf8(digits).unwrap(), format!("{number:016x}"));
            write_chunk_size(&mut sizes, number);
            assert_eq!(String::from_utf8(decimals).unwrap(), number.to_string());
            assert_eq!(String::from_utf8(sizes).unwrap(), format!("{number:X}\r\n"));
        }
    }

    #[test]
    fn an_empty_chunk_does_not_end_the_body() {
        let mut out = Vec::new();
        write_chunk(&mut out, b"");
        assert!(out.is_empty());
    }
}
