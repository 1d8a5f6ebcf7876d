//! Conditions of policies, as far as they are about what a backend answered: `context.Response.StatusCode`, `null`, `&& || !`.
//!
//! What is asked of anything else (headers, variables, the body) is neither true nor false here, and a condition is only as
//! certain as its parts make it: `false && anything` is false.

use super::lexer::{Word, words};

/// How deep brackets lie in each other.
const DEPTH_MAX: u32 = 32;

/// A request of a method, and how its attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) ended: Ended,
}

/// A way in which an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// An answer with this status.
    Status(u16),
    /// No answer: what `context.LastError.Reason` says.
    Failed(&'static str),
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    True,
    False,
    /// It depends on something else.
    Open,
    /// It fails: a key of nothing was asked for.
    Fails,
}

/// A condition that is understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition(Term);

#[derive(Clone, Debug, PartialEq)]
enum Term {
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
    Not(Box<Term>),
    Compare(Operand, &'static str, Operand),
    /// A list that holds the status or not: `new [] { 429, 503 }.Contains(context.Response.StatusCode)`.
    Among(Vec<i64>, Operand),
    Always(bool),
    /// Something else: it is neither true nor false.
    Other,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Number(i64),
    Text(String),
    Null,
    Response,
    Status { safe: bool },
    Reason { safe: bool },
    LastError,
    Method,
    Other,
}

/// What an operand is in a case.
enum Known<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Something,
    Open,
    Fails,
}

impl Condition {
    /// Reads a condition, in its letters, with `@(…)` around it or without. Nothing if it is none: a block of statements, say.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let inner = text.strip_prefix("@(").and_then(|text| text.strip_suffix(')')).unwrap_or(text);
        let words = words(inner)?;
        let mut reading = Reading { words: &words, depth: 0 };
        let term = reading.either()?;
        reading.words.is_empty().then_some(Condition(term))
    }

    /// What it comes to in a case.
    pub(crate) fn verdict(&self, case: Case) -> Verdict {
        self.0.verdict(case)
    }

    /// True if part of it is about something else than statuses and failures.
    pub(crate) fn is_open(&self) -> bool {
        self.0.is_open()
    }
}

impl Term {
    fn is_open(&self) -> bool {
        match self {
            Term::And(a, b) | Term::Or(a, b) => a.is_open() || b.is_open(),
            Term::Not(a) => a.is_open(),
            Term::Compare(a, _, b) => *a == Operand::Other || *b == Operand::Other,
            Term::Other => true,
            Term::Among(..) | Term::Always(_) => false,
        }
    }

    fn verdict(&self, case: Case) -> Verdict {
        match self {
            Term::And(a, b) => match (a.verdict(case), b.verdict(case)) {
                (Verdict::False | Verdict::Fails, _) => a.verdict(case),
                (Verdict::True, b) => b,
                (_, Verdict::False) => Verdict::False,
                _ => Verdict::Open,
            },
            Term::Or(a, b) => match (a.verdict(case), b.verdict(case)) {
                (Verdict::True | Verdict::Fails, _) => a.verdict(case),
                (Verdict::False, b) => b,
                (_, Verdict::True) => Verdict::True,
                _ => Verdict::Open,
            },
            Term::Not(a) => match a.verdict(case) {
                Verdict::True => Verdict::False,
                Verdict::False => Verdict::True,
                other => other,
            },
            Term::Compare(a, sign, b) => compare(&a.known(case), sign, &b.known(case)),
            Term::Among(list, of) => match of.known(case) {
                Known::Number(number) => truth(list.contains(&number)),
                Known::Fails => Verdict::Fails,
                Known::Open => Verdict::Open,
                _ => Verdict::False,
            },
            Term::Always(value) => truth(*value),
            Term::Other => Verdict::Open,
        }
    }
}

fn truth(value: bool) -> Verdict {
    if value { Verdict::True } else { Verdict::False }
}

fn compare(a: &Known<'_>, sign: &str, b: &Known<'_>) -> Verdict {
    let same = match (a, b) {
        (Known::Fails, _) | (_, Known::Fails) => return Verdict::Fails,
        (Known::Open, _) | (_, Known::Open) | (Known::Something, Known::Something) => return Verdict::Open,
        (Known::Number(a), Known::Number(b)) => {
            return truth(match sign {
                "==" => a == b,
                "!=" => a != b,
                ">" => a > b,
                ">=" => a >= b,
                "<" => a < b,
                _ => a <= b,
            });
        }
        (Known::Null, Known::Null) => true,
        (Known::Text(a), Known::Text(b)) => a == b,
        _ => false,
    };
    match sign {
        "==" => truth(same),
        "!=" => truth(!same),
        // Of null, no comparison by size holds.
        _ => Verdict::False,
    }
}

impl Operand {
    fn known(&self, case: Case) -> Known<'_> {
        match (self, case.ended) {
            (Operand::Method, _) => Known::Text(case.method),
            (Operand::Number(number), _) => Known::Number(*number),
            (Operand::Text(text), _) => Known::Text(text),
            (Operand::Null, _)
            | (Operand::Response, Ended::Failed(_))
            | (Operand::LastError, Ended::Status(_)) => Known::Null,
            (Operand::Response, Ended::Status(_)) | (Operand::LastError, Ended::Failed(_)) => {
                Known::Something
            }
            (Operand::Status { .. }, Ended::Status(status)) => Known::Number(i64::from(status)),
            (Operand::Reason { .. }, Ended::Failed(reason)) => Known::Text(reason),
            (Operand::Status { safe }, Ended::Failed(_)) | (Operand::Reason { safe }, Ended::Status(_)) => {
                if *safe {
                    Known::Null
                } else {
                    Known::Fails
                }
            }
            (Operand::Other, _) => Known::Open,
        }
    }
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
            return Some(match left {
                Operand::Text(word) if word == "true" || word == "false" => Term::Always(word == "true"),
                _ => Term::Other,
            });
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
        let mut path = self.name()?;
        let (mut safe, mut called) = (false, self.arguments()?);
        loop {
            if self.eat("?.") {
                safe = true;
            } else if !self.eat(".") {
                break;
            }
            let part = self.name()?;
            path = format!("{path}.{part}");
            called |= self.arguments()?;
        }
        if called {
            return Some(Operand::Other);
        }
        Some(match path.as_str() {
            "null" => Operand::Null,
            "true" | "false" => Operand::Text(path),
            "context.Response" => Operand::Response,
            "context.LastError" => Operand::LastError,
            "context.Request.Method" => Operand::Method,
            "context.Response.StatusCode" => Operand::Status { safe },
            "context.LastError.Reason" => Operand::Reason { safe },
            _ => Operand::Other,
        })
    }

    /// Passes over what a path is called with: types, arguments, indices. True if there is any.
    fn arguments(&mut self) -> Option<bool> {
        let mut any = false;
        // A type in angle brackets is one only if a call follows: `GetValueOrDefault<int>("x")`.
        if let [Word::Sign("<"), Word::Name(_), Word::Sign(">"), Word::Sign("("), ..] = self.words {
            self.words = &self.words[3..];
        }
        loop {
            match self.words.first() {
                Some(Word::Sign("(")) => self.skip("(", ")")?,
                Some(Word::Sign("[")) => self.skip("[", "]")?,
                _ => return Some(any),
            }
            any = true;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn case(ended: Ended) -> Case {
        Case { method: "GET", ended }
    }

    /// The statuses after which it is surely true, those that are left open, and what no answer comes to.
    fn of(text: &str) -> String {
        let Some(condition) = Condition::read(text) else { return "not understood".into() };
        let at = |wanted: Verdict| -> Vec<u16> {
            [200, 404, 429, 500, 503]
                .into_iter()
                .filter(|status| condition.verdict(case(Ended::Status(*status))) == wanted)
                .collect()
        };
        let failed = condition.verdict(case(Ended::Failed("Timeout")));
        format!("true {:?}, open {:?}, no answer {failed:?}", at(Verdict::True), at(Verdict::Open))
    }

    #[test]
    fn conditions_are_understood_as_far_as_they_are_about_answers() {
        let shown: Vec<String> = [
            "@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)",
            "@(context.Response == null || context.Response.StatusCode == 503)",
            "@(context.Response != null && (context.Response.StatusCode == 429 || context.Response.StatusCode == 503))",
            "@(context.Response?.StatusCode == 429)",
            "@(!(context.Response.StatusCode < 500))",
            "@(context.Response.StatusCode == 429 && context.Response.Headers.ContainsKey(\"Retry-After\"))",
            "@(context.Response.StatusCode == 503 && context.Response.StatusReason.Contains(\"pool\") || context.Response.StatusCode == 500)",
            "@(context.LastError?.Reason == \"Timeout\")",
            "@(new [] { 429, 503 }.Contains(context.Response.StatusCode))",
            "@((int)context.Response.StatusCode == 429)",
            "@(((string)context.Variables[\"x\"]).Length > 1 || context.Response.StatusCode == 500)",
            "@(context.Variables.GetValueOrDefault<int>(\"left\") > 0)",
            "@(context.Request.Method == \"GET\" && context.Response.StatusCode == 503)",
            "@(context.Request.Method != \"GET\" && context.Response.StatusCode == 503)",
            "@(true)",
            "@{ return true; }",
            "@(context.Response.StatusCode = 429)",
            "@(a ==",
        ]
        .into_iter()
        .map(|text| format!("{text}\n    {}", of(text)))
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[a-z!&|=<>().?\\[\\]{},\" 0-9]{0,60}", prefix in "(@\\()?(context\\.Response)?") {
            if let Some(condition) = Condition::read(&format!("{prefix}{text}")) {
                condition.verdict(case(Ended::Status(500)));
                condition.verdict(case(Ended::Failed("Timeout")));
            }
        }
    }
}
