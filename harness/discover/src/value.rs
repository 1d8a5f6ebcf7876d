//! What can be known of a behaviour: a time, a count, a share, a word, or that nothing ended for so long.

use std::fmt;

use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

/// What was found, with the bounds between which it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Value {
    /// A length of time, between two bounds.
    Time(Timespan, Timespan),
    /// A whole number, between two bounds.
    Count(u64, u64),
    /// At least so many: what would have shown more was cut short.
    AtLeast(u64),
    /// A share, between two bounds.
    Share(Share, Share),
    /// A word, such as `yes` or `none`.
    Word(String),
    /// No end within so long.
    Beyond(Timespan),
}

impl Value {
    /// The word `yes` or `no`.
    pub(crate) fn yes(yes: bool) -> Self {
        Value::word(if yes { "yes" } else { "no" })
    }

    pub(crate) fn word(word: impl Into<String>) -> Self {
        Value::Word(word.into())
    }

    /// True if both can be the same: their bounds meet, or what one excludes is not what the other says.
    pub fn agrees(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Time(low, high), Value::Time(from, to)) => low <= to && from <= high,
            (Value::Count(low, high), Value::Count(from, to)) => low <= to && from <= high,
            (Value::Share(low, high), Value::Share(from, to)) => {
                low.get() <= to.get() && from.get() <= high.get()
            }
            (Value::AtLeast(least), Value::Count(_, high))
            | (Value::Count(_, high), Value::AtLeast(least)) => least <= high,
            (Value::AtLeast(_), Value::AtLeast(_)) | (Value::Beyond(_), Value::Beyond(_)) => true,
            (Value::Beyond(length), Value::Time(_, high)) | (Value::Time(_, high), Value::Beyond(length)) => {
                length <= high
            }
            (Value::Word(word), Value::Word(other)) => word == other,
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Time(low, high) => {
                // Shown to three digits, the two bounds may read the same.
                let (low, high) = (low.to_string(), high.to_string());
                if low == high { f.write_str(&low) } else { write!(f, "{low} to {high}") }
            }
            Value::Count(low, high) if low == high => write!(f, "{low}"),
            Value::Count(low, high) => write!(f, "{low} to {high}"),
            Value::AtLeast(least) => write!(f, "{least} or more"),
            Value::Share(low, high) => {
                write!(f, "{:.1} to {:.1} %", 100.0 * low.get(), 100.0 * high.get())
            }
            Value::Word(word) => f.write_str(word),
            Value::Beyond(length) => write!(f, "none within {length}"),
        }
    }
}
