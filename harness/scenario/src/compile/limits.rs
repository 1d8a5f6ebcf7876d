//! The bounds themselves have bounds: a file must not ask for more memory than a machine has.

use super::Context;
use crate::document::place;

/// Hard bounds: one hundred bytes an exchange in memory, a file descriptor a connection, a task a request.
const CEILINGS: Ceilings = Ceilings {
    exchanges: 200_000_000,
    in_flight: 1_000_000,
    connections: 100_000,
    backend_connections: 200_000,
    body: fake_backends::BODY_MAX.0,
    rate: 1_000_000.0,
};

struct Ceilings {
    exchanges: u64,
    in_flight: u64,
    connections: u64,
    backend_connections: u64,
    body: u64,
    rate: f64,
}

/// Checks `[limits]`; false if they can't be used to check anything else.
pub(super) fn check(context: &mut Context<'_>) -> bool {
    let limits = context.scenario.limits;
    let counts = [
        ("exchanges", limits.exchanges, CEILINGS.exchanges),
        ("in_flight", limits.in_flight as u64, CEILINGS.in_flight),
        ("connections", limits.connections as u64, CEILINGS.connections),
        ("backend_connections", limits.backend_connections as u64, CEILINGS.backend_connections),
        ("body", limits.body.0, CEILINGS.body),
    ];
    let mut out_of_range: Vec<(&str, String)> = Vec::new();
    for (key, value, ceiling) in counts {
        if value == 0 || value > ceiling {
            out_of_range.push((key, format!("`limits.{key}` is {value}, allowed are 1 to {ceiling}")));
        }
    }
    if limits.rate.get() <= 0.0 || limits.rate.get() > CEILINGS.rate {
        out_of_range.push((
            "rate",
            format!("`limits.rate` is {}, allowed is more than 0/s, up to {}/s", limits.rate, CEILINGS.rate),
        ));
    }
    let sound = out_of_range.is_empty();
    for (key, message) in out_of_range {
        let span = place(context.text, &format!("limits.{key}")).unwrap_or(0..0);
        context.error(&span, message);
    }
    sound
}
