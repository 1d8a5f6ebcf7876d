//! A value that was found against the one that was declared: what is expected instead, if they differ.

use std::time::Duration;

use discover::Value;
use units::Timespan;

pub(super) fn word(value: &Value, declared: &str) -> Option<String> {
    (*value != Value::Word(declared.into())).then(|| declared.to_owned())
}

pub(super) fn count(value: &Value, declared: u64) -> Option<String> {
    let agrees = match value {
        Value::Count(low, high) => (*low..=*high).contains(&declared),
        Value::AtLeast(least) => *least <= declared,
        _ => false,
    };
    (!agrees).then(|| declared.to_string())
}

pub(super) fn share(value: &Value, declared: f64) -> Option<String> {
    let agrees = matches!(value, Value::Share(low, high) if (low.get() - 1e-9..=high.get() + 1e-9).contains(&declared));
    (!agrees).then(|| format!("{:.1} %", 100.0 * declared))
}

pub(super) fn within(value: &Value, longest: Timespan) -> Option<String> {
    (!matches!(value, Value::Time(_, high) if *high <= longest)).then(|| format!("up to {longest}"))
}

pub(super) fn timer(declared: Option<Timespan>, value: &Value) -> Option<String> {
    let agrees = match (declared, value) {
        (Some(length), Value::Time(low, high)) => (*low..=*high).contains(&length),
        (Some(length), Value::Beyond(least)) => length >= *least,
        (None, Value::Beyond(_)) => true,
        _ => false,
    };
    (!agrees).then(|| declared.map_or("none".into(), |declared| declared.to_string()))
}

/// It may stay open until the gateway looks again.
pub(super) fn open_for(declared: Timespan, tick: Option<Timespan>, value: &Value) -> Option<String> {
    let latest = Timespan(declared.saturating_add(tick.map_or(Duration::ZERO, Duration::from)));
    let agrees = match value {
        Value::Time(low, high) => *low <= latest && *high >= declared,
        Value::Beyond(least) => *least <= latest,
        _ => false,
    };
    (!agrees).then(|| format!("{declared} to {latest}"))
}
