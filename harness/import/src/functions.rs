//! The functions of template expressions that are understood. Their names are in lower case: ARM does not tell cases apart.

use crate::evaluate::MADE_TEXT_MAX;
use crate::place::Place;
use crate::value::{Value, What};

/// The most numbers that `range` makes.
const RANGE_MAX: f64 = 1000.0;

/// What a function makes of its arguments.
pub(crate) fn apply(name: &str, arguments: &[Value], place: &Place) -> Value {
    let what = match name {
        // Whether a list or an object has a key is known even where some of its values are not.
        "length"
        | "contains"
        | "empty"
        | "tryget"
        | "createobject"
        | "createarray"
        | "array"
        | "union"
        | "shallowmerge"
        | "resource"
        | "concat"
        | "format"
        | "string"
        | "resourceid"
        | "extensionresourceid"
        | "first"
        | "last" => collected(name, arguments),
        _ => match arguments.iter().find(|argument| matches!(argument.what, What::Unknown { .. })) {
            Some(unknown) => Some(unknown.what.clone()),
            None => plain(name, arguments),
        },
    };
    let what = what.unwrap_or_else(|| {
        let given: Vec<String> = arguments.iter().map(Value::words).collect();
        What::unknown(format!("`{name}({})` is not understood", given.join(", ")))
    });
    Value::new(what, place)
}

/// Functions of values that are all known.
fn plain(name: &str, arguments: &[Value]) -> Option<What> {
    let [first, rest @ ..] = arguments else {
        return match name {
            "true" => Some(What::Bool(true)),
            "false" => Some(What::Bool(false)),
            "null" => Some(What::Null),
            _ => None,
        };
    };
    let second = rest.first();
    let numbers = || Some((first.number()?, second?.number()?));
    Some(match name {
        "equals" => What::Bool(same(first, second?)),
        "not" => What::Bool(!first.truth()?),
        "and" => What::Bool(
            arguments.iter().map(Value::truth).collect::<Option<Vec<_>>>()?.into_iter().all(|one| one),
        ),
        "or" => What::Bool(
            arguments.iter().map(Value::truth).collect::<Option<Vec<_>>>()?.into_iter().any(|one| one),
        ),
        "bool" => What::Bool(first.truth()?),
        "greater" => numbers().map(|(a, b)| What::Bool(a > b))?,
        "greaterorequals" => numbers().map(|(a, b)| What::Bool(a >= b))?,
        "less" => numbers().map(|(a, b)| What::Bool(a < b))?,
        "lessorequals" => numbers().map(|(a, b)| What::Bool(a <= b))?,
        "add" => numbers().map(|(a, b)| What::Number(a + b))?,
        "sub" => numbers().map(|(a, b)| What::Number(a - b))?,
        "mul" => numbers().map(|(a, b)| What::Number(a * b))?,
        "div" => numbers().filter(|(_, b)| *b != 0.0).map(|(a, b)| What::Number((a / b).trunc()))?,
        "mod" => numbers().filter(|(_, b)| *b != 0.0).map(|(a, b)| What::Number(a % b))?,
        "min" | "max" => {
            let numbers = arguments.iter().map(Value::number).collect::<Option<Vec<_>>>()?;
            What::Number(numbers.into_iter().reduce(if name == "min" { f64::min } else { f64::max })?)
        }
        "minus" => What::Number(-first.number()?),
        "int" => What::Number(first.number()?.trunc()),
        "tolower" => What::Text(first.text()?.to_lowercase()),
        "toupper" => What::Text(first.text()?.to_uppercase()),
        "trim" => What::Text(first.text()?.trim().to_owned()),
        "replace" => bounded(first.text()?.replace(second?.text()?, rest.get(1)?.text()?)),
        "startswith" => What::Bool(first.text()?.to_lowercase().starts_with(&second?.text()?.to_lowercase())),
        "endswith" => What::Bool(first.text()?.to_lowercase().ends_with(&second?.text()?.to_lowercase())),
        "split" => {
            let parts = first.text()?.split(second?.text()?);
            What::List(parts.map(|part| Value::new(What::Text(part.into()), &first.place)).collect())
        }
        "range" => {
            let (from, count) = numbers().filter(|(_, count)| (0.0..=RANGE_MAX).contains(count))?;
            let number = |step| Value::new(What::Number(from + f64::from(step)), &first.place);
            What::List((0..count as u32).map(number).collect())
        }
        _ => return None,
    })
}

/// Functions of which some argument, or a part of it, may be unknown.
fn collected(name: &str, arguments: &[Value]) -> Option<What> {
    let first = arguments.first();
    Some(match (name, first.map(|first| &first.what)) {
        ("concat", Some(What::List(_))) => {
            let lists = arguments.iter().all(|argument| matches!(argument.what, What::List(_)));
            let items = arguments.iter().flat_map(Value::items).cloned();
            if !lists {
                return None;
            }
            What::List(items.collect())
        }
        ("concat" | "string", _) => join(arguments),
        ("format", Some(What::Text(pattern))) => format(pattern, &arguments[1..])?,
        ("resourceid" | "extensionresourceid", _) => {
            // The names are the last arguments; which of them is the last segment is all that is asked for.
            let last = arguments.last()?;
            join(&[Value::new(What::Text("/".into()), &last.place), last.clone()])
        }
        ("resource", _) => return arguments.get(1).map(|body| resource(&arguments[0], body)),
        ("array", Some(What::List(_))) => first?.what.clone(),
        ("createarray", _) | ("array", Some(_)) => What::List(arguments.to_vec()),
        ("createobject", _) => {
            let pairs =
                arguments.chunks(2).map(|pair| Some((pair[0].text()?.to_owned(), pair.get(1)?.clone())));
            What::Object(pairs.collect::<Option<_>>()?)
        }
        ("union" | "shallowmerge", _) => merged(arguments)?,
        ("length", Some(What::List(items))) => What::Number(items.len() as f64),
        ("length", Some(What::Object(entries))) => What::Number(entries.len() as f64),
        ("length", Some(What::Text(text))) => What::Number(text.chars().count() as f64),
        ("empty", Some(What::Null)) => What::Bool(true),
        ("empty", Some(What::List(items))) => What::Bool(items.is_empty()),
        ("empty", Some(What::Object(entries))) => What::Bool(entries.is_empty()),
        ("empty", Some(What::Text(text))) => What::Bool(text.is_empty()),
        ("contains", Some(What::Object(entries))) => {
            let key = arguments.get(1)?.text()?;
            What::Bool(entries.iter().any(|(name, _)| name.eq_ignore_ascii_case(key)))
        }
        ("contains", Some(What::List(items))) => {
            let item = arguments.get(1)?;
            What::Bool(items.iter().any(|one| same(one, item)))
        }
        ("contains", Some(What::Text(text))) => What::Bool(text.contains(arguments.get(1)?.text()?)),
        ("tryget", Some(What::Object(_))) => {
            let mut found = first.cloned();
            for key in &arguments[1..] {
                found = found.and_then(|found| found.get(key.text()?).cloned());
            }
            found.map_or(What::Null, |found| found.what)
        }
        ("tryget", Some(What::Null)) => What::Null,
        ("first", Some(What::List(items))) => items.first()?.what.clone(),
        ("last", Some(What::List(items))) => items.last()?.what.clone(),
        (_, Some(What::Unknown { .. })) => first?.what.clone(),
        _ => return None,
    })
}

/// Objects, of which the last one counts where several have a key; or lists without what is there already.
fn merged(arguments: &[Value]) -> Option<What> {
    let flat: Vec<&Value> = match arguments {
        // `shallowMerge` takes a list of objects.
        [only] => only.items().iter().collect(),
        several => several.iter().collect(),
    };
    if flat.iter().all(|one| matches!(one.what, What::Object(_))) {
        return Some(What::Object(flat.into_iter().flat_map(Value::entries).cloned().collect()));
    }
    if flat.iter().all(|one| matches!(one.what, What::List(_))) {
        let mut found: Vec<Value> = Vec::new();
        for item in flat.into_iter().flat_map(Value::items) {
            if !found.iter().any(|one| same(one, item)) {
                found.push(item.clone());
            }
        }
        return Some(What::List(found));
    }
    None
}

/// A resource as others see it: its body, and its `id`, which ends with its type and its name.
fn resource(kind: &Value, body: &Value) -> What {
    match &body.what {
        What::List(items) => {
            What::List(items.iter().map(|item| Value::new(resource(kind, item), &item.place)).collect())
        }
        What::Object(entries) => {
            let slash = Value::new(What::Text("/".into()), &body.place);
            let name = body.get("name").cloned();
            let name = name.unwrap_or_else(|| Value::new(What::unknown("it has no name"), &body.place));
            let id = Value::new(join(&[slash.clone(), kind.clone(), slash, name]), &body.place);
            let mut entries = entries.clone();
            entries.push(("id".into(), id));
            What::Object(entries)
        }
        other => other.clone(),
    }
}

/// True if two values are the same, wherever they stand.
fn same(one: &Value, other: &Value) -> bool {
    match (&one.what, &other.what) {
        (What::List(a), What::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (What::Object(a), What::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((ka, a), (kb, b))| ka == kb && same(a, b))
        }
        (a, b) => a == b,
    }
}

/// Texts one after the other. Of a part that is not known, its name stands there, and the whole is not known.
pub(crate) fn join(parts: &[Value]) -> What {
    let (mut text, mut unknown) = (String::new(), None);
    for part in parts {
        match &part.what {
            What::Text(part) => text.push_str(part),
            What::Number(number) => text.push_str(&number.to_string()),
            What::Bool(truth) => text.push_str(if *truth { "True" } else { "False" }),
            What::Null => {}
            What::Unknown { why, text: known } => {
                text.push_str(known.as_deref().unwrap_or("{…}"));
                unknown.get_or_insert_with(|| why.clone());
            }
            What::List(_) | What::Object(_) => {
                text.push_str("{…}");
                unknown.get_or_insert_with(|| "it is made of what is no text".into());
            }
        }
        if text.len() > MADE_TEXT_MAX {
            return What::unknown("the text gets too long");
        }
    }
    match unknown {
        Some(why) => What::Unknown { why, text: Some(text) },
        None => What::Text(text),
    }
}

fn bounded(text: String) -> What {
    if text.len() > MADE_TEXT_MAX { What::unknown("the text gets too long") } else { What::Text(text) }
}

/// .NET's composite formats as templates use them: `{0}`, with `{{` for a brace.
fn format(pattern: &str, arguments: &[Value]) -> Option<What> {
    let place = &arguments.first()?.place;
    let literal = |text: &str| Value::new(What::Text(text.to_owned()), place);
    let (mut parts, mut rest) = (Vec::new(), pattern);
    while let Some(at) = rest.find(['{', '}']) {
        parts.push(literal(&rest[..at]));
        let after = &rest[at + 1..];
        let brace = &rest[at..=at];
        if let Some(more) = after.strip_prefix(brace) {
            parts.push(literal(brace));
            rest = more;
            continue;
        }
        let (number, more) = after.split_once('}').filter(|_| brace == "{")?;
        parts.push(arguments.get(number.split([':', ',']).next()?.trim().parse::<usize>().ok()?)?.clone());
        rest = more;
    }
    parts.push(literal(rest));
    Some(join(&parts))
}
