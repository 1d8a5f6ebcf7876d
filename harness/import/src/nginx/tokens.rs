//! The words of an nginx file, and where statements and blocks end: what `ngx_conf_read_token` of `ngx_conf_file.c` reads, sign by
//! sign, so that quotes, escapes and braces mean here what they mean to nginx.

use std::ops::Range;

use crate::place::Place;

/// A word, as nginx gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
}

/// What ends where the reader stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Words up to `;`.
    Statement(Vec<Word>),
    /// Words up to `{`.
    Open(Vec<Word>),
    /// `}`.
    Close,
    /// The file.
    End,
}

/// Why a file can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) place: Place,
    pub(super) words: String,
}

/// Reads a file from its beginning on.
pub(super) struct Reader<'a> {
    file: usize,
    text: &'a str,
    at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: usize, text: &'a str) -> Self {
        Reader { file, text, at: 0 }
    }

    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place::new(self.file, span)
    }

    /// The sign that was read last.
    pub(super) fn last(&self) -> Place {
        self.place(self.at.saturating_sub(1)..self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn broken<T>(&self, span: Range<usize>, words: impl Into<String>) -> Result<T, Broken> {
        Err(Broken { place: self.place(span), words: words.into() })
    }

    /// Words up to the next `;` or `{`, or a `}` on its own.
    pub(super) fn next(&mut self) -> Result<Token, Broken> {
        let mut words = Vec::new();
        loop {
            let Some(byte) = self.peek() else {
                let end = self.text.len();
                return match words.first() {
                    None => Ok(Token::End),
                    Some(_) => self.broken(end..end, "the file ends here: expected `;` or `{`"),
                };
            };
            let here = self.at..self.at + 1;
            match byte {
                byte if is_space(byte) => self.at += 1,
                b'#' => self.comment(),
                b';' | b'{' if words.is_empty() => {
                    let found = char::from(byte);
                    return self.broken(here, format!("found `{found}`, expected a directive before it"));
                }
                b';' => {
                    self.at += 1;
                    return Ok(Token::Statement(words));
                }
                b'{' => {
                    self.at += 1;
                    return Ok(Token::Open(words));
                }
                b'}' if words.is_empty() => {
                    self.at += 1;
                    return Ok(Token::Close);
                }
                b'}' => return self.broken(here, "found `}`, expected `;` before it"),
                quote @ (b'"' | b'\'') => words.push(self.quoted(quote)?),
                _ => words.push(self.plain()),
            }
        }
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    /// A word in quotes; behind the second one has to come a space, `;`, `{` or `)`.
    fn quoted(&mut self, quote: u8) -> Result<Word, Broken> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => {
                    let words = format!("the quote {} is never closed", char::from(quote));
                    return self.broken(start..start + 1, words);
                }
                Some(b'\\') => self.escaped(),
                Some(byte) if byte == quote => break,
                Some(_) => self.at += 1,
            }
        }
        let text = unescaped(&self.text[start + 1..self.at]);
        self.at += 1;
        match self.peek() {
            Some(byte) if !is_space(byte) && !b";{)".contains(&byte) => {
                let found = self.text[self.at..].chars().next().unwrap_or(' ');
                let end = self.at + found.len_utf8();
                let words = format!(
                    "found `{}` right behind a quote, expected a space, `;` or `{{`",
                    found.escape_debug()
                );
                self.broken(self.at..end, words)
            }
            _ => Ok(Word { text, place: self.place(start..self.at) }),
        }
    }

    /// A word without quotes; the `{` of a `${name}` is part of it.
    fn plain(&mut self) -> Word {
        let start = self.at;
        let mut variable = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' if variable => variable = false,
                b';' | b'{' => break,
                byte if is_space(byte) => break,
                b'\\' => {
                    self.escaped();
                    variable = false;
                    continue;
                }
                _ => variable = byte == b'$',
            }
            self.at += 1;
        }
        Word { text: unescaped(&self.text[start..self.at]), place: self.place(start..self.at) }
    }

    /// Passes over a backslash and what stands behind it.
    fn escaped(&mut self) {
        self.at += 1;
        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
    }

    /// Passes over a block of Lua (`content_by_lua_block {`), whose `{` is behind us: braces in its texts and comments don't
    /// count.
    pub(super) fn pass_lua(&mut self) -> Result<(), Broken> {
        let open = self.at - 1..self.at;
        let mut depth = 1_u32;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                b'-' if self.peek() == Some(b'-') => {
                    self.at += 1;
                    if !self.pass_long() {
                        self.comment();
                    }
                }
                b'[' => {
                    self.at -= 1;
                    if !self.pass_long() {
                        self.at += 1;
                    }
                }
                quote @ (b'"' | b'\'') => {
                    while let Some(byte) = self.peek().filter(|byte| *byte != b'\n') {
                        self.at += 1;
                        match byte {
                            b'\\' if self.peek().is_some() => self.at += 1,
                            byte if byte == quote => break,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        self.broken(open, "this block of Lua is never closed")
    }

    /// Passes over `[[ … ]]` or `[==[ … ]==]`, if that is what stands here.
    fn pass_long(&mut self) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let level = rest.iter().skip(1).take_while(|byte| **byte == b'=').count();
        if rest.first() != Some(&b'[') || rest.get(level + 1) != Some(&b'[') {
            return false;
        }
        let close = format!("]{}]", "=".repeat(level));
        let found = rest.windows(close.len()).position(|window| window == close.as_bytes());
        self.at += found.map_or(rest.len(), |at| at + close.len());
        true
    }
}

/// A word with the escapes that nginx knows resolved; a backslash before anything else stays.
fn unescaped(text: &str) -> String {
    let (mut made, mut letters) = (String::with_capacity(text.len()), text.chars().peekable());
    while let Some(letter) = letters.next() {
        let known = letters.peek().filter(|_| letter == '\\').and_then(|next| match next {
            known @ ('"' | '\'' | '\\') => Some(*known),
            't' => Some('\t'),
            'r' => Some('\r'),
            'n' => Some('\n'),
            _ => None,
        });
        match known {
            Some(known) => {
                letters.next();
                made.push(known);
            }
            None => made.push(letter),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let (mut reader, mut shown) = (Reader::new(0, text), Vec::new());
        loop {
            let (words, sign) =
                match reader.next().map_err(|broken| format!("{}: {}", broken.place.start, broken.words))? {
                    Token::Statement(words) => (words, ";"),
                    Token::Open(words) => (words, "{"),
                    Token::Close => (Vec::new(), "}"),
                    Token::End => return Ok(shown),
                };
            let words: Vec<String> = words.into_iter().map(|word| word.text).collect();
            shown.push(words.join("|") + sign);
        }
    }

    #[test]
    fn words_are_cut_as_nginx_cuts_them() {
        assert_eq!(read("a b\n c;# d;\ne{f;}").unwrap(), ["a|b|c;", "e{", "f;", "}"]);
        assert_eq!(
            read(r#"a "b ; { # \" \d" 'c "' d\;e f#g;"#).unwrap(),
            [r#"a|b ; { # " \d|c "|d\;e|f#g;"#]
        );
        assert_eq!(read(r"a ${b}c $d{ e; }").unwrap(), ["a|${b}c|$d{", "e;", "}"]);
        assert_eq!(read(r"location ~ \.php$ { x; }").unwrap(), [r"location|~|\.php${", "x;", "}"]);
        assert_eq!(read("if ($a = \"b\") { c}d; }").unwrap(), ["if|($a|=|b|){", "c}d;", "}"]);
    }

    #[test]
    fn what_nginx_refuses_is_refused_at_its_place() {
        for (text, said) in [
            ("a", "1: the file ends here: expected `;` or `{`"),
            (";", "0: found `;`, expected a directive before it"),
            ("a; {", "3: found `{`, expected a directive before it"),
            ("a }", "2: found `}`, expected `;` before it"),
            ("a 'b", "2: the quote ' is never closed"),
            ("a \"b\\\"", "2: the quote \" is never closed"),
            ("a 'b'é", "5: found `é` right behind a quote, expected a space, `;` or `{`"),
        ] {
            assert_eq!(read(text).unwrap_err(), said, "{text}");
        }
    }

    #[test]
    fn braces_in_texts_and_comments_of_lua_do_not_count() {
        for inner in
            ["if a then b = {1} end", "-- }\n", "--[[ } ]]", "s = '}' .. \"\\\"}\"", "[==[ }]] ]==]", "a[1]"]
        {
            let text = format!("{{{inner}}} after;");
            let mut reader = Reader { at: 1, text: &text, file: 0 };
            reader.pass_lua().unwrap();
            assert_eq!(reader.at, inner.len() + 2, "{inner}");
        }
        let mut open = Reader { at: 1, text: "{ x = {", file: 0 };
        assert_eq!(open.pass_lua().unwrap_err().words, "this block of Lua is never closed");
    }
}
