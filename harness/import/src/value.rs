//! Values of a template, each with its place, as far as they are known before a deployment.

use crate::place::Place;

/// A value, and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) what: What,
    pub(crate) place: Place,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    /// In the order of the file; of the same key several times, the last one counts.
    Object(Vec<(String, Value)>),
    /// Not known before a deployment, or beyond what is read: why, and the text as far as it is known, with `{name}` in
    /// place of what is not.
    Unknown {
        why: String,
        text: Option<String>,
    },
}

impl What {
    pub(crate) fn unknown(why: impl Into<String>) -> Self {
        What::Unknown { why: why.into(), text: None }
    }
}

impl Value {
    pub(crate) fn new(what: What, place: &Place) -> Self {
        Value { what, place: place.clone() }
    }

    /// The value of a key; nothing if there is none, or if this is no object. Keys of templates are read as Azure reads them:
    /// their case does not matter.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let What::Object(entries) = &self.what else { return None };
        let found = entries.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value).filter(|value| value.what != What::Null)
    }

    /// The value at a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    pub(crate) fn items(&self) -> &[Value] {
        if let What::List(items) = &self.what { items } else { &[] }
    }

    pub(crate) fn entries(&self) -> &[(String, Value)] {
        if let What::Object(entries) = &self.what { entries } else { &[] }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let What::Text(text) = &self.what { Some(text) } else { None }
    }

    /// The text as far as it is known.
    pub(crate) fn known_text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) => Some(text),
            What::Unknown { text, .. } => text.as_deref(),
            _ => None,
        }
    }

    /// A number, also one that stands in quotes: Microsoft's own example writes `"count": "3"`.
    pub(crate) fn number(&self) -> Option<f64> {
        match &self.what {
            What::Number(number) => Some(*number),
            What::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&self, bounds: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let number = self.number().filter(|number| number.fract() == 0.0 && *number >= 0.0)?;
        let number = if number <= f64::from(u32::MAX) { number as u32 } else { return None };
        bounds.contains(&number).then_some(number)
    }

    pub(crate) fn truth(&self) -> Option<bool> {
        match &self.what {
            What::Bool(truth) => Some(*truth),
            What::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            What::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// How many values it holds, itself included.
    pub(crate) fn size(&self) -> u32 {
        let of =
            |values: &mut dyn Iterator<Item = &Value>| values.map(Value::size).fold(1, u32::saturating_add);
        match &self.what {
            What::List(items) => of(&mut items.iter()),
            What::Object(entries) => of(&mut entries.iter().map(|(_, value)| value)),
            What::Text(text) => 1 + text.len() as u32 / 64,
            _ => 1,
        }
    }

    /// The same as if it stood nowhere: for comparing values of two places.
    pub(crate) fn without_places(&self) -> Value {
        let what = match &self.what {
            What::List(items) => What::List(items.iter().map(Value::without_places).collect()),
            What::Object(entries) => What::Object(
                entries.iter().map(|(key, value)| (key.clone(), value.without_places())).collect(),
            ),
            other => other.clone(),
        };
        Value::new(what, &Place::new(0, 0..0))
    }

    /// What it is, in a few words, for what expects something else.
    pub(crate) fn words(&self) -> String {
        match &self.what {
            What::Null => "null".into(),
            What::Bool(truth) => truth.to_string(),
            What::Number(number) => number.to_string(),
            What::Text(text) => format!("`{}`", text.chars().take(60).collect::<String>().escape_debug()),
            What::List(items) => format!("a list of {}", items.len()),
            What::Object(_) => "an object".into(),
            What::Unknown { why, .. } => format!("not known: {why}"),
        }
    }
}
