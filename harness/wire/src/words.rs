//! The characters of which names, values and paths are made (RFC 9110, section 5.6; RFC 3986, section 3.3).

pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Visible characters, blanks, and bytes beyond ASCII.
pub(crate) fn is_field_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// Whether it can be a method or the name of a field.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Whether it can be the value of a field, as a careful sender writes one: without bytes beyond ASCII.
pub fn is_field_value(text: &str) -> bool {
    text.bytes().all(|byte| is_field_byte(byte) && byte.is_ascii())
}

/// Whether it can be the path and query of a request: it begins with `/` and has no blank, no fragment, and nothing that no
/// URI can have.
pub fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#<>`".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_values_and_paths_are_told_from_what_would_break_a_head() {
        for (text, token, value, path) in [
            ("", false, true, false),
            ("GET", true, true, false),
            ("x-a_b", true, true, false),
            ("a b", false, true, false),
            ("a:b", false, true, false),
            ("a\r\nb", false, false, false),
            ("a\0", false, false, false),
            ("\u{e9}", false, false, false),
            ("/a?b=%20{n}", false, true, true),
            ("/a b", false, true, false),
            ("/a#b", false, true, false),
            ("http://x/", false, true, false),
        ] {
            assert_eq!(
                (is_token(text), is_field_value(text), is_path(text)),
                (token, value, path),
                "{text:?}"
            );
        }
    }
}
