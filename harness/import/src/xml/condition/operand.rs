//! What conditions compare, and what it is in a case.

use super::{Case, Ended, Verdict, truth};

/// What stands on a side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Number(i64),
    Text(String),
    Truth(bool),
    Null,
    Response,
    Status {
        safe: bool,
    },
    Reason {
        safe: bool,
    },
    LastError,
    Method,
    Path,
    /// The value of a header of the request; what it is without the header.
    Header(String, Box<Operand>),
    /// True if the request has this header.
    HasHeader(String),
    /// A text in letters of one size.
    Cased(Box<Operand>, Letters),
    /// A question about a text.
    Test(Box<Operand>, Test),
    /// Something else.
    Other,
}

/// Small letters or capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    Small,
    Capital,
}

/// A question about a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    Equals(String),
    IsEmpty,
}

/// What an operand is in a case.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    Null,
    Number(i64),
    Text(String),
    Truth(bool),
    Something,
    Open,
    Fails,
}

impl Operand {
    /// True if something else is asked for than the method, statuses and failures; and the request, if it is known.
    pub(super) fn is_open(&self, is_asked: bool) -> bool {
        match self {
            Operand::Other => true,
            Operand::Path | Operand::Header(..) | Operand::HasHeader(_) => !is_asked,
            Operand::Cased(of, _) | Operand::Test(of, _) => of.is_open(is_asked),
            _ => false,
        }
    }

    pub(super) fn known(&self, case: Case<'_>) -> Known {
        let of_request = |found: Option<Known>| found.unwrap_or(Known::Open);
        match self {
            Operand::Number(number) => Known::Number(*number),
            Operand::Text(text) => Known::Text(text.clone()),
            Operand::Truth(truth) => Known::Truth(*truth),
            Operand::Null => Known::Null,
            Operand::Method => of_request(case.method.map(|method| Known::Text(method.to_owned()))),
            Operand::Path => of_request(case.request.map(|one| Known::Text(one.path.clone()))),
            Operand::Header(name, without) => of_request(case.request.map(|one| {
                one.headers.get(name).map_or_else(|| without.known(case), |value| Known::Text(value.clone()))
            })),
            Operand::HasHeader(name) => {
                of_request(case.request.map(|one| Known::Truth(one.headers.contains_key(name))))
            }
            Operand::Cased(of, letters) => of.known(case).cased(*letters),
            Operand::Test(of, test) => test.of(&of.known(case)),
            Operand::Response | Operand::LastError | Operand::Status { .. } | Operand::Reason { .. } => {
                self.of_answer(case.ended)
            }
            Operand::Other => Known::Open,
        }
    }

    fn of_answer(&self, ended: Ended) -> Known {
        match (self, ended) {
            (_, Ended::NotBegun) => Known::Open,
            (Operand::Status { .. }, Ended::Status(status)) => Known::Number(i64::from(status)),
            (Operand::Reason { .. }, Ended::Failed(reason)) => Known::Text(reason.to_owned()),
            (Operand::Response, Ended::Status(_)) | (Operand::LastError, Ended::Failed(_)) => {
                Known::Something
            }
            (Operand::Status { safe: false } | Operand::Reason { safe: false }, _) => Known::Fails,
            _ => Known::Null,
        }
    }
}

impl Known {
    pub(super) fn is_true(&self) -> Verdict {
        match self {
            Known::Truth(value) => truth(*value),
            Known::Fails => Verdict::Fails,
            _ => Verdict::Open,
        }
    }

    pub(super) fn is_among(&self, list: &[i64]) -> Verdict {
        match self {
            Known::Number(number) => truth(list.contains(number)),
            Known::Fails => Verdict::Fails,
            Known::Open => Verdict::Open,
            _ => Verdict::False,
        }
    }

    fn cased(self, letters: Letters) -> Known {
        match (self, letters) {
            (Known::Text(text), Letters::Small) => Known::Text(text.to_lowercase()),
            (Known::Text(text), Letters::Capital) => Known::Text(text.to_uppercase()),
            (Known::Null | Known::Fails, _) => Known::Fails,
            _ => Known::Open,
        }
    }
}

impl Test {
    fn of(&self, known: &Known) -> Known {
        let text = match (self, known) {
            (_, Known::Text(text)) => text,
            (Test::IsEmpty, Known::Null) => return Known::Truth(true),
            (_, Known::Null | Known::Fails) => return Known::Fails,
            _ => return Known::Open,
        };
        Known::Truth(match self {
            Test::Contains(part) => text.contains(part.as_str()),
            Test::StartsWith(part) => text.starts_with(part.as_str()),
            Test::EndsWith(part) => text.ends_with(part.as_str()),
            Test::Equals(other) => text == other,
            Test::IsEmpty => text.is_empty(),
        })
    }
}

/// What a comparison comes to.
pub(super) fn compare(a: &Known, sign: &str, b: &Known) -> Verdict {
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
        (a, b) => a == b,
    };
    match sign {
        "==" => truth(same),
        "!=" => truth(!same),
        // Of null, no comparison by size holds.
        _ => Verdict::False,
    }
}
