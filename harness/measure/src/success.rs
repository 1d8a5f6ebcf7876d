//! What counts as a success: an answer that a backend made.

use evidence::{End, Entry};

use crate::integrity::hides_an_error;

/// True if a whole answer with a status below 400 arrived that a backend made.
///
/// A gateway that answers by itself, because it does not know the route or makes up a page for an outage, has served
/// nobody. An answer names its backend in a header; where the gateway drops that, an attempt that was replied to with the
/// same status shows who made it. An error of the backend that was passed on as a success is none either.
pub fn succeeded(entry: &Entry<'_>) -> bool {
    let exchange = entry.exchange;
    let replied = || {
        let mut attempts = entry.attempts.iter();
        attempts.any(|attempt| attempt.end == End::Replied && attempt.status == exchange.status)
    };
    exchange.succeeded() && (exchange.answered_by_backend() || replied()) && !hides_an_error(entry)
}

#[cfg(test)]
mod tests {
    use evidence::{Method, NO_BACKEND};

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn succeeds(call: Call) -> bool {
        let run = Run::new().phase("steady", 1.0).backend("a").class("reads", Method::Get).call(call);
        let (_, ledger) = run.build();
        ledger.entries().all(|entry| succeeded(&entry))
    }

    #[test]
    fn an_answer_that_a_backend_made_is_a_success_also_where_its_name_was_dropped() {
        let call = Call::due("reads", 10.0).attempt(Try::ok("a"));
        assert!(succeeds(call.clone()));
        assert!(succeeds(call.row(|exchange| exchange.backend = NO_BACKEND)));
    }

    #[test]
    fn an_answer_that_the_gateway_made_up_is_none() {
        assert!(!succeeds(Call::due("reads", 10.0).rejected(200, 1.0)));
        let replaced = Call::due("reads", 10.0).attempt(Try::ok("a").status(503)).rejected(200, 1.0);
        assert!(!succeeds(replaced));
    }

    #[test]
    fn an_error_of_the_backend_that_is_passed_on_as_a_success_is_none() {
        let failed = Call::due("reads", 10.0).attempt(Try::ok("a").status(503));
        assert!(!succeeds(failed.row(|exchange| exchange.status = 200)));
        let moved = Call::due("reads", 10.0).attempt(Try::ok("a").status(200));
        assert!(succeeds(moved.row(|exchange| exchange.status = 304)));
    }
}
