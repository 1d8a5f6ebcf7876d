//! The routes of one path, which tell requests by their methods.

use super::fields::shown;
use super::matches;
use super::routes::{Route, Wrong};
use crate::note::Note;
use crate::value::Value;

/// A route of the path.
pub(super) struct Way<'a> {
    pub(super) route: Route<'a>,
    /// The methods that come to it.
    pub(super) methods: Vec<&'static str>,
    /// Whether its requests are tried again.
    pub(super) is_retried: bool,
}

/// The routes of the path, each with the methods that come to it. The first one takes reads.
pub(super) fn ways<'a>(chosen: &[Route<'a>], notes: &mut Vec<Note>) -> Result<Vec<Way<'a>>, Wrong> {
    let mut left = matches::METHODS.to_vec();
    let mut ways: Vec<Way<'a>> = Vec::new();
    for route in chosen {
        let Some(methods) = matches::methods(route.whole) else {
            let words = "what this route asks of the method is not understood: it is left out";
            notes.push(Note::unknown(route.place(), words));
            continue;
        };
        let methods: Vec<_> = methods.into_iter().filter(|method| left.contains(method)).collect();
        left.retain(|method| !methods.contains(method));
        if !methods.is_empty() {
            ways.push(Way { route: *route, methods, is_retried: false });
        }
    }
    let Some(reads) = ways.iter().position(|way| way.methods.contains(&"GET")) else {
        return Err((
            format!("the route `{}` takes no GET", shown(&chosen[0].name())),
            "a scenario sends GET and POST: name another route with `--route`".into(),
        ));
    };
    let main = ways.remove(reads);
    let timers = |way: &Way<'_>| {
        let per_try = way.route.retry_policy().and_then(|policy| policy.get("per_try_timeout"));
        [way.route.action.get("timeout"), per_try].map(|value| value.map(Value::without_places))
    };
    ways.retain(|way| {
        let is_same = timers(way) == timers(&main);
        if !is_same {
            let words =
                "a route of the same path has other timers, and a scenario has one of each: it is left out";
            notes.push(Note::unrehearsed(way.route.place(), words));
        }
        is_same
    });
    ways.insert(0, main);
    Ok(ways)
}
