//! The keys of a traffic class: what requests have in common that belong together.

use driver::{Body, BodyContent};

use super::Context;
use crate::file::TrafficTable;

/// The most keys: what a ledger can still follow one by one.
const KEYS_MAX: u32 = 1_000_000;

/// How many keys a class has; 0 for none.
pub(super) fn compile(
    context: &mut Context<'_>,
    table: &TrafficTable,
    (path, headers, body): (&str, &[(String, String)], Option<&Body>),
) -> u32 {
    let has = |text: &str| text.contains("{key}");
    let in_body = body.is_some_and(|body| matches!(&body.content, BodyContent::Text(text) if has(text)));
    let used = has(path) || in_body || headers.iter().any(|(_, value)| has(value));
    match &table.keys {
        None if used => {
            let noted = context
                .error(&table.request.span, "`{key}` stands for one of the `keys`, and there are none");
            noted.help = Some("say how many there are: `keys = 50`".to_owned());
            0
        }
        None => 0,
        Some(keys) if !(1..=KEYS_MAX).contains(&keys.value) => {
            context.error(&keys.span, format!("{} keys, allowed are 1 to {KEYS_MAX}", keys.value));
            0
        }
        Some(keys) if !used => {
            let noted = context.error(&keys.span, "no request carries its key");
            noted.help = Some(
                "put `{key}` into a header, the path or the body: `headers = { x-user = \"user-{key}\" }`"
                    .to_owned(),
            );
            0
        }
        Some(keys) => keys.value,
    }
}
