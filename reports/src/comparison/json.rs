//! The comparison as a JSON document.

use std::io;

use crate::Comparison;

/// The whole document, pretty-printed. A figure that is not finite is an error now and not a surprise later.
pub(super) fn text(comparison: &Comparison) -> io::Result<String> {
    let text = serde_json::to_string_pretty(comparison)?;
    Ok(text + "\n")
}
