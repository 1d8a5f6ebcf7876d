//! Texts that people send, each with a bound.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// The bytes of a request's body that are read at most.
pub(super) const BODY_MAX: usize = 32 << 10;

/// A text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<const MIN: usize, const MAX: usize>(pub(super) String);

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let count = text.chars().count();
        if !(MIN..=MAX).contains(&count) {
            let why = format!("expected {MIN} to {MAX} characters, found {count}");
            return Err(serde::de::Error::custom(why));
        }
        Ok(Text(text))
    }
}

impl<const MIN: usize, const MAX: usize> JsonSchema for Text<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MIN}To{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": MIN, "maxLength": MAX })
    }
}

/// What somebody says of what they do.
pub(super) type Comment = Text<0, 2_000>;

/// A note, or a reason.
pub(super) type Words = Text<1, 2_000>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_in_characters_and_refused_beyond_its_bounds() {
        let read = |text: &str| serde_json::from_value::<Text<1, 3>>(text.into());
        assert_eq!(read("äöü").unwrap().0, "äöü");
        assert!(read("").is_err());
        assert!(read("four").unwrap_err().to_string().contains("1 to 3 characters, found 4"));
    }
}
