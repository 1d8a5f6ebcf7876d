//! From the words of a condition to its terms.

use super::Term;
use super::operand::{Letters, Operand, Test};
use crate::xml::lexer::Word;

/// How deep brackets lie in each other.
const DEPTH_MAX: u32 = 32;

/// Reads all of the words.
pub(super) fn term(words: &[Word]) -> Option<Term> {
    let mut reading = Reading { words, depth: 0 };
    let term = reading.either()?;
    reading.words.is_empty().then_some(term)
}

/// Whether a name is called, and with what.
#[derive(Debug, PartialEq)]
enum Called {
    No,
    With(Vec<Operand>),
}

struct Reading<'a> {
    words: &'a [Word],
    depth: u32,
}

impl Reading<'_> {
    fn either(&mut self) -> Option<Term> {
        let mut term = self.both()?;
        while self.eat("||") {
            term = Term::Or(Box::new(term), Box::new(self.both()?));
        }
        Some(term)
    }

    fn both(&mut self) -> Option<Term> {
        let mut term = self.one()?;
        while self.eat("&&") {
            term = Term::And(Box::new(term), Box::new(self.one()?));
        }
        Some(term)
    }

    fn one(&mut self) -> Option<Term> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let term = self.inner();
        self.depth -= 1;
        term
    }

    fn inner(&mut self) -> Option<Term> {
        if self.eat("!") {
            return Some(Term::Not(Box::new(self.one()?)));
        }
        // Brackets are of a condition, or of an operand: of `(int) context.Response.StatusCode`, say.
        let before = self.words;
        if self.eat("(") {
            let term = self.either().filter(|_| self.eat(")"));
            if let Some(term) =
                term.filter(|_| matches!(self.words.first(), None | Some(Word::Sign("&&" | "||" | ")"))))
            {
                return Some(term);
            }
            self.words = before;
        }
        if let Some(list) = self.list() {
            return Some(list);
        }
        let left = self.operand()?;
        let signs = ["==", "!=", ">=", "<=", ">", "<"];
        let Some(sign) = signs.into_iter().find(|sign| self.eat(sign)) else {
            return Some(Term::Is(left));
        };
        Some(Term::Compare(left, sign, self.operand()?))
    }

    /// `new [] { 429, 503 }.Contains(context.Response.StatusCode)`, also `new int[]` and `new List<int>`.
    fn list(&mut self) -> Option<Term> {
        let before = self.words;
        let found = self.numbers();
        if found.is_none() {
            self.words = before;
        }
        found
    }

    fn numbers(&mut self) -> Option<Term> {
        if self.name()? != "new" {
            return None;
        }
        while !self.eat("{") {
            self.words = self.words.split_first().map(|(_, rest)| rest).filter(|rest| !rest.is_empty())?;
        }
        let mut list = Vec::new();
        loop {
            let Some((Word::Number(number), rest)) = self.words.split_first() else { return None };
            list.push(*number);
            self.words = rest;
            if self.eat("}") {
                break;
            }
            self.eat(",").then_some(())?;
        }
        let called = self.eat(".") && self.name()? == "Contains" && self.eat("(");
        let of = called.then(|| self.operand())??;
        self.eat(")").then_some(Term::Among(list, of))
    }

    /// A number, a text, or a path of names with calls and indices in it.
    fn operand(&mut self) -> Option<Operand> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let operand = self.primary();
        self.depth -= 1;
        operand
    }

    fn primary(&mut self) -> Option<Operand> {
        let (first, rest) = self.words.split_first()?;
        match first {
            Word::Number(number) => {
                self.words = rest;
                return Some(Operand::Number(*number));
            }
            Word::Text(text) => {
                self.words = rest;
                return Some(Operand::Text(text.clone()));
            }
            Word::Sign("(") => {
                self.skip("(", ")")?;
                // A cast, or something in brackets.
                if matches!(self.words.first(), Some(Word::Name(_) | Word::Sign("("))) {
                    return self.operand();
                }
                while self.eat(".") || self.eat("?.") {
                    self.name()?;
                    self.arguments()?;
                }
                return Some(Operand::Other);
            }
            _ => {}
        }
        self.path()
    }

    /// Names with dots between them: what they stand for up to the first call, and each call on what stands before it.
    fn path(&mut self) -> Option<Operand> {
        let mut path = self.name()?;
        let (mut safe, mut made) = (false, None);
        let mut called = self.arguments()?;
        loop {
            if let Called::With(arguments) = &called {
                made = Some(match made {
                    None => first_call(&path, arguments),
                    Some(of) => further_call(of, &path, arguments),
                });
            }
            if self.eat("?.") {
                safe = true;
            } else if !self.eat(".") {
                break;
            }
            let part = self.name()?;
            path = if made.is_some() { part } else { format!("{path}.{part}") };
            called = self.arguments()?;
            if made.is_some() && called == Called::No {
                made = Some(Operand::Other);
            }
        }
        Some(made.unwrap_or_else(|| named(&path, safe)))
    }

    /// What a path is called with, if it is: operands, or nothing that is understood. Types and indices are passed over.
    fn arguments(&mut self) -> Option<Called> {
        // A type in angle brackets is one only if a call follows: `GetValueOrDefault<int>("x")`.
        if let [Word::Sign("<"), Word::Name(_), Word::Sign(">"), Word::Sign("("), ..] = self.words {
            self.words = &self.words[3..];
        }
        let mut called = Called::No;
        loop {
            match self.words.first() {
                Some(Word::Sign("(")) if called == Called::No => {
                    called = Called::With(self.listed().unwrap_or_else(|| vec![Operand::Other]));
                }
                Some(Word::Sign("(")) => {
                    self.skip("(", ")")?;
                    called = Called::With(vec![Operand::Other]);
                }
                Some(Word::Sign("[")) => {
                    self.skip("[", "]")?;
                    called = Called::With(vec![Operand::Other]);
                }
                _ => return Some(called),
            }
        }
    }

    /// Operands in brackets. What stands there is passed over if it is something else.
    fn listed(&mut self) -> Option<Vec<Operand>> {
        let mut after = Reading { words: self.words, depth: self.depth };
        after.skip("(", ")")?;
        let mut found = Vec::new();
        let is_read = self.eat("(")
            && (self.eat(")")
                || loop {
                    match self.operand() {
                        Some(one) => found.push(one),
                        None => break false,
                    }
                    if self.eat(")") {
                        break true;
                    }
                    if !self.eat(",") {
                        break false;
                    }
                });
        let is_read = is_read && self.words.len() == after.words.len();
        self.words = after.words;
        is_read.then_some(found)
    }

    fn skip(&mut self, open: &str, close: &str) -> Option<()> {
        let mut depth = 0_u32;
        loop {
            let (word, rest) = self.words.split_first()?;
            self.words = rest;
            match word {
                Word::Sign(sign) if *sign == open => depth += 1,
                Word::Sign(sign) if *sign == close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let Some((Word::Name(name), rest)) = self.words.split_first() else { return None };
        self.words = rest;
        Some(name.clone())
    }

    fn eat(&mut self, sign: &str) -> bool {
        match self.words.split_first() {
            Some((Word::Sign(found), rest)) if *found == sign => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

/// What a path without calls stands for.
fn named(path: &str, safe: bool) -> Operand {
    match path {
        "null" => Operand::Null,
        "true" | "false" => Operand::Truth(path == "true"),
        "context.Response" => Operand::Response,
        "context.LastError" => Operand::LastError,
        "context.Request.Method" => Operand::Method,
        "context.Request.Url.Path" | "context.Request.OriginalUrl.Path" => Operand::Path,
        "context.Response.StatusCode" => Operand::Status { safe },
        "context.LastError.Reason" => Operand::Reason { safe },
        _ => Operand::Other,
    }
}

/// What the first call of a path comes to.
fn first_call(path: &str, arguments: &[Operand]) -> Operand {
    let header = |name: &str| name.to_lowercase();
    match (path, arguments) {
        ("context.Request.Headers.GetValueOrDefault", [Operand::Text(name)]) => {
            Operand::Header(header(name), Box::new(Operand::Null))
        }
        ("context.Request.Headers.GetValueOrDefault", [Operand::Text(name), without]) => {
            Operand::Header(header(name), Box::new(without.clone()))
        }
        ("context.Request.Headers.ContainsKey", [Operand::Text(name)]) => Operand::HasHeader(header(name)),
        ("string.IsNullOrEmpty" | "String.IsNullOrEmpty", [of]) => {
            Operand::Test(Box::new(of.clone()), Test::IsEmpty)
        }
        _ => match path.rsplit_once('.') {
            Some((of, method)) => further_call(named(of, false), method, arguments),
            None => Operand::Other,
        },
    }
}

/// What a call on an operand comes to.
fn further_call(of: Operand, method: &str, arguments: &[Operand]) -> Operand {
    if of == Operand::Other {
        return of;
    }
    let test = match (method, arguments) {
        ("Contains", [Operand::Text(part)]) => Test::Contains(part.clone()),
        ("StartsWith", [Operand::Text(part)]) => Test::StartsWith(part.clone()),
        ("EndsWith", [Operand::Text(part)]) => Test::EndsWith(part.clone()),
        ("Equals", [Operand::Text(text)]) => Test::Equals(text.clone()),
        ("ToLower" | "ToLowerInvariant", []) => return Operand::Cased(Box::new(of), Letters::Small),
        ("ToUpper" | "ToUpperInvariant", []) => return Operand::Cased(Box::new(of), Letters::Capital),
        _ => return Operand::Other,
    };
    Operand::Test(Box::new(of), test)
}
