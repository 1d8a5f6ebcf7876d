//! Names that were meant: the nearest known one, and lists of known ones.

/// The longest list that is shown in full.
const LISTED_MAX: usize = 9;

/// The known name that is nearest to `name`, if any is near enough to be what was meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Names come from a file of up to a megabyte; the distance costs their product.
    if name.len() > 64 {
        return None;
    }
    let scored = known.into_iter().map(|known| (strsim::damerau_levenshtein(name, known), known));
    let (distance, known) = scored.min_by_key(|(distance, _)| *distance)?;
    let close = distance <= 1.max(name.chars().count() / 3);
    close.then_some(known)
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The help for an unknown name: the nearest one, and all of them when there are fewer than ten.
pub(crate) fn help(name: &str, what: &str, plural: &str, known: &[&str]) -> String {
    let meant = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let all = match known {
        [] => format!("the scenario has no {plural}"),
        [only] => format!("the only {what} is `{only}`"),
        few if few.len() <= LISTED_MAX => format!("the {plural} are {}", listed(few.iter().copied())),
        _ if what.ends_with(" kind") => "`brownout list` shows all kinds".to_owned(),
        many => format!("the scenario has {} {plural}", many.len()),
    };
    match meant {
        Some(meant) => format!("{meant} {all}"),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name_and_another_word_does_not() {
        let known = ["latency", "status", "reset"];
        assert_eq!(nearest("latncy", known), Some("latency"));
        assert_eq!(nearest("rseet", known), Some("reset"));
        assert_eq!(nearest("banana", known), None);
    }

    #[test]
    fn a_short_list_is_shown_and_a_long_one_is_counted() {
        assert_eq!(
            help("c", "phase", "phases", &["steady", "outage"]),
            "the phases are `steady` and `outage`"
        );
        let many: Vec<String> = (0..12).map(|n| format!("backend-{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(help("x", "backend", "backends", &many), "the scenario has 12 backends");
    }
}
