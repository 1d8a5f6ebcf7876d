//! Values that the user gave for what the configuration leaves open: `--value retries=3`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::place::Place;
use crate::value::{Value, What};

/// Values by name: of parameters, named values and slots of templates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    values: BTreeMap<String, String>,
    asked: RefCell<BTreeSet<String>>,
}

impl Given {
    pub(crate) fn new(values: BTreeMap<String, String>) -> Self {
        Given { values, asked: RefCell::default() }
    }

    /// The value of a name, as it was given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.values.get(name).map(String::as_str)
    }

    /// The same as a value of a template: JSON, and what is no JSON is text.
    pub(crate) fn value(&self, name: &str, place: &Place) -> Option<Value> {
        let text = self.get(name)?;
        let what = serde_json::from_str(text)
            .map_or_else(|_| Value::new(What::Text(text.into()), place), |json| of_json(&json, place));
        Some(what)
    }

    /// Names that were given and that nothing asked for.
    pub(crate) fn unused(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        self.values.keys().filter(|name| !asked.contains(*name)).cloned().collect()
    }
}

fn of_json(json: &serde_json::Value, place: &Place) -> Value {
    let what = match json {
        serde_json::Value::Null => What::Null,
        serde_json::Value::Bool(truth) => What::Bool(*truth),
        serde_json::Value::Number(number) => What::Number(number.as_f64().unwrap_or(0.0)),
        serde_json::Value::String(text) => What::Text(text.clone()),
        serde_json::Value::Array(items) => {
            What::List(items.iter().map(|item| of_json(item, place)).collect())
        }
        serde_json::Value::Object(entries) => {
            What::Object(entries.iter().map(|(key, value)| (key.clone(), of_json(value, place))).collect())
        }
    };
    Value::new(what, place)
}
