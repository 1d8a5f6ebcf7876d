//! Whatever a file holds, loading it ends with a plan or with diagnostics that can be shown.

use crate::common::{SOUND, said_of, said_with};
use brownout_scenario::Overrides;
use proptest::prelude::*;

/// Words that lead deep into the reader.
const WORDS: &[&str] = &[
    "name",
    "phase",
    "for",
    "inject",
    "on",
    "status",
    "code",
    "expect",
    "in",
    "attempts",
    "traffic",
    "rate",
    "backend",
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "\n",
    ",",
    ".",
    "0",
    "-1",
    "9223372036854775807",
    "1e999",
    "nan",
    "\"5s\"",
    "\"99999999999d\"",
    "\"1e300/s\"",
    "true",
    "[]",
    "{}",
    "'é'",
    "\\u001f",
    "#",
    "1979-05-27",
    "\"GET /{n}\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
        said_of(&text);
    }

    #[test]
    fn any_row_of_words_is_read_without_a_panic(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        said_of(&words.join(" "));
    }

    #[test]
    fn a_sound_scenario_with_a_hole_in_it_is_read_without_a_panic(start in 0..SOUND.len(), length in 0usize..30, word in prop::sample::select(WORDS)) {
        let end = (start + length).min(SOUND.len());
        said_of(&format!("{}{word}{}", &SOUND[..start], &SOUND[end..]));
    }

    #[test]
    fn any_override_is_applied_or_refused_without_a_panic(key in "[a-z.0-9\"]{0,20}", value in "\\PC{0,20}") {
        let overrides = Overrides { set: vec![format!("{key}={value}"), key], ..Overrides::default() };
        said_with(SOUND, &overrides);
    }

    #[test]
    fn any_value_of_a_known_key_is_applied_or_refused_without_a_panic(
        key in prop::sample::select(&["phase.0.for", "traffic.reads.rate", "phase.1.inject.0.on", "expect.0.in", "limits.rate", "policy", "backend", "seed", "phase.1.settle"][..]),
        value in prop::sample::select(WORDS),
    ) {
        said_with(SOUND, &Overrides { set: vec![format!("{key}={value}")], ..Overrides::default() });
    }
}
