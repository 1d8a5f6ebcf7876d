//! Conditions of policies, as far as they are about the request and what a backend answered: `context.Request.Method`,
//! `context.Response.StatusCode`, `null`, `&& || !`.
//!
//! What is asked of anything else (variables, the body) is neither true nor false here, and a condition is only as certain as
//! its parts make it: `false && anything` is false.

mod operand;
mod reading;

use std::collections::BTreeMap;

use operand::{Operand, compare};

use super::lexer::words;

/// A request, and how its attempt ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) method: Option<&'a str>,
    /// The rest of it, if that is known.
    pub(crate) request: Option<&'a Asked>,
    pub(crate) ended: Ended,
}

/// What is asked for, as far as conditions ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The method, in upper case.
    pub method: String,
    /// The path, without a query.
    pub path: String,
    /// All headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// A way in which an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// There was none yet.
    NotBegun,
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
    /// Something that is true or false by itself: `true`, `context.Request.Headers.ContainsKey("x")`.
    Is(Operand),
}

impl Condition {
    /// Reads a condition, in its letters, with `@(…)` around it or without. Nothing if it is none: a block of statements, say.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let inner = text.strip_prefix("@(").and_then(|text| text.strip_suffix(')')).unwrap_or(text);
        reading::term(&words(inner)?).map(Condition)
    }

    /// What it comes to in a case.
    pub(crate) fn verdict(&self, case: Case<'_>) -> Verdict {
        self.0.verdict(case)
    }

    /// True if part of it is about something else than the method, statuses and failures; and the request, if it is known.
    pub(crate) fn is_open(&self, is_asked: bool) -> bool {
        self.0.is_open(is_asked)
    }
}

impl Term {
    fn is_open(&self, is_asked: bool) -> bool {
        match self {
            Term::And(a, b) | Term::Or(a, b) => a.is_open(is_asked) || b.is_open(is_asked),
            Term::Not(a) => a.is_open(is_asked),
            Term::Compare(a, _, b) => a.is_open(is_asked) || b.is_open(is_asked),
            Term::Is(what) => what.is_open(is_asked),
            Term::Among(_, of) => of.is_open(is_asked),
        }
    }

    fn verdict(&self, case: Case<'_>) -> Verdict {
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
            Term::Among(list, of) => of.known(case).is_among(list),
            Term::Is(what) => what.known(case).is_true(),
        }
    }
}

fn truth(value: bool) -> Verdict {
    if value { Verdict::True } else { Verdict::False }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn case(ended: Ended) -> Case<'static> {
        Case { method: Some("GET"), request: None, ended }
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

    #[test]
    fn what_is_asked_of_a_request_is_answered_where_the_request_is_known() {
        let headers = BTreeMap::from([("x-tier".into(), "Gold".into())]);
        let asked = Asked { method: "POST".into(), path: "/chat/completions".into(), headers };
        let of = |text: &str| {
            let Some(condition) = Condition::read(text) else { return "not understood".into() };
            let of =
                |request| condition.verdict(Case { method: Some("POST"), request, ended: Ended::NotBegun });
            format!("{:?}, of any {:?}", of(Some(&asked)), of(None))
        };
        let shown: Vec<String> = [
            "@(context.Request.Method == \"POST\")",
            "@(context.Request.Method.Equals(\"GET\"))",
            "@(context.Request.Url.Path.Contains(\"completions\"))",
            "@(!context.Request.Url.Path.StartsWith(\"/chat\"))",
            "@(context.Request.OriginalUrl.Path.ToLower().EndsWith(\"/embeddings\"))",
            "@(context.Request.Headers.GetValueOrDefault(\"X-Tier\", \"\") == \"Gold\")",
            "@(context.Request.Headers.GetValueOrDefault(\"x-tier\",\"\").ToUpperInvariant() == \"GOLD\")",
            "@(context.Request.Headers.GetValueOrDefault(\"x-zone\", \"eu\") == \"eu\")",
            "@(context.Request.Headers.GetValueOrDefault(\"x-zone\") == null)",
            "@(context.Request.Headers.ContainsKey(\"x-zone\"))",
            "@(!string.IsNullOrEmpty(context.Request.Headers.GetValueOrDefault(\"x-tier\", \"\")))",
            "@(context.Request.Headers[\"x-tier\"].First() == \"Gold\")",
            "@(int.Parse(context.Request.Headers.GetValueOrDefault(\"n\", \"1\")) > 0)",
            "@(context.Response.StatusCode == 200)",
            "@(context.Variables.ContainsKey(\"x\") || context.Request.Method != \"POST\")",
        ]
        .into_iter()
        .map(|text| format!("{text}\n    {}", of(text)))
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[a-z!&|=<>().?\\[\\]{},\" 0-9]{0,60}", prefix in "(@\\()?(context\\.(Response|Request\\.Headers|Request\\.Url\\.Path))?") {
            if let Some(condition) = Condition::read(&format!("{prefix}{text}")) {
                condition.verdict(case(Ended::Status(500)));
                condition.verdict(case(Ended::Failed("Timeout")));
            }
        }
    }
}
