//! Taking secrets out of what a program prints, before any of it is kept.

/// The secrets that a program was given, and what has to wait because it may be the start of one.
#[derive(Default)]
pub(crate) struct Concealer {
    /// Each value, and what is kept in its place.
    secrets: Vec<(Vec<u8>, Vec<u8>)>,
    held: Vec<u8>,
}

impl Concealer {
    /// For these secrets, by the names of their variables.
    pub(crate) fn of(secrets: Vec<(String, String)>) -> Self {
        let mut secrets: Vec<_> = secrets
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (value.into_bytes(), format!("{{{{env.{name}}}}}").into_bytes()))
            .collect();
        // The longest first, so that a secret that contains another is taken out whole.
        secrets.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        Concealer { secrets, held: Vec::new() }
    }

    /// What may be kept of all that was printed so far, and was not yet given; of the `last` bytes nothing waits.
    pub(super) fn pass(&mut self, printed: &[u8], last: bool) -> Vec<u8> {
        self.held.extend_from_slice(printed);
        let (mut passed, mut at) = (Vec::with_capacity(self.held.len()), 0);
        while at < self.held.len() {
            let rest = &self.held[at..];
            if !last
                && self.secrets.iter().any(|(value, _)| value.len() > rest.len() && value.starts_with(rest))
            {
                break;
            }
            let found = self.secrets.iter().find(|(value, _)| rest.starts_with(value));
            let (length, kept) = found.map_or((1, &rest[..1]), |(value, stand_in)| (value.len(), stand_in));
            passed.extend_from_slice(kept);
            at += length;
        }
        self.held.drain(..at);
        passed
    }

    /// True if there is nothing to take out.
    pub(super) fn is_idle(&self) -> bool {
        self.secrets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passed(printed: &[u8], piece: usize) -> String {
        let secrets = [("KEY", "s3cret"), ("LONG", "s3cret-too"), ("NONE", "")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut concealer = Concealer::of(secrets.into());
        let mut all = Vec::new();
        printed.chunks(piece).for_each(|bytes| all.extend(concealer.pass(bytes, false)));
        all.extend(concealer.pass(&[], true));
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_is_cut() {
        for piece in 1..30 {
            let text = "key=s3cret, s3cret-too s3cre s3crets3cret s3";
            let kept = "key={{env.KEY}}, {{env.LONG}} s3cre {{env.KEY}}{{env.KEY}} s3";
            assert_eq!(passed(text.as_bytes(), piece), kept, "in pieces of {piece}");
        }
    }

    proptest! {
        #[test]
        fn what_holds_no_secret_is_kept_to_the_byte_and_a_secret_never(text in "[s3cret\\-o ]{0,60}", piece in 1_usize..9) {
            let kept = passed(text.as_bytes(), piece);
            prop_assert!(!kept.contains("s3cret"));
            prop_assert_eq!(kept.replace("{{env.LONG}}", "s3cret-too").replace("{{env.KEY}}", "s3cret"), text);
        }
    }
}
