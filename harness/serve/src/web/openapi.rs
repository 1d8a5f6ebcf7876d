//! The OpenAPI document, made of the table of endpoints.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::endpoints::{ENDPOINTS, Endpoint, Holds, Needs};
use super::guard::CSRF;
use super::problem::{PROBLEM, Problem};
use super::site::Site;

/// Refusals that any request can meet.
const ANY: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::INSUFFICIENT_STORAGE,
];

/// `GET /openapi.json`
pub(super) fn get(_: &Site, _: &Call) -> Result<Answer, Problem> {
    Answer::json(&document())
}

/// The schema of this document, and of what game days say in their own words.
pub(super) fn any(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// Several of them.
pub(super) fn list(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "object" } })
}

/// The document: OpenAPI 3.1, whose schemas are JSON Schema 2020-12.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for endpoint in ENDPOINTS {
        let operation = operation(endpoint, &mut generator);
        let method = endpoint.method.as_str().to_lowercase();
        paths.entry(endpoint.path).or_default().insert(method, operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "brownout serve",
            "version": "1",
            "description": "Game days: what is due, who approved it, what runs, and what came of it. With a cookie instead of \
                            a bearer token, what changes something has to carry the header `x-brownout-csrf`.",
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "summary": endpoint.summary,
        "operationId": operation_id(endpoint),
        "parameters": parameters(endpoint, generator),
        "responses": responses(endpoint, generator),
    });
    match endpoint.needs {
        Needs::Role(role) => {
            operation["security"] = json!([{ "token": [] }]);
            operation["description"] = format!("Takes the role `{role}`.").into();
        }
        Needs::Nobody => operation["security"] = json!([]),
    }
    if let Some(body) = endpoint.body {
        let schema = body(generator);
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

/// `post /api/v1/firings/{id}/stop` is `post_firings_id_stop`.
fn operation_id(endpoint: &Endpoint) -> String {
    let path = endpoint.path.trim_start_matches("/api/v1");
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(endpoint.method.as_str().to_lowercase(), |id, word| id + "_" + word)
}

fn parameters(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Vec<Value> {
    let in_path = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let schema = |name: &str| {
        if name == "name" { json!({ "type": "string" }) } else { json!({ "type": "integer", "minimum": 0 }) }
    };
    let in_path =
        in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schema(name) }));
    let mut parameters: Vec<Value> = in_path.collect();
    if let Some(query) = endpoint.query {
        let schema = query(generator);
        // What a query is made of stands among the definitions, under the name to which the schema refers.
        let name = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or_default();
        let object = generator.definitions_mut().remove(name).unwrap_or_default();
        let required = object["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in object["properties"].as_object().into_iter().flatten() {
            let is_required = required.iter().any(|required| required == name);
            parameters.push(json!({ "name": name, "in": "query", "required": is_required, "schema": without_null(schema) }));
        }
    }
    if endpoint.method.as_str() != "GET" && matches!(endpoint.needs, Needs::Role(_)) {
        parameters.push(json!({
            "name": CSRF, "in": "header", "required": false, "schema": { "type": "string" },
            "description": "Only with a cookie: what `GET /session` says.",
        }));
    }
    parameters
}

/// A parameter that is left out is not sent as `null`.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(types) = schema["type"].as_array().and_then(|types| types.iter().find(|word| *word != "null"))
    {
        schema["type"] = types.clone();
    }
    if let Some(of) = schema["anyOf"].as_array().and_then(|of| of.iter().find(|of| of["type"] != "null")) {
        schema = of.clone();
    }
    schema
}

fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    let (status, answer) = match endpoint.holds {
        Holds::Nothing => (204, json!({ "description": "Done." })),
        Holds::Json(status, schema) => {
            let schema = schema(generator);
            (
                status,
                json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } }),
            )
        }
        Holds::Other(media_type) => {
            let schema = json!({ "type": "string" });
            (200, json!({ "description": "Done.", "content": { media_type: { "schema": schema } } }))
        }
    };
    responses.insert(status.to_string(), answer);
    let schema = generator.subschema_for::<Problem>();
    let guarded: &[u16] = if matches!(endpoint.needs, Needs::Role(_)) { &[401, 403] } else { &[] };
    let read: &[u16] = if endpoint.body.is_some() { &[408, 413, 415] } else { &[] };
    let any = ANY.map(|status| status.as_u16());
    for status in any.iter().chain(guarded).chain(read).chain(endpoint.refusals) {
        let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let refusal = json!({ "description": reason, "content": { PROBLEM: { "schema": schema } } });
        responses.insert(status.to_string(), refusal);
    }
    responses.into()
}
