//! `http-request disable-l7-retry`: which methods are never tried again after the request was sent.

use super::lines::Line;
use super::settings::condition;
use super::words::is;
use crate::note::Note;
use crate::place::Place;

/// The methods that are tried again where no rule says otherwise.
pub(super) const ALL: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The methods that may be repeated, and the rule that says so.
pub(super) fn read(lines: &[&Line], notes: &mut Vec<Note>) -> (Vec<String>, Option<Place>) {
    let mut methods: Vec<String> = ALL.map(String::from).into();
    let mut place = None;
    let rules: Vec<&&Line> = lines.iter().filter(|line| is(line, "http-request disable-l7-retry")).collect();
    for rule in &rules {
        match condition(rule).and_then(|(negated, words)| Some((negated, named(&words)?))) {
            // What the rule does not hold for, in its own order if it is the only one.
            Some((true, spared)) if rules.len() == 1 => methods = spared,
            Some((true, spared)) => methods.retain(|method| spared.contains(method)),
            Some((false, caught)) => methods.retain(|method| !caught.contains(method)),
            None => {
                let words = "this condition on what is never tried again is not read: it is as if the rule were not there";
                notes.push(Note::unknown(&rule.place, words));
                continue;
            }
        }
        place = Some(rule.place.clone());
    }
    (methods, place)
}

/// The methods of a condition: `{ method GET HEAD }`, or `METH_GET || METH_HEAD`.
fn named(words: &[&str]) -> Option<Vec<String>> {
    let is_method = |word: &&&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
    if let ["{", "method", inner @ .., "}"] = words {
        let methods: Vec<String> = inner.iter().filter(is_method).map(ToString::to_string).collect();
        return (methods.len() == inner.len() && !inner.is_empty()).then_some(methods);
    }
    let alternatives = words.split(|word| *word == "||" || *word == "or");
    alternatives
        .map(|one| match one {
            // METH_GET holds for HEAD as well (section 7.4).
            ["METH_GET"] => Some(vec!["GET".to_owned(), "HEAD".to_owned()]),
            [word] => word.strip_prefix("METH_").map(|method| vec![method.to_owned()]),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()
        .map(|methods| methods.concat())
}
