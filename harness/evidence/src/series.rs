//! The names of series with their labels, in the words of Prometheus, and what chooses among them.
//!
//! Prometheus documentation, "Exposition formats", text format 0.0.4, and "Querying basics", time series selectors.

use std::fmt;

/// The most selectors of a sum, and the most labels of a series.
const PARTS_MAX: usize = 64;

/// A series: a name and its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The name of the metric.
    pub name: String,
    /// The labels with their values, as they are written.
    pub labels: Vec<(String, String)>,
}

impl Series {
    /// Reads a series at the start of `text`; gives what follows it as well.
    pub fn read(text: &str) -> Result<(Series, &str), String> {
        let (head, rest) = Head::read(text)?;
        let labels = head.labels.into_iter().map(|label| match label.how {
            How::Is => Ok((label.name, label.value)),
            How::Like => Err("a label is written `name=\"value\"`".to_owned()),
        });
        Ok((Series { name: head.name, labels: labels.collect::<Result<_, _>>()? }, rest))
    }
}

/// Series that are added up: `requests_total{route="a"} + retries_total`, each of them chosen by its name and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum(Vec<Head>);

impl Sum {
    /// Reads a sum: selectors of series with ` + ` between them. A label is told by `=`, or by `=~` with a pattern in which
    /// each `.` is any one character and all others stand for themselves.
    pub fn parse(text: &str) -> Result<Sum, String> {
        let mut selectors = Vec::new();
        let mut rest = text.trim();
        loop {
            let (head, after) = Head::read(rest)?;
            selectors.push(head);
            rest = after.trim_start();
            if rest.is_empty() {
                return Ok(Sum(selectors));
            }
            let next = rest.strip_prefix('+').filter(|_| selectors.len() < PARTS_MAX);
            rest = next.ok_or_else(|| format!("found `{}`, expected `+` or nothing more", start(rest)))?;
            rest = rest.trim_start();
        }
    }

    /// Whether a series is one of those that are added up.
    pub fn has(&self, series: &Series) -> bool {
        self.0.iter().any(|selector| selector.fits(series))
    }

    /// The names of the metrics that it adds up.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|selector| selector.name.as_str())
    }
}

/// A name with what is said of its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    name: String,
    labels: Vec<Label>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    name: String,
    how: How,
    value: String,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Is,
    Like,
}

impl Head {
    fn read(text: &str) -> Result<(Head, &str), String> {
        let (name, mut rest) = word(text, |byte| byte == b':').ok_or_else(|| {
            format!("found `{}`, expected the name of a metric, such as `requests_total`", start(text))
        })?;
        let (name, mut labels) = (name.to_owned(), Vec::new());
        let Some(inside) = rest.strip_prefix('{') else { return Ok((Head { name, labels }, rest)) };
        rest = inside.trim_start();
        loop {
            if let Some(after) = rest.strip_prefix('}') {
                return Ok((Head { name, labels }, after));
            }
            if labels.len() == PARTS_MAX {
                return Err(format!("more than {PARTS_MAX} labels"));
            }
            let (label, after) = Label::read(rest)?;
            labels.push(label);
            rest = after.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start(),
                None if rest.starts_with('}') => {}
                None => return Err(format!("found `{}`, expected `,` or `}}`", start(rest))),
            }
        }
    }

    fn fits(&self, series: &Series) -> bool {
        let has = |label: &Label| {
            let value = series.labels.iter().find(|(name, _)| *name == label.name);
            // A label that is not there is one that is empty.
            label.fits(value.map_or("", |(_, value)| value))
        };
        self.name == series.name && self.labels.iter().all(has)
    }
}

impl Label {
    fn read(text: &str) -> Result<(Label, &str), String> {
        let (name, rest) = word(text, |_| false)
            .ok_or_else(|| format!("found `{}`, expected the name of a label", start(text)))?;
        let rest = rest.trim_start();
        let (how, rest) = match (rest.strip_prefix("=~"), rest.strip_prefix('=')) {
            (Some(rest), _) => (How::Like, rest),
            (None, Some(rest)) => (How::Is, rest),
            (None, None) => return Err(format!("found `{}`, expected `=` after `{name}`", start(rest))),
        };
        let (value, rest) = quoted(rest.trim_start())
            .ok_or_else(|| format!("the value of `{name}` is no text in double quotes"))?;
        if let (How::Like, Some(sign)) = (how, value.chars().find(|sign| "\\^$*+?()[]{}|".contains(*sign))) {
            return Err(format!(
                "`{sign}` in the pattern of `{name}`: only `.`, any one character, is known"
            ));
        }
        Ok((Label { name: name.to_owned(), how, value }, rest))
    }

    fn fits(&self, value: &str) -> bool {
        match self.how {
            How::Is => self.value == value,
            How::Like => {
                let same = |(pattern, sign): (char, char)| pattern == '.' || pattern == sign;
                self.value.chars().count() == value.chars().count()
                    && self.value.chars().zip(value.chars()).all(same)
            }
        }
    }
}

/// The name at the start of a text; `further` are bytes that it may have beside letters, digits and `_`.
fn word(text: &str, further: impl Fn(u8) -> bool) -> Option<(&str, &str)> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || further(byte);
    let end = text.bytes().position(|byte| !fits(byte)).unwrap_or(text.len());
    (end > 0 && !text.as_bytes()[0].is_ascii_digit()).then(|| text.split_at(end))
}

/// The text in double quotes at the start, in which `\\`, `\"` and `\n` stand for one character.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let (mut value, mut signs) = (String::new(), inside.char_indices());
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((value, &inside[at + 1..])),
            '\\' => value.push(match signs.next()?.1 {
                'n' => '\n',
                same @ ('"' | '\\') => same,
                _ => return None,
            }),
            sign => value.push(sign),
        }
    }
    None
}

/// The first few characters, for a message.
fn start(text: &str) -> String {
    text.chars().take(20).collect::<String>().escape_debug().to_string()
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let escaped = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        let labels: Vec<String> =
            self.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        if labels.is_empty() { Ok(()) } else { write!(f, "{{{}}}", labels.join(",")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(text: &str) -> Series {
        let (series, rest) = Series::read(text).unwrap();
        assert_eq!(rest, "", "{text}");
        series
    }

    #[test]
    fn a_sum_has_the_series_whose_name_and_labels_it_tells() {
        let sum = Sum::parse(r#"hits_total{code=~"5..", proxy="in"} + tries_total"#).unwrap();
        let has = |text: &str| sum.has(&series(text));
        assert!(
            has(r#"hits_total{proxy="in",code="503",more="x"}"#)
                && has("tries_total")
                && has("tries_total{a=\"b\"}")
        );
        assert!(!has(r#"hits_total{proxy="in",code="200"}"#) && !has(r#"hits_total{proxy="in",code="5"}"#));
        assert!(!has(r#"hits_total{code="503"}"#) && !has("hits"), "a label that is not there is empty");
        assert!(Sum::parse(r#"a{b=""}"#).unwrap().has(&series("a")));
        assert_eq!(sum.names().collect::<Vec<_>>(), ["hits_total", "tries_total"]);
    }

    #[test]
    fn what_is_no_sum_is_refused_with_what_was_found() {
        let wrong = |text: &str| Sum::parse(text).unwrap_err();
        let all = ["", "1a", "a{", "a{b}", "a{b=c}", "a{b=\"c\" d}", "a b", "a + ", r#"a{b=~"5.*"}"#];
        let said: Vec<String> = all.iter().map(|text| wrong(text)).collect();
        assert_eq!(
            said.join("\n"),
            "found ``, expected the name of a metric, such as `requests_total`\n\
             found `1a`, expected the name of a metric, such as `requests_total`\n\
             found ``, expected the name of a label\n\
             found `}`, expected `=` after `b`\n\
             the value of `b` is no text in double quotes\n\
             found `d}`, expected `,` or `}`\n\
             found `b`, expected `+` or nothing more\n\
             found ``, expected the name of a metric, such as `requests_total`\n\
             `*` in the pattern of `b`: only `.`, any one character, is known"
        );
    }

    proptest! {
        #[test]
        fn a_series_that_is_written_is_read_as_it_was(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,20}",
            labels in prop::collection::vec(("[a-zA-Z_][a-zA-Z0-9_]{0,8}", any::<String>()), 0..5),
            after in " [0-9]{1,5}",
        ) {
            let written = Series { name, labels };
            let text = format!("{written}{after}");
            let (read, rest) = Series::read(&text).unwrap();
            prop_assert_eq!((read, rest), (written, after.as_str()));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), near in "[a{}=~\",\\\\+ .0]{0,40}") {
            let _ = (Series::read(&text), Sum::parse(&text), Series::read(&near), Sum::parse(&near));
        }
    }
}
