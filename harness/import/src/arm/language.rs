//! The language of texts in brackets: `[format('{0}-b', parameters('name'))]`.

use crate::expression::{Expression, Kind};
use crate::place::Place;
use crate::value::What;

/// How deep calls lie in each other.
const DEPTH_MAX: u32 = 48;

/// What a text of a template stands for: an expression if it is in brackets, and itself if not.
pub(crate) fn expression(text: &str, place: &Place) -> Expression {
    if let Some(escaped) = text.strip_prefix("[[") {
        return Expression::text(format!("[{escaped}"), place);
    }
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return Expression::text(text, place);
    };
    let mut reading = Reading { rest: inner, place, depth: 0 };
    let read = reading.expression();
    read.filter(|_| reading.rest.trim().is_empty()).unwrap_or_else(|| {
        let words: String = text.chars().take(60).collect();
        Expression::new(Kind::Unread(format!("`{}` is not understood", words.escape_debug())), place)
    })
}

struct Reading<'a> {
    rest: &'a str,
    place: &'a Place,
    depth: u32,
}

impl Reading<'_> {
    fn expression(&mut self) -> Option<Expression> {
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let mut of = self.primary()?;
        loop {
            let safe = self.eat(".?") || self.rest.trim_start().starts_with("[?");
            let key = if self.eat("[") {
                self.eat("?");
                let key = self.expression()?;
                self.eat("]").then_some(key)?
            } else if safe || self.eat(".") {
                Expression::text(self.word()?, self.place)
            } else {
                break;
            };
            let kind = Kind::Member { of: Box::new(of), key: Box::new(key), safe };
            of = Expression::new(kind, self.place);
        }
        self.depth -= 1;
        Some(of)
    }

    fn primary(&mut self) -> Option<Expression> {
        self.rest = self.rest.trim_start();
        if self.eat("'") {
            return self.text();
        }
        let number = self
            .rest
            .find(|letter: char| !letter.is_ascii_digit() && letter != '-' && letter != '.')
            .unwrap_or(self.rest.len());
        if number > 0 {
            let (number, rest) = self.rest.split_at(number);
            self.rest = rest;
            return Some(Expression::new(Kind::Literal(What::Number(number.parse().ok()?)), self.place));
        }
        let mut name = self.word()?;
        // Functions of a namespace: `__bicep.f(…)`, `sys.format(…)`.
        while self.eat(".") {
            name = format!("{name}.{}", self.word()?);
        }
        let name = name.to_lowercase();
        let name = name.strip_prefix("sys.").unwrap_or(&name);
        if !self.eat("(") {
            return None;
        }
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !arguments.is_empty() && !self.eat(",") {
                return None;
            }
            arguments.push(self.expression()?);
        }
        Some(Expression::call(name, arguments, self.place))
    }

    /// A text in single quotes, two of which stand for one.
    fn text(&mut self) -> Option<Expression> {
        let mut text = String::new();
        loop {
            let (part, rest) = self.rest.split_once('\'')?;
            text.push_str(part);
            self.rest = rest;
            match rest.strip_prefix('\'') {
                Some(more) => {
                    text.push('\'');
                    self.rest = more;
                }
                None => return Some(Expression::text(text, self.place)),
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(sign);
        if let Some(rest) = found {
            self.rest = rest;
        }
        found.is_some()
    }
}
