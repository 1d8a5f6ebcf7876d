//! What the grammar does not know: `...other` in lists and objects. It is written with three other characters, by which the
//! tree's reader knows it again, so that all places stay.

/// In an object: a key of this name has the object whose keys are taken in.
pub(crate) const IN_OBJECT: &str = "_: ";

/// In a list: negated three times is the list whose items are taken in.
pub(crate) const IN_LIST: &str = "!!!";

/// How deep brackets may lie in each other. The tree is walked by functions that call themselves.
const DEPTH_MAX: usize = 64;

/// Where in the text it is: what ends the part that it is in.
#[derive(Clone, Copy, PartialEq)]
enum In {
    Object,
    List,
    Parentheses,
    /// A text in single quotes; `${` opens an expression in it.
    Text,
}

/// The text with spreads written otherwise; nothing, and the place, if brackets lie too deep.
pub(crate) fn without_spreads(text: &str) -> Result<String, usize> {
    let mut made = text.as_bytes().to_vec();
    let mut within = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if within.last() == Some(&In::Text) {
            at += match rest {
                [b'\\', _, ..] | [b'$', b'{', ..] => 2,
                _ => 1,
            };
            match rest {
                [b'$', b'{', ..] => within.push(In::Object),
                // A text in single quotes does not go beyond its line.
                [b'\'' | b'\n', ..] => drop(within.pop()),
                _ => {}
            }
        } else {
            let skipped = skipped(rest);
            if skipped > 0 {
                at += skipped;
                continue;
            }
            match rest[0] {
                b'\'' => within.push(In::Text),
                b'{' => within.push(In::Object),
                b'[' => within.push(In::List),
                b'(' => within.push(In::Parentheses),
                b'}' | b']' | b')' => drop(within.pop()),
                b'.' if rest.starts_with(b"...") => {
                    let instead = if within.last() == Some(&In::Object) { IN_OBJECT } else { IN_LIST };
                    made[at..at + 3].copy_from_slice(instead.as_bytes());
                    at += 2;
                }
                _ => {}
            }
            at += 1;
        }
        if within.len() > DEPTH_MAX {
            return Err(at);
        }
    }
    Ok(String::from_utf8(made).unwrap_or_else(|_| text.to_owned()))
}

/// How long the comment or the raw text is that begins here.
fn skipped(rest: &[u8]) -> usize {
    let until = |open: usize, end: &[u8]| {
        let found = rest[open..].windows(end.len()).position(|window| window == end);
        found.map_or(rest.len(), |found| open + found + end.len())
    };
    if rest.starts_with(b"//") {
        until(2, b"\n")
    } else if rest.starts_with(b"/*") {
        until(2, b"*/")
    } else if rest.starts_with(b"'''") {
        until(3, b"'''")
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spreads_are_told_by_what_they_stand_in_and_texts_are_left_alone() {
        let of = |text: &str| without_spreads(text).unwrap();
        assert_eq!(of("{ ...a }"), "{ _: a }");
        assert_eq!(of("[ ...a ]"), "[ !!!a ]");
        for same in ["'...${x}...'", "// ...\n", "/* ... */", "'''\n...'''", "'\\'...'"] {
            assert_eq!(of(same), same);
        }
        assert_eq!(of("'${[ ...a ]}'"), "'${[ !!!a ]}'");
    }

    #[test]
    fn what_lies_too_deep_is_refused() {
        assert_eq!(without_spreads(&"[".repeat(100)), Err(65));
    }

    proptest! {
        #[test]
        fn no_place_moves(text in "[.'${}\\[\\]()/*a\n\\\\é]{0,60}") {
            if let Ok(made) = without_spreads(&text) {
                prop_assert_eq!(made.len(), text.len());
            }
        }
    }
}
