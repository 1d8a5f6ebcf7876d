//! Counts as people say them.

/// `1 request`, `3 requests`; 0 counts as many.
pub fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `was` of one, `were` of many.
pub fn were(number: u64) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

/// `never`, `once`, `twice`, `3 times`.
pub fn times(number: usize) -> String {
    match number {
        0 => "never".into(),
        1 => "once".into(),
        2 => "twice".into(),
        more => format!("{more} times"),
    }
}
