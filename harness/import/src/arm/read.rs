//! The declarations of an ARM template, and the resources that they come to.

use std::collections::BTreeMap;

use jsonc_parser::ast::{Array, Object, ObjectProp, Value as Json};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::language::expression;
use super::resource::{Template, resources_of};
use crate::evaluate::{Bound, Scope};
use crate::expression::{Expression, Kind};
use crate::given::Given;
use crate::note::Note;
use crate::place::Place;
use crate::value::{Value, What};

/// How deep brackets may lie in each other. JSON is parsed by functions that call themselves.
const DEPTH_MAX: usize = 128;

/// How deep deployments lie in each other.
const NESTED_MAX: u32 = 8;

/// Reads a file of this number.
pub(crate) fn read(file: usize, text: &str, given: &Given) -> Template {
    if depth(text) > DEPTH_MAX {
        return Template::refused(
            &Place::new(file, 0..0),
            "brackets lie too deep in each other: at most 128 are read",
        );
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let root = match parsed.map(|parsed| parsed.value) {
        Ok(Some(Json::Object(root))) => root,
        Ok(other) => {
            let range = other.map_or(0..0, |other| other.start()..other.end());
            return Template::refused(&Place::new(file, range), "an ARM template is an object");
        }
        Err(error) => {
            let range = error.range();
            let place = Place::new(file, range.start..range.end);
            return Template::refused(&place, format!("this is no JSON: {}", error.kind()));
        }
    };
    let mut template = Template::default();
    let asked = |name: &str, place: &Place| given.value(name, place);
    Reading { file }.template(&root, &asked, 0, &mut template);
    template
}

/// How deep brackets lie in each other, of texts aside.
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

struct Reading {
    file: usize,
}

impl Reading {
    fn place(&self, what: &impl Ranged) -> Place {
        Place::new(self.file, what.start()..what.end())
    }

    fn template(
        &self,
        root: &Object<'_>,
        given: &dyn Fn(&str, &Place) -> Option<Value>,
        nested: u32,
        template: &mut Template,
    ) {
        let mut scope = Scope::default();
        for property in table(root, "parameters") {
            let name = property.name.as_str();
            let place = self.place(property);
            let declared = property.value.as_object();
            let default = declared.and_then(|declared| entry(declared, "defaultValue"));
            let is_nullable = declared.and_then(|declared| entry(declared, "nullable")).is_some();
            let bound = match (given(name, &place), default) {
                (Some(value), _) => Bound::Value(value),
                (None, Some(default)) => Bound::Expression(self.expression(&default.value)),
                (None, None) if is_nullable => Bound::Value(Value::new(What::Null, &place)),
                (None, None) => Bound::Missing(place),
            };
            scope.bind(format!("parameters('{name}')"), bound);
        }
        if let Some(variables) = root.get_object("variables") {
            for (name, value) in self.entries(variables) {
                if let Kind::Literal(What::Text(name)) = name.kind {
                    scope.bind(format!("variables('{name}')"), Bound::Expression(value));
                }
            }
        }
        let listed: Vec<&Json<'_>> = match entry(root, "resources").map(|resources| &resources.value) {
            Some(Json::Array(resources)) => resources.elements.iter().collect(),
            // Templates with symbolic names.
            Some(Json::Object(resources)) => {
                resources.properties.iter().map(|resource| &resource.value).collect()
            }
            _ => Vec::new(),
        };
        for resource in listed {
            self.resource(resource, "", &scope, nested, template);
        }
    }

    fn resource(
        &self,
        resource: &Json<'_>,
        parent: &str,
        scope: &Scope,
        nested: u32,
        template: &mut Template,
    ) {
        let Json::Object(object) = resource else { return };
        let Some(kind) = object.get_string("type") else { return };
        let kind =
            if parent.is_empty() { kind.value.to_string() } else { format!("{parent}/{}", kind.value) };
        if object.get_boolean("existing").is_some_and(|existing| existing.value) {
            return;
        }
        if kind.eq_ignore_ascii_case("Microsoft.Resources/deployments") {
            return self.deployment(object, scope, nested, template);
        }
        let place = self.place(object);
        let mut body = self.expression(resource);
        if let Some(condition) = entry(object, "condition") {
            let nothing = Expression::new(Kind::Literal(What::Null), &place);
            body = Expression::call("if", vec![self.expression(&condition.value), body, nothing], &place);
        }
        if let Some(copy) = object.get_object("copy") {
            body = self.copied(copy, body).unwrap_or_else(|| {
                Expression::new(
                    Kind::Unread("the loop of a resource needs a name and a count".into()),
                    &place,
                )
            });
        }
        let made = Expression::call("resource", vec![Expression::text(&kind, &place), body], &place);
        template.resources.extend(resources_of(&kind, scope.evaluate(&made)));
        for child in object.get_array("resources").into_iter().flat_map(|children| &children.elements) {
            self.resource(child, &kind, scope, nested, template);
        }
    }

    /// A template in a template: what Bicep makes of a module.
    fn deployment(&self, object: &Object<'_>, scope: &Scope, nested: u32, template: &mut Template) {
        let place = self.place(object);
        let inner = object.get_object("properties").and_then(|properties| properties.get_object("template"));
        let Some(inner) = inner.filter(|_| nested < NESTED_MAX && object.get_object("copy").is_none()) else {
            let words =
                "this deployment is not followed: its template is elsewhere, in a loop, or lies too deep";
            return template.notes.push(Note::unknown(&place, words));
        };
        let handed =
            object.get_object("properties").and_then(|properties| properties.get_object("parameters"));
        let mut given = BTreeMap::new();
        for property in handed.into_iter().flat_map(|handed| &handed.properties) {
            let value = property.value.as_object().and_then(|one| entry(one, "value"));
            if let Some(value) = value {
                given.insert(
                    property.name.as_str().to_owned(),
                    scope.evaluate(&self.expression(&value.value)),
                );
            }
        }
        self.template(inner, &|name, _| given.get(name).cloned(), nested + 1, template);
    }

    fn copied(&self, copy: &Object<'_>, body: Expression) -> Option<Expression> {
        let place = self.place(copy);
        let name = copy.get_string("name")?;
        let count = self.expression(&entry(copy, "count")?.value);
        let zero = Expression::new(Kind::Literal(What::Number(0.0)), &place);
        let over = Expression::call("range", vec![zero, count], &place);
        let item = format!("copyindex('{}')", name.value);
        let kind = Kind::For { item, index: None, over: Box::new(over), body: Box::new(body) };
        Some(Expression::new(kind, &place))
    }

    fn expression(&self, json: &Json<'_>) -> Expression {
        let place = self.place(json);
        let kind = match json {
            Json::StringLit(text) => return expression(&text.value, &place),
            Json::NumberLit(number) => match number.value.parse() {
                Ok(number) => Kind::Literal(What::Number(number)),
                Err(_) => Kind::Unread(format!("`{}` is no number", number.value)),
            },
            Json::BooleanLit(truth) => Kind::Literal(What::Bool(truth.value)),
            Json::NullKeyword(_) => Kind::Literal(What::Null),
            Json::Array(items) => {
                Kind::List(items.elements.iter().map(|item| self.expression(item)).collect())
            }
            Json::Object(object) => Kind::Object(self.entries(object)),
        };
        Expression::new(kind, &place)
    }

    /// The keys of an object; those that a loop makes (`copy`) among them.
    fn entries(&self, object: &Object<'_>) -> Vec<(Expression, Expression)> {
        let mut found = Vec::new();
        for property in &object.properties {
            match &property.value {
                Json::Array(loops) if property.name.as_str() == "copy" => found.extend(self.loops(loops)),
                value => {
                    let place = Place::new(self.file, property.name.start()..property.name.end());
                    found.push((expression(property.name.as_str(), &place), self.expression(value)));
                }
            }
        }
        found
    }

    fn loops(&self, loops: &Array<'_>) -> impl Iterator<Item = (Expression, Expression)> {
        let each = loops.elements.iter().filter_map(Json::as_object);
        each.filter_map(|one| {
            let name = one.get_string("name")?;
            let input = self.expression(&entry(one, "input")?.value);
            Some((Expression::text(name.value.as_ref(), &self.place(one)), self.copied(one, input)?))
        })
    }
}

fn entry<'a, 'b>(object: &'b Object<'a>, key: &str) -> Option<&'b ObjectProp<'a>> {
    object.properties.iter().find(|property| property.name.as_str() == key)
}

fn table<'a, 'b>(object: &'b Object<'a>, key: &str) -> &'b [ObjectProp<'a>] {
    object.get_object(key).map_or(&[], |table| table.properties.as_slice())
}
