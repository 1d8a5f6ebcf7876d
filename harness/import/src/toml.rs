//! TOML with the place of each value.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::place::Place;
use crate::value::{Value, What};

/// The table of a file, or why there is none, and where. The parser bounds how deep tables lie in each other.
pub(crate) fn read(file: usize, text: &str) -> Result<Value, (Place, String)> {
    match DeTable::parse(text) {
        Ok(root) => {
            let span = root.span();
            Ok(Value::new(table(file, root.get_ref()), &Place::new(file, span)))
        }
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            let words = error.message().replace('\n', ": ");
            Err((Place::new(file, at), format!("this is no TOML: {words}")))
        }
    }
}

fn table(file: usize, table: &DeTable<'_>) -> What {
    let mut entries: Vec<(usize, String, Value)> = table
        .iter()
        .map(|(key, inner)| (key.span().start, key.get_ref().to_string(), value(file, inner)))
        .collect();
    // In the order of the file, which the parser does not keep.
    entries.sort_by_key(|(start, ..)| *start);
    What::Object(entries.into_iter().map(|(_, key, value)| (key, value)).collect())
}

fn value(file: usize, spanned: &Spanned<DeValue<'_>>) -> Value {
    let what = match spanned.get_ref() {
        DeValue::String(text) => What::Text(text.to_string()),
        DeValue::Boolean(truth) => What::Bool(*truth),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => What::Number(number as f64),
            Err(_) => What::unknown("this number is too large"),
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(number) => What::Number(number),
            Err(_) => What::unknown("this number can't be read"),
        },
        DeValue::Datetime(moment) => What::Text(moment.to_string()),
        DeValue::Array(items) => What::List(items.iter().map(|item| value(file, item)).collect()),
        DeValue::Table(inner) => table(file, inner),
    };
    Value::new(what, &Place::new(file, spanned.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_places_and_what_is_no_toml_is_told_at_its_place() {
        let root = read(0, "[a.b]\nc = 'x' # y\n[[a.d]]\ne = 1.5\n").unwrap();
        let text = root.at(&["a", "b", "c"]).unwrap();
        assert_eq!((text.text(), text.place.start, text.place.end), (Some("x"), 10, 13));
        assert_eq!(root.at(&["a", "d"]).unwrap().items()[0].get("e").unwrap().number(), Some(1.5));
        let (place, words) = read(0, "a = 1\nb = = 2").unwrap_err();
        assert!(place.start >= 6 && words.starts_with("this is no TOML: "), "{place:?} {words}");
        let (_, words) = read(0, &format!("a = {}", "[".repeat(100_000))).unwrap_err();
        assert!(words.starts_with("this is no TOML"), "{words}");
    }
}
