//! JUnit XML for readers that hold it to a schema.

use super::junit::Junit;
use super::{FormatKind, Options};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "xunit",
    summary: "JUnit XML that holds to the schema of Jenkins' xUnit plugin.",
    docs: "The same as `junit`, without the attributes `file` and `line` of test cases: Jenkins' xUnit plugin refuses \
           files that its schema `junit-10.xsd` does not allow, and it knows neither. The place of an expectation is the \
           first line of a test case's text. Jenkins' own `junit` step takes both.",
    ending: "xml",
    several: true,
    make: |_: Options| Box::new(Junit { places: false }),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::junit;
    use crate::sample;

    #[test]
    fn it_is_junit_without_the_places_of_test_cases() {
        let written = |kind: &FormatKind| {
            let mut out = Vec::new();
            (kind.make)(Options::default())
                .render(&sample::report(), &mut out)
                .expect("a vector takes all bytes");
            String::from_utf8(out).expect("the document is UTF-8")
        };
        let (with, without) = (written(&junit::KIND), written(&KIND));
        let place = r#" file="scenarios/retry-503.toml" line=""#;
        assert!(with.contains(place) && !without.contains(" line=\""));
        assert_eq!(with.lines().count(), without.lines().count());
    }
}
