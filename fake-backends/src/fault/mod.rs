//! The kinds of misbehaviour, by family. A fault decides, it does not act: it returns an [`Effect`], and the server acts on
//! each of its stages in one place.
//!
//! A new kind is one file in a family (settings, behaviour, documentation, tests), its `mod` line there, and its line in the
//! registry below.

mod admission;
mod answers;
mod body;
mod connection;
mod dice;
mod effect;
mod incoming;
mod outline;
mod pace;
mod streaming;
mod time;
mod tls;

pub use admission::{Admission, RetryAfter};
pub(crate) use admission::{Admitted, Used};
pub use dice::Dice;
pub use effect::{
    Accept, After, Answer, Certificate, Content, Cut, Effect, Ending, Events, EventsEnd, Framing, Handshake,
    Interim, Pace, Read,
};
pub(crate) use effect::{Decided, Decision};
pub use incoming::Incoming;
pub use outline::{Does, Outline};

units::registry! {
    /// A kind of misbehaviour with its settings, chosen by its key in the scenario.
    FaultSettings: Fault {
        "latency" => Latency in time::latency,
        "congestion" => Congestion in time::congestion,
        "capacity" => Capacity in time::capacity,
        "status" => Status in answers::status,
        "rate_limit" => RateLimit in answers::rate_limit,
        "fail_first" => FailFirst in answers::fail_first,
        "hang" => Hang in answers::hang,
        "early_answer" => EarlyAnswer in answers::early_answer,
        "huge_headers" => HugeHeaders in answers::huge_headers,
        "redirect" => Redirect in answers::redirect,
        "interim" => Interims in answers::interim,
        "refuse" => Refuse in connection::refuse,
        "black_hole" => BlackHole in connection::black_hole,
        "accept_hang" => AcceptHang in connection::accept_hang,
        "cut" => CutOff in connection::cut,
        "reset" => Reset in connection::reset,
        "close" => Close in connection::close,
        "connection_limit" => ConnectionLimit in connection::connection_limit,
        "idle_close" => IdleClose in connection::idle_close,
        "slow_headers" => SlowHeaders in pace::slow_headers,
        "slow_body" => SlowBody in pace::slow_body,
        "stall" => Stall in pace::stall,
        "throttle" => Throttle in pace::throttle,
        "slow_read" => SlowRead in pace::slow_read,
        "wrong_length" => WrongLength in body::wrong_length,
        "bad_chunk" => BadChunk in body::bad_chunk,
        "missing_last_chunk" => MissingLastChunk in body::missing_last_chunk,
        "duplicate_framing" => DuplicateFraming in body::duplicate_framing,
        "garbage" => Garbage in body::garbage,
        "corrupt" => Corrupt in body::corrupt,
        "false_encoding" => FalseEncoding in body::false_encoding,
        "framing" => FramedBy in body::framing,
        "events" => EventStream in streaming::events,
        "expired_certificate" => ExpiredCertificate in tls::expired_certificate,
        "not_yet_valid_certificate" => NotYetValidCertificate in tls::not_yet_valid_certificate,
        "wrong_name_certificate" => WrongNameCertificate in tls::wrong_name_certificate,
        "unknown_issuer" => UnknownIssuer in tls::unknown_issuer,
        "missing_chain" => MissingChain in tls::missing_chain,
        "client_certificate" => ClientCertificate in tls::client_certificate,
        "handshake_stall" => HandshakeStall in tls::handshake_stall,
        "tls_alert" => TlsAlert in tls::tls_alert,
        "rotate_certificate" => RotateCertificate in tls::rotate_certificate,
    }
}

/// A kind of misbehaviour.
pub trait Fault {
    /// What it does to what arrives. A pure function of the incoming request or connection and the settings.
    fn effect(&self, incoming: &Incoming) -> Effect;

    /// What it does, in few figures, so that it can be told before a run what it can show; `None` if it depends on what the
    /// gateway makes of it.
    fn outline(&self) -> Option<Outline> {
        None
    }

    /// True if it hides attempts from the backend, so that arrivals can't be counted while it is in force.
    fn hides_attempts(&self) -> bool {
        false
    }

    /// How it acts on the listener, if it does.
    fn listener(&self) -> Option<Listening> {
        None
    }

    /// True if it acts on handshakes of TLS, so that its backends have to speak it.
    fn needs_tls(&self) -> bool {
        false
    }

    /// What is wrong with settings that are well-formed but make no sense together.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// What a fault makes of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    /// It is closed: connections are refused.
    Refuses,
    /// Its queue is full: connections are not answered at all.
    Drops,
}

/// The effect on a share of the attempts; none on a connection alone.
fn on_attempts(incoming: &Incoming, share: units::Share, effect: impl FnOnce() -> Effect) -> Effect {
    let hits = !incoming.is_connection() && incoming.dice.falls_into(share);
    if hits { effect() } else { Effect::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_it_does_what_is_seen_what_it_stands_for_and_gives_an_example_that_is_read() {
        #[derive(serde::Deserialize)]
        struct Line {
            inject: FaultSettings,
        }
        for kind in FaultSettings::KINDS {
            let docs = (kind.docs)();
            for heading in [
                "What it does",
                "What the gateway sees",
                "What it stands for",
                "When it cannot be proven",
                "Example",
            ] {
                assert!(
                    docs.contains(&format!("# {heading}\n")),
                    "`{}` has no heading `{heading}`",
                    kind.name
                );
            }
            let example = docs.split("# Example\n").nth(1).unwrap();
            for line in
                example.lines().map(|line| line.trim().trim_matches('`')).filter(|line| !line.is_empty())
            {
                let read: Line = toml::from_str(&format!("inject.{line}"))
                    .unwrap_or_else(|error| panic!("`{line}`: {error}"));
                assert_eq!(read.inject.name(), kind.name);
                assert_eq!(read.inject.contract().problem(), None, "`{line}`");
            }
        }
    }
}
