//! The JSON Schema of the scenario file, made from the types that read it, so that editors complete what is accepted.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::file::Scenario;

/// The JSON Schema (draft 2020-12) of a scenario file.
pub fn schema() -> Value {
    schema_of::<Scenario>()
}

/// The JSON Schema (draft 2020-12) of a TOML file that is read as `T`.
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(NoNull);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// TOML has no null: a key is there or it is not.
#[derive(Clone, Debug)]
struct NoNull;

impl Transform for NoNull {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(object) = schema.as_object_mut() {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|word| word != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|word| word != "null"));
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
        }
        transform_subschemas(self, schema);
    }
}
