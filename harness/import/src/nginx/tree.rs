//! The directives of a file, with their blocks.

use super::tokens::{Broken, Reader, Token, Word};
use crate::place::Place;

/// Blocks lie within each other so often at most: `http`, `server`, some `location`s and an `if` are far fewer.
const DEPTH_MAX: usize = 32;

/// A directive with its words; the first one is its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) words: Vec<Word>,
    /// What stands between its braces, if it has any. A block of Lua has nothing in it.
    pub(super) block: Option<Vec<Directive>>,
    /// Its words, without the block.
    pub(super) place: Place,
}

impl Directive {
    fn new(words: Vec<Word>, block: Option<Vec<Directive>>) -> Option<Self> {
        let (first, last) = (words.first()?, words.last()?);
        let place = Place::new(first.place.file, first.place.start..last.place.end);
        Some(Directive { words, block, place })
    }

    pub(super) fn name(&self) -> &str {
        self.argument(0)
    }

    /// A word's text, or nothing where the directive ends before; the name is number 0.
    pub(super) fn argument(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.text.as_str())
    }

    pub(super) fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The place of a word, or of the whole where it has no such word.
    pub(super) fn place_of(&self, at: usize) -> &Place {
        self.words.get(at).map_or(&self.place, |word| &word.place)
    }

    pub(super) fn inside(&self) -> &[Directive] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// The directives of a file.
pub(super) fn read(file: usize, text: &str) -> Result<Vec<Directive>, Broken> {
    let mut reader = Reader::new(file, text);
    // Blocks that are open, each by its words, with what stands before it.
    let mut open: Vec<(Vec<Word>, Vec<Directive>)> = Vec::new();
    let mut here = Vec::new();
    loop {
        match reader.next()? {
            Token::Statement(words) => here.extend(Directive::new(words, None)),
            Token::Open(words) if words.first().is_some_and(|name| name.text.ends_with("_by_lua_block")) => {
                reader.pass_lua()?;
                here.extend(Directive::new(words, Some(Vec::new())));
            }
            Token::Open(words) if open.len() == DEPTH_MAX => {
                let place = words.first().map_or(reader.place(0..0), |word| word.place.clone());
                return Err(Broken {
                    place,
                    words: format!("blocks lie within each other more than {DEPTH_MAX} times"),
                });
            }
            Token::Open(words) => open.push((words, std::mem::take(&mut here))),
            Token::Close => {
                let Some((words, outer)) = open.pop() else {
                    let words = "found `}` where no block is open".into();
                    return Err(Broken { place: reader.last(), words });
                };
                let block = std::mem::replace(&mut here, outer);
                here.extend(Directive::new(words, Some(block)));
            }
            Token::End => {
                let Some((words, _)) = open.pop() else { return Ok(here) };
                let place = words.first().map_or(reader.place(0..0), |word| word.place.clone());
                let name = words.first().map_or("", |word| word.text.as_str()).escape_debug();
                return Err(Broken { place, words: format!("the block of `{name}` is never closed") });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_what_stands_between_their_braces() {
        let read = read(0, "a 1; b { c { d; } e; } x_by_lua_block { } } f;");
        assert_eq!(read.unwrap_err().words, "found `}` where no block is open");
        let read = super::read(0, "a 1; b { c { d; } e; } x_by_lua_block { end } f;").unwrap();
        let names: Vec<&str> = read.iter().map(Directive::name).collect();
        assert_eq!(names, ["a", "b", "x_by_lua_block", "f"]);
        let inside: Vec<&str> = read[1].inside().iter().map(Directive::name).collect();
        assert_eq!(inside, ["c", "e"]);
        assert_eq!((read[0].place.start, read[0].place.end), (0, 3));
    }

    #[test]
    fn what_is_not_closed_and_what_is_too_deep_is_told_at_its_place() {
        let unclosed = read(0, "http { server { a; }").unwrap_err();
        assert_eq!(
            (unclosed.place.start, unclosed.words.as_str()),
            (0, "the block of `http` is never closed")
        );
        let deep = read(0, &"a {".repeat(100_000)).unwrap_err();
        assert_eq!((deep.place.start, deep.place.end), (96, 97), "{}", deep.words);
    }
}
