//! What expressions come to: parameters and variables are looked up, loops gone through, functions applied.
//!
//! Nothing is unbounded: a template may refer to itself, and a dozen lines may ask for a billion values.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::expression::{Expression, Kind};
use crate::functions;
use crate::place::Place;
use crate::value::{Value, What};

/// How deep expressions lie in each other, names looked up included.
const DEPTH_MAX: u32 = 96;

/// How many values one import makes.
const VALUES_MAX: u32 = 200_000;

/// Of a text, so many bytes count as one value more.
const BYTES_A_VALUE: u32 = 64;

/// The longest text that is made, in bytes.
pub(crate) const MADE_TEXT_MAX: usize = 64 << 10;

/// What names stand for.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Value(Value),
    Expression(Expression),
    /// A parameter that nobody gave: where it is declared.
    Missing(Place),
}

/// Names, and what is left of the bounds.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    names: BTreeMap<String, Bound>,
    made: Cell<u32>,
}

impl Scope {
    pub(crate) fn bind(&mut self, name: impl Into<String>, bound: Bound) {
        self.names.insert(name.into(), bound);
    }

    /// What an expression comes to.
    pub(crate) fn evaluate(&self, expression: &Expression) -> Value {
        Walk { scope: self, locals: Vec::new(), depth: 0 }.evaluate(expression)
    }
}

struct Walk<'a> {
    scope: &'a Scope,
    /// What the loops around it call their items, the innermost last.
    locals: Vec<(String, Value)>,
    depth: u32,
}

impl Walk<'_> {
    fn evaluate(&mut self, expression: &Expression) -> Value {
        let made = self.scope.made.get();
        if made >= VALUES_MAX {
            return Value::new(What::unknown("the template makes too many values"), &expression.place);
        }
        self.scope.made.set(made + 1);
        if self.depth >= DEPTH_MAX {
            let why = "it lies too deep, or refers to itself";
            return Value::new(What::unknown(why), &expression.place);
        }
        self.depth += 1;
        let value = self.inner(expression);
        self.depth -= 1;
        if let Some(text) = value.known_text() {
            self.charge(text.len() as u32 / BYTES_A_VALUE);
        }
        value
    }

    /// Counts what is made beside one value for each expression.
    fn charge(&self, values: u32) {
        self.scope.made.set(self.scope.made.get().saturating_add(values));
    }

    fn inner(&mut self, expression: &Expression) -> Value {
        let here = |what| Value::new(what, &expression.place);
        match &expression.kind {
            Kind::Literal(what) => here(what.clone()),
            Kind::Text(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| self.evaluate(part)).collect();
                here(functions::join(&parts))
            }
            Kind::List(items) => here(self.list(items)),
            Kind::Object(entries) => here(self.object(entries)),
            Kind::Spread(inner) => self.evaluate(inner),
            Kind::Name(name) => self.look_up(name, &expression.place),
            Kind::Member { of, key, safe } => {
                let of = self.evaluate(of);
                let key = self.evaluate(key);
                member(of, &key, *safe, &expression.place)
            }
            Kind::Call(name, arguments) => self.call(name, arguments, &expression.place),
            Kind::For { item, index, over, body } => {
                let over = self.evaluate(over);
                here(self.each((item, index.as_deref()), &over, body))
            }
            Kind::Unread(words) => here(What::unknown(words.clone())),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expression], place: &Place) -> Value {
        // Of these, only what is needed is looked at: the other branch may well make no sense.
        if let ("if", [condition, yes, no]) = (name, arguments) {
            let condition = self.evaluate(condition);
            return match condition.truth() {
                Some(true) => self.evaluate(yes),
                Some(false) => self.evaluate(no),
                None => Value::new(What::unknown(format!("its condition is {}", condition.words())), place),
            };
        }
        if name == "coalesce" {
            for argument in arguments {
                let value = self.evaluate(argument);
                if value.what != What::Null {
                    return value;
                }
            }
            return Value::new(What::Null, place);
        }
        let arguments: Vec<Value> = arguments.iter().map(|argument| self.evaluate(argument)).collect();
        if let ("parameters" | "variables" | "copyindex", Some(Some(of))) =
            (name, arguments.first().map(Value::text))
        {
            let offset = arguments.get(1).and_then(Value::number).unwrap_or(0.0);
            let value = self.look_up(&format!("{name}('{of}')"), place);
            return match value.what {
                What::Number(number) if name == "copyindex" => {
                    Value::new(What::Number(number + offset), place)
                }
                _ => value,
            };
        }
        if name == "copyindex" {
            let offset = arguments.first().and_then(Value::number).unwrap_or(0.0);
            let found = self.locals.iter().rev().find(|(local, _)| local.starts_with("copyindex("));
            let number = found.and_then(|(_, value)| value.number());
            let what = number.map_or_else(
                || What::unknown("`copyIndex()` stands in no loop"),
                |number| What::Number(number + offset),
            );
            return Value::new(what, place);
        }
        functions::apply(name, &arguments, place)
    }

    fn list(&mut self, items: &[Expression]) -> What {
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let value = self.evaluate(item);
            match (&item.kind, value.what) {
                (Kind::Spread(_), What::List(more)) => found.extend(more),
                (Kind::Spread(_), what) => {
                    let words = Value::new(what, &value.place).words();
                    return What::unknown(format!("it takes in the items of what is no list ({words})"));
                }
                (_, what) => found.push(Value { what, place: value.place }),
            }
        }
        What::List(found)
    }

    fn object(&mut self, entries: &[(Expression, Expression)]) -> What {
        let mut found = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let is_spread = matches!(value.kind, Kind::Spread(_));
            let value = self.evaluate(value);
            if is_spread {
                let What::Object(more) = value.what else {
                    return What::unknown(format!(
                        "it takes in the keys of what is no object ({})",
                        value.words()
                    ));
                };
                found.extend(more);
                continue;
            }
            let key = self.evaluate(key);
            let Some(key) = key.text() else {
                return What::unknown(format!("one of its keys is {}", key.words()));
            };
            found.push((key.to_owned(), value));
        }
        What::Object(found)
    }

    fn each(&mut self, (item, index): (&str, Option<&str>), over: &Value, body: &Expression) -> What {
        let What::List(items) = &over.what else {
            return What::unknown(format!("its loop goes over {}", over.words()));
        };
        let mut found = Vec::new();
        for (number, value) in items.iter().enumerate() {
            let before = self.locals.len();
            self.locals.push((item.to_owned(), value.clone()));
            if let Some(index) = index {
                self.locals.push((index.to_owned(), Value::new(What::Number(number as f64), &value.place)));
            }
            found.push(self.evaluate(body));
            self.locals.truncate(before);
        }
        What::List(found)
    }

    fn look_up(&mut self, name: &str, place: &Place) -> Value {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            self.charge(value.size());
            return value.clone();
        }
        let scope = self.scope;
        match scope.names.get(name) {
            Some(Bound::Value(value)) => {
                self.charge(value.size());
                value.clone()
            }
            Some(Bound::Expression(expression)) => {
                // What is declared outside of a loop does not see its item.
                let locals = std::mem::take(&mut self.locals);
                let value = self.evaluate(expression);
                self.locals = locals;
                value
            }
            Some(Bound::Missing(declared)) => {
                let bare = name.trim_start_matches("parameters('").trim_end_matches("')");
                let why = format!("the parameter `{bare}` has no default: give `--value {bare}=…`");
                Value {
                    what: What::Unknown { why, text: Some(format!("{{{bare}}}")) },
                    place: declared.clone(),
                }
            }
            None => {
                let shown: String = name.chars().take(60).collect();
                let why = format!("`{shown}` is not declared in this file");
                Value::new(What::Unknown { why, text: Some("{…}".into()) }, place)
            }
        }
    }
}

fn member(of: Value, key: &Value, safe: bool, place: &Place) -> Value {
    let found = match (&of.what, &key.what) {
        (What::Object(_), What::Text(key)) => of.get(key).cloned(),
        (What::List(items), What::Number(number)) if *number >= 0.0 => items.get(*number as usize).cloned(),
        (What::Unknown { .. }, _) => return of,
        (What::Null, _) if safe => return Value::new(What::Null, place),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let what = if safe {
            What::Null
        } else {
            What::unknown(format!("there is no {} in {}", key.words(), of.words()))
        };
        Value::new(what, place)
    })
}
