//! What the grammar does not know either: the type of a variable, `var name string = …`. Spaces stand in its place, so that all
//! places stay.

/// The text without the types of its variables.
pub(crate) fn without_types(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match a_type(line) {
            Some((from, to)) => {
                made.push_str(&line[..from]);
                made.extend(std::iter::repeat_n(' ', to - from));
                made.push_str(&line[to..]);
            }
            None => made.push_str(line),
        }
    }
    made
}

/// Where the type stands in a line that declares a variable, if it has one.
fn a_type(line: &str) -> Option<(usize, usize)> {
    let rest = line.trim_start().strip_prefix("var ")?.trim_start();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let name = rest.find(|letter| !is_name(letter)).filter(|end| *end > 0)?;
    let word = rest[name..].strip_prefix(' ')?.trim_start();
    let end = word.find(|letter| !(is_name(letter) || ".[]?".contains(letter))).filter(|end| *end > 0)?;
    let from = line.len() - word.len();
    word[end..].trim_start().starts_with('=').then_some((from, from + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_variables_give_way_to_spaces_and_nothing_else_does() {
        let text = "var a string = 'x'\n  var b  int[]?= [\n]\nvar c = 'var d string = e'\nparam f string = 'g'\nvar h";
        let made = without_types(text);
        assert_eq!(made.len(), text.len());
        assert_eq!(
            made,
            "var a        = 'x'\n  var b        = [\n]\nvar c = 'var d string = e'\nparam f string = 'g'\nvar h"
        );
    }
}
