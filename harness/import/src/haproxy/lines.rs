//! Lines of a `haproxy.cfg`, cut into words (configuration manual, sections 2.2 to 2.4).

use std::ops::Range;

use crate::given::Given;
use crate::note::Note;
use crate::place::Place;

/// The most words of a line that HAProxy takes (`MAX_LINE_ARGS`).
const WORDS_MAX: usize = 64;

/// A word, as HAProxy gets it.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
    /// A variable in it that nobody gave a value.
    pub(super) open: Option<String>,
}

/// A line with words; those without are left out.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) words: Vec<Word>,
    /// All of it, without the comment.
    pub(super) place: Place,
}

impl Line {
    /// A word's text, or nothing where the line ends before.
    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.text.as_str())
    }
}

/// The lines of a file that hold whatever is defined where HAProxy starts.
pub(super) fn read(file: usize, text: &str, given: &Given, notes: &mut Vec<Note>) -> Vec<Line> {
    let (mut lines, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    for raw in text.split_inclusive('\n') {
        let line =
            Cutting { file, text, at: start, end: start + raw.trim_end_matches(['\n', '\r']).len(), given };
        start += raw.len();
        let line = match line.cut() {
            Ok(Some(line)) => line,
            Ok(None) => continue,
            Err(note) => {
                notes.push(note);
                continue;
            }
        };
        match line.word(0) {
            ".if" => {
                if depth == 0 {
                    let words =
                        "a conditional block is not read: what it holds depends on where HAProxy starts";
                    notes.push(Note::unknown(&line.place, words).help("give the file without its `.if`"));
                }
                depth = depth.saturating_add(1);
            }
            ".endif" => depth = depth.saturating_sub(1),
            // `.elif`, `.else`, and messages (`.notice` …).
            dotted if dotted.starts_with('.') => {}
            _ if depth == 0 => lines.push(line),
            _ => {}
        }
    }
    lines
}

struct Cutting<'a> {
    file: usize,
    text: &'a str,
    at: usize,
    end: usize,
    given: &'a Given,
}

/// A word in the making.
#[derive(Default)]
struct Making {
    start: Option<usize>,
    text: String,
    open: Option<String>,
}

impl Cutting<'_> {
    fn cut(mut self) -> Result<Option<Line>, Note> {
        let mut words: Vec<Word> = Vec::new();
        let mut making = Making::default();
        while let Some(letter) = self.peek() {
            match letter {
                '#' => break,
                ' ' | '\t' | '\r' => {
                    words.extend(self.whole(&mut making));
                    self.at += letter.len_utf8();
                    continue;
                }
                _ => {}
            }
            making.start.get_or_insert(self.at);
            self.at += letter.len_utf8();
            match letter {
                '\\' => self.escaped(&mut making.text),
                '\'' => self.strong(&mut making.text)?,
                '"' => self.weak(&mut making)?,
                _ => making.text.push(letter),
            }
        }
        words.extend(self.whole(&mut making));
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return Ok(None) };
        let place = Place::new(self.file, first.place.start..last.place.end);
        if words.len() > WORDS_MAX {
            return Err(Note::unknown(&place, format!("the line has more than {WORDS_MAX} words")));
        }
        Ok(Some(Line { words, place }))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..self.end].chars().next()
    }

    fn whole(&self, making: &mut Making) -> Option<Word> {
        let Making { start, text, open } = std::mem::take(making);
        start.map(|start| Word { text, place: Place::new(self.file, start..self.at), open })
    }

    /// What stands behind a backslash, which is behind us.
    fn escaped(&mut self, out: &mut String) {
        let Some(letter) = self.peek() else { return out.push('\\') };
        self.at += letter.len_utf8();
        match letter {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'x' => {
                let digits = self.text[self.at..self.end].get(..2);
                match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    Some(byte) => {
                        out.push(char::from(byte));
                        self.at += 2;
                    }
                    None => out.push('x'),
                }
            }
            other => out.push(other),
        }
    }

    fn unclosed(&self, quote: Range<usize>) -> Note {
        let words = format!("the quote {} is not closed on its line", &self.text[quote.clone()]);
        Note::unknown(&Place::new(self.file, quote), words)
    }

    /// Behind `'`: nothing has a meaning.
    fn strong(&mut self, out: &mut String) -> Result<(), Note> {
        let rest = &self.text[self.at..self.end];
        let end = rest.find('\'').ok_or_else(|| self.unclosed(self.at - 1..self.at))?;
        out.push_str(&rest[..end]);
        self.at += end + 1;
        Ok(())
    }

    /// Behind `"`: backslashes and variables have a meaning.
    fn weak(&mut self, making: &mut Making) -> Result<(), Note> {
        let quote = self.at - 1..self.at;
        loop {
            let letter = self.peek().ok_or_else(|| self.unclosed(quote.clone()))?;
            self.at += letter.len_utf8();
            match letter {
                '"' => return Ok(()),
                '\\' => self.escaped(&mut making.text),
                '$' => self.variable(making),
                other => making.text.push(other),
            }
        }
    }

    /// Behind `$`: `NAME`, `{NAME}` or `{NAME-default}`.
    fn variable(&mut self, making: &mut Making) {
        let rest = &self.text[self.at..self.end];
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let in_braces = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (inner, length) = if let Some((inner, _)) = in_braces {
            (inner, inner.len() + 2)
        } else {
            let end = rest.bytes().position(|byte| !is_name(byte)).unwrap_or(rest.len());
            (&rest[..end], end)
        };
        let (name, default) =
            inner.split_once('-').map_or((inner, None), |(name, default)| (name, Some(default)));
        self.at += length;
        if let Some(value) = self.given.get(name).or(default) {
            making.text.push_str(value);
        } else {
            making.text.push('$');
            making.text.push_str(name);
            making.open = Some(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        let given = Given::new([("PORT".to_owned(), "9".to_owned())].into());
        let lines = read(0, text, &given, &mut Vec::new());
        lines.into_iter().map(|line| line.words.into_iter().map(|word| word.text).collect()).collect()
    }

    #[test]
    fn quotes_escapes_comments_and_variables_are_those_of_the_manual() {
        assert_eq!(words("a  b\tc # d\n\n# e\r\nf\r\n"), [vec!["a", "b", "c"], vec!["f"]]);
        assert_eq!(
            words(r#"a\ b "c d" 'e "\f' g\#h "i\"j" \x41\x4 k#l"#),
            [["a b", "c d", r#"e "\f"#, "g#h", "i\"j", "Ax4", "k"]]
        );
        assert_eq!(
            words(r#""$PORT" ":${PORT}" "${NONE-7}" $PORT '$PORT' "\$PORT" """#),
            [["9", ":9", "7", "$PORT", "$PORT", "$PORT", ""]]
        );
    }

    #[test]
    fn what_depends_on_where_it_starts_and_what_is_cut_off_is_told_with_its_place() {
        let text = ".if defined(X)\n.if true\nretries 1\n.endif\nretries 2\n.else\nretries 3\n.endif\nretries 4\nlog 'a\n\"b $X\"";
        let mut notes = Vec::new();
        let lines = read(0, text, &Given::default(), &mut notes);
        assert_eq!(lines.iter().map(|line| line.word(0)).collect::<Vec<_>>(), ["retries", "b $X"]);
        assert_eq!(lines[0].word(1), "4");
        assert_eq!(lines[1].words[0].open.as_deref(), Some("X"));
        let told: Vec<_> = notes.iter().map(|note| &text[note.place.start..note.place.end]).collect();
        assert_eq!(told, [".if defined(X)", "'"]);
    }
}
