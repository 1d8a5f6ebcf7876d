//! Words that no registry explains: verdicts, exit codes, outcomes.

use evidence::Outcome;

use super::Entry;

pub(super) const VERDICTS: &[(&str, &str)] = &[
    ("pass", "The evidence proves that the demand was met. Exit code 0."),
    (
        "inconclusive",
        "The evidence proves nothing either way: too few samples, a planned fault that never fired, a driver or a\n\
         machine that was too noisy for what is asked, or a run that was cut. Never a pass. Exit code 2.",
    ),
    (
        "fail",
        "The evidence proves that the demand was not met. Exit code 1. Witnesses show it request by request.",
    ),
];

pub(super) const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "Pass: every expectation was met, and the evidence proves it."),
    (
        "1",
        "Fail: at least one expectation was not met. The report names it, with requests that show it. It wins over\n\
         every other code when several scenarios are run.",
    ),
    (
        "2",
        "Inconclusive: nothing failed, but the evidence does not suffice to say that all is well. `because` in each\n\
         finding says what was missing: more requests, a fault that fires, a quieter machine, a run that comes to\n\
         its end. A run that was interrupted ends so at best.",
    ),
    (
        "3",
        "The scenario or the command line is wrong, or what was to be read is not what it should be: an unknown key,\n\
         a missing file, a policy that the gateway can't express, evidence that was edited. Nothing was run.",
    ),
    (
        "4",
        "The environment failed: the gateway did not start or died in mid-run, a port was taken, a directory can't be\n\
         written. What was recorded until then is kept and judged, but the run says nothing about the gateway's\n\
         behaviour as a whole.",
    ),
    (
        "5",
        "A game day was stopped: one of its stop conditions was met, or a person ended it. Its rollback has run, if it has\n\
         one for that case, and is proven, if it has a proof; else the code is 4.",
    ),
    (
        "6",
        "A game day was refused: an approval is missing, a prerequisite is not met, a preflight said no, or a host or\n\
         program is not allowed. Nothing was sent but for prerequisites that run a scenario.",
    ),
];

/// Every outcome; the match below forces a new one to be explained.
const ALL: [Outcome; 18] = [
    Outcome::Complete,
    Outcome::EofNoStatus,
    Outcome::RstNoStatus,
    Outcome::EofInBody,
    Outcome::RstInBody,
    Outcome::EofInChunk,
    Outcome::CloseDelimited,
    Outcome::InvalidHttp,
    Outcome::ClientTimeout,
    Outcome::ClientAbort,
    Outcome::ConnectRefused,
    Outcome::ConnectFailed,
    Outcome::OwnLimit,
    Outcome::BeyondBounds,
    Outcome::BodyMismatch,
    Outcome::Skipped,
    Outcome::Unfinished,
    Outcome::TlsFailed,
];

pub(super) fn outcomes() -> Vec<Entry> {
    let entry =
        |outcome: &Outcome| Entry { name: outcome.word().to_owned(), text: meaning(*outcome).to_owned() };
    ALL.iter().map(entry).collect()
}

fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => {
            "A whole response arrived, with whatever status. Below 400, the exchange succeeded."
        }
        Outcome::EofNoStatus => "The gateway closed the connection in order (FIN) before a status line.",
        Outcome::RstNoStatus => "The gateway reset the connection (RST) before a status line.",
        Outcome::EofInBody => {
            "The connection was closed (FIN) inside a body whose length was declared: it is cut off."
        }
        Outcome::RstInBody => "The connection was reset (RST) inside the body: it is cut off.",
        Outcome::EofInChunk => {
            "The connection was closed (FIN) inside a chunked body, before the last chunk: it is cut off."
        }
        Outcome::CloseDelimited => {
            "The body ended with the connection. Whether it is whole can't be told from the framing (RFC 9112,\n\
             section 6.3); only its hash tells."
        }
        Outcome::InvalidHttp => "What arrived was not HTTP/1.1.",
        Outcome::ClientTimeout => "The client's own `deadline` passed, and it closed the connection.",
        Outcome::ClientAbort => "The client gave up on purpose, because the scenario says so.",
        Outcome::ConnectRefused => "The gateway refused the connection: nobody listened.",
        Outcome::ConnectFailed => {
            "The connection to the gateway could not be made, for a reason other than a refusal."
        }
        Outcome::OwnLimit => {
            "No connection could be made because brownout itself had no descriptor, port or memory for it left. It says\n\
             nothing about the gateway."
        }
        Outcome::BeyondBounds => {
            "The response was larger than brownout reads: a head of more than 64 KiB or 100 headers, or a body of more than\n\
             `limits.body`. As far as it was read it was HTTP; it says nothing about the gateway."
        }
        Outcome::BodyMismatch => {
            "The response is whole by its framing, but has not the bytes that the backend sent."
        }
        Outcome::Skipped => {
            "The request was never sent: the limit of requests in flight was reached when it was due. The load that\n\
             was asked for was not made, and expectations say so."
        }
        Outcome::Unfinished => "The exchange was still under way when the run ended.",
        Outcome::TlsFailed => {
            "The TLS handshake with the gateway failed, or was not over within the `deadline`; or TLS ended with an alert\n\
             before the response was whole. The gateway was not asked for what the request wants, or its answer can't be\n\
             believed. `brownout run -vvv` says why."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_outcome_is_left_out() {
        for (index, outcome) in ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, index, "the order is that of the evidence, without a gap");
        }
    }
}
