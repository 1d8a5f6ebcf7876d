//! JSON with the place of each value.

use jsonc_parser::ast::Value as Json;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::arm::depth;
use crate::place::Place;
use crate::value::{Value, What};

/// How deep brackets may lie in each other. JSON is parsed by functions that call themselves.
const DEPTH_MAX: usize = 128;

/// The value of a file, or why there is none, and where.
pub(crate) fn read(file: usize, text: &str) -> Result<Value, (Place, String)> {
    if depth(text) > DEPTH_MAX {
        let words = format!("brackets lie too deep in each other: at most {DEPTH_MAX} are read");
        return Err((Place::new(file, 0..0), words));
    }
    match parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()) {
        Ok(parsed) => match parsed.value {
            Some(json) => Ok(value(file, &json)),
            None => Err((Place::new(file, 0..0), "the file is empty: expected JSON".into())),
        },
        Err(error) => {
            let range = error.range();
            Err((Place::new(file, range.start..range.end), format!("this is no JSON: {}", error.kind())))
        }
    }
}

fn value(file: usize, json: &Json<'_>) -> Value {
    let place = Place::new(file, json.start()..json.end());
    let what = match json {
        Json::StringLit(text) => What::Text(text.value.to_string()),
        Json::NumberLit(number) => {
            let read = number.value.parse().ok().filter(|number: &f64| number.is_finite());
            read.map_or_else(|| What::unknown("this number can't be read"), What::Number)
        }
        Json::BooleanLit(truth) => What::Bool(truth.value),
        Json::NullKeyword(_) => What::Null,
        Json::Array(items) => What::List(items.elements.iter().map(|item| value(file, item)).collect()),
        Json::Object(object) => {
            let entry = |property: &jsonc_parser::ast::ObjectProp<'_>| {
                (property.name.as_str().to_owned(), value(file, &property.value))
            };
            What::Object(object.properties.iter().map(entry).collect())
        }
    };
    Value::new(what, &place)
}
