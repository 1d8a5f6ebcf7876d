//! Makes foreign text harmless to read: names, statuses and summaries that a gateway or a file had a say in.
//!
//! A terminal obeys what it is sent, a reader trusts the order of what is shown, and neither must be left to a
//! gateway under test. Each format adds the escaping of its own markup on top of this.

use std::fmt::Write;

/// The longest name that is shown, in characters: of a scenario, phase, backend, traffic class or finding.
pub const NAME_MAX: usize = 80;

/// The longest sentence that is shown, in characters.
pub const SENTENCE_MAX: usize = 600;

/// Text on one line, without characters that act instead of being seen, and cut after `max` characters.
///
/// Control characters and invisible ones become `\n` or `\u{1b}`. What is cut is said, with the full size.
pub fn plain(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut room = max;
    for character in text.chars() {
        let shown = Shown::of(character);
        if shown.width() > room {
            // Writing to a string cannot fail.
            let _ = write!(out, "… ({} bytes in all)", text.len());
            break;
        }
        room -= shown.width();
        shown.push(&mut out);
    }
    out
}

/// A name, on one line and bounded.
pub fn name(text: &str) -> String {
    plain(text, NAME_MAX)
}

/// A sentence, on one line and bounded.
pub fn sentence(text: &str) -> String {
    plain(text, SENTENCE_MAX)
}

/// How one character is shown.
enum Shown {
    AsIs(char),
    Short(&'static str),
    Number(String),
}

impl Shown {
    fn of(character: char) -> Self {
        match character {
            '\n' => Shown::Short("\\n"),
            '\r' => Shown::Short("\\r"),
            '\t' => Shown::Short("\\t"),
            acting if acts(acting) => Shown::Number(format!("\\u{{{:x}}}", u32::from(acting))),
            visible => Shown::AsIs(visible),
        }
    }

    fn width(&self) -> usize {
        match self {
            Shown::AsIs(_) => 1,
            Shown::Short(text) => text.len(),
            Shown::Number(text) => text.len(),
        }
    }

    fn push(self, out: &mut String) {
        match self {
            Shown::AsIs(character) => out.push(character),
            Shown::Short(text) => out.push_str(text),
            Shown::Number(text) => out.push_str(&text),
        }
    }
}

/// True for characters that act on what shows them, or that no one can see.
///
/// Control characters (C0, DEL, C1), the format characters that reorder or hide text (Unicode TR 36, section 2.5
/// and the bidirectional controls of UAX 9), line separators, and code points that XML 1.0 forbids.
fn acts(character: char) -> bool {
    let code = u32::from(character);
    character.is_control()
        || matches!(
            code,
            0xAD | 0x034F
                | 0x061C
                | 0x115F..=0x1160
                | 0x17B4..=0x17B5
                | 0x180B..=0x180F
                | 0x200B..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0x3164
                | 0xFDD0..=0xFDEF
                | 0xFE00..=0xFE0F
                | 0xFEFF
                | 0xFFA0
                | 0xFFF0..=0xFFFB
                | 0xE0000..=0xE0FFF
        )
        || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ansi_sequences_are_shown_and_not_obeyed() {
        assert_eq!(plain("\x1b[31mred\x1b]0;title\x07", 80), "\\u{1b}[31mred\\u{1b}]0;title\\u{7}");
        assert_eq!(plain("\u{9b}2J", 80), "\\u{9b}2J", "the eight-bit form of the same sequence");
    }

    #[test]
    fn text_stays_on_its_line() {
        assert_eq!(plain("a\r\nb\tc\u{2028}d\u{85}e", 80), "a\\r\\nb\\tc\\u{2028}d\\u{85}e");
    }

    #[test]
    fn text_can_not_be_reordered_or_hidden() {
        assert_eq!(
            plain("safe\u{202e}lruf\u{2066}x\u{200b}y\u{feff}", 80),
            "safe\\u{202e}lruf\\u{2066}x\\u{200b}y\\u{feff}"
        );
    }

    #[test]
    fn what_people_write_is_left_alone() {
        for text in ["GET /orders/{n}", "Bestellungen über 5 €", "注文", "café ☕", "a\\b", "500 ms – 2 s"]
        {
            assert_eq!(plain(text, 80), text);
        }
    }

    #[test]
    fn a_megabyte_is_cut_and_its_size_is_said() {
        assert_eq!(plain(&"x".repeat(1 << 20), 4), "xxxx… (1048576 bytes in all)");
        assert!(plain(&"\x1b".repeat(1 << 20), 80).len() < 120);
    }

    #[test]
    fn text_of_exactly_the_bound_is_whole() {
        assert_eq!(plain("abcd", 4), "abcd");
        assert_eq!(plain("", 0), "");
    }

    #[test]
    fn an_escape_is_never_cut_in_half() {
        assert_eq!(plain("ab\x1b", 4), "ab… (3 bytes in all)");
    }
}
