//! C# expressions are taken out before the XML is read: every second public policy has quotes and angle brackets in them, and is
//! no well-formed XML. What stands there instead is as long, so that all places stay.

use std::ops::Range;

/// How deep holes of interpolated texts lie in each other.
const DEPTH_MAX: u32 = 16;

/// The text with a letter in place of each byte of an expression, and where the expressions are: `@(…)` or `@{…}`.
pub(crate) fn without_expressions(text: &str) -> (String, Vec<Range<usize>>) {
    let mut made = text.as_bytes().to_vec();
    let mut found = Vec::new();
    // The last byte that is no space: an expression is all of an attribute or of a text.
    let (mut at, mut before) = (0, b'>');
    while at < text.len() {
        let rest = &text[at..];
        let skipped = if rest.starts_with("<!--") { rest.find("-->") } else { None };
        let skipped = skipped.or_else(|| rest.starts_with("<![CDATA[").then(|| rest.find("]]>"))?);
        if let Some(skipped) = skipped {
            // Two dashes in a comment are no XML either, and public policies have them.
            if rest.starts_with("<!--") && skipped > 4 {
                blank(&mut made[at + 4..at + skipped]);
            }
            at += skipped + 3;
            before = b'>';
            continue;
        }
        let byte = rest.as_bytes()[0];
        if byte == b'@'
            && matches!(before, b'"' | b'\'' | b'>')
            && let Some(length) = expression(&rest[1..])
        {
            blank(&mut made[at..=at + length]);
            found.push(at..at + 1 + length);
            at += 1 + length;
            before = b'x';
            continue;
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
        at += 1;
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    (String::from_utf8(made).unwrap_or_else(|_| text.to_owned()), found)
}

/// Puts a letter in place of each byte, and keeps the lines.
fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'x');
}

/// How long the brackets are that begin here, with all that is in them; nothing if they have no end.
fn expression(text: &str) -> Option<usize> {
    if text.starts_with(['(', '{']) { brackets(text, DEPTH_MAX) } else { None }
}

fn brackets(text: &str, depth: u32) -> Option<usize> {
    let (mut at, mut open) = (0, 0_u32);
    let depth = depth.checked_sub(1)?;
    while at < text.len() {
        let rest = &text[at..];
        at += match literal(rest, depth)? {
            0 => {
                match rest.as_bytes()[0] {
                    b'(' | b'{' | b'[' => open += 1,
                    b')' | b'}' | b']' => open = open.checked_sub(1)?,
                    _ => {}
                }
                if open == 0 {
                    return Some(at + 1);
                }
                rest.chars().next().map_or(1, char::len_utf8)
            }
            length => length,
        };
    }
    None
}

/// How long the comment, text or letter is that begins here; 0 if none does, nothing if it has no end.
fn literal(rest: &str, depth: u32) -> Option<usize> {
    let until = |open: usize, end: &str| rest[open..].find(end).map(|found| open + found + end.len());
    if rest.starts_with("//") {
        return Some(until(2, "\n").unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    if rest.starts_with('\'') {
        return Some(letter(rest));
    }
    let signs = rest.find(|sign| sign != '$' && sign != '@').unwrap_or(rest.len());
    let (signs, body) = rest.split_at(signs);
    let Some(quote) = ["\"", "&quot;"].into_iter().find(|quote| body.starts_with(quote)) else {
        return Some(0);
    };
    if signs.len() > 2 {
        return Some(0);
    }
    let (verbatim, interpolated) = (signs.contains('@'), signs.contains('$'));
    let mut at = signs.len() + quote.len();
    while at < rest.len() {
        let inside = &rest[at..];
        if let Some(more) = inside.strip_prefix(quote) {
            if !(verbatim && more.starts_with(quote)) {
                return Some(at + quote.len());
            }
            at += 2 * quote.len();
        } else if interpolated && (inside.starts_with("{{") || inside.starts_with("}}")) {
            at += 2;
        } else if interpolated && inside.starts_with('{') {
            at += brackets(inside, depth)?;
        } else if inside.starts_with('\\') && !verbatim {
            at += 1 + inside[1..].chars().next().map_or(0, char::len_utf8);
        } else {
            at += inside.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

/// How long a letter in single quotes is: `'a'`, `'\''`, `'\u0041'`. A quote that opens none is passed over.
fn letter(rest: &str) -> usize {
    let from = if rest[1..].starts_with('\\') { 3 } else { 2 };
    let within = rest.get(..rest.len().min(12)).unwrap_or("");
    within.get(from..).and_then(|tail| tail.find('\'')).map_or(1, |found| from + found + 1)
}

/// A text with the five entities of XML and those by number in letters.
pub(crate) fn decoded(text: &str) -> String {
    let (mut made, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        made.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.find(';').filter(|end| *end <= 9).map(|end| (&rest[1..end], &rest[end + 1..]));
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let letter = entity.and_then(|(name, _)| match name {
            "quot" => Some('"'),
            "apos" => Some('\''),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            _ => match name.strip_prefix("#x") {
                Some(digits) => number(digits, 16),
                None => number(name.strip_prefix('#')?, 10),
            },
        });
        if let (Some(letter), Some((_, more))) = (letter, entity) {
            made.push(letter);
            rest = more;
        } else {
            made.push('&');
            rest = &rest[1..];
        }
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<&str> {
        without_expressions(text).1.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn an_expression_ends_where_its_brackets_do_whatever_stands_in_its_texts() {
        for inner in [
            r#"a == ")""#,
            r#"a == @"c:\" + ")""#,
            r#"$"{x["}"]}){{" + ")""#,
            r"a.Split(')')[0] + '\'' + '('",
            "/* ) */ a // )\n",
            "a &amp;&amp; b == &quot;)&quot;",
            "a < b && c > d",
        ] {
            let text = format!(r#"<a b="@({inner})" c="d"/>"#);
            assert_eq!(found(&text), [format!("@({inner})")], "{text}");
        }
        assert_eq!(found("<a>\n @{ return \"}<b>\"; }\n</a>"), ["@{ return \"}<b>\"; }"]);
    }

    #[test]
    fn what_is_no_expression_stays() {
        for text in [
            "<a b=\"x@(y)\"/>",
            "<!-- @(a) --><a/>",
            "<a b=\"@(\"/>",
            "<a b=\"@c\"/>",
            "<a><![CDATA[@(b)]]></a>",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn entities_stand_for_their_letters() {
        assert_eq!(decoded("a &lt; b &amp;&amp; &#65;&#x42; &nbsp; &"), "a < b && AB &nbsp; &");
    }

    proptest! {
        #[test]
        fn no_place_moves_and_nothing_panics(text in "[<>@(){}\"'$\\\\/*&;a\n\\[\\]é-]{0,80}") {
            let (made, _) = without_expressions(&text);
            prop_assert_eq!(made.len(), text.len());
            decoded(&text);
        }
    }
}
