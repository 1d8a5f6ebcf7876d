//! Keys that are met and not understood.

use crate::note::Note;
use crate::value::Value;

/// Tells of each key of an object that is in none of the lists: neither taken over, nor known to be of no matter here.
pub(super) fn strays(of: &Value, where_in: &str, taken: &[&str], no_matter: &[&str], notes: &mut Vec<Note>) {
    let is_in = |list: &[&str], key: &str| list.iter().any(|one| one.eq_ignore_ascii_case(key));
    for (key, value) in of.entries() {
        if !is_in(taken, key) && !is_in(no_matter, key) {
            let key: String = key.chars().take(60).collect();
            notes.push(Note::unknown(
                &value.place,
                format!("`{}` of {where_in} is not read", key.escape_debug()),
            ));
        }
    }
}
