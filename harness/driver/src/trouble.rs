//! Requests in trouble: what a client does to some of its requests on purpose.
//!
//! Which requests are met is decided by (seed, tag) alone, as the shares of faults are: two runs of a seed trouble the same
//! requests.

use std::time::Duration;

use evidence::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{ByteRate, Draw, Share, Size, Timespan};

/// How long a client waits for `100 Continue` where the file says nothing; as long as curl does.
const CONTINUE_WAIT: Timespan = Timespan::from_secs(1);

/// What a client does to some of its requests, each by a share of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// Leaves before the answer is whole.
    pub abort: Option<Abort>,
    /// Sends the body slowly.
    pub upload: Option<Upload>,
    /// Stops for a while in the middle of the body.
    pub stall: Option<Stall>,
    /// Lets the answer wait, or never reads it.
    pub read: Option<Read>,
    /// Asks before it sends the body.
    pub expect_continue: Option<ExpectContinue>,
}

/// The client leaves before the answer is whole: by the clock, or once so much of the answer's body has arrived. The
/// exchange is on record as `client_abort`, and demands set it aside: how it would have ended is not known. Where more than a
/// tenth is set aside a demand is inconclusive, so give many such requests a class of their own.
///
/// A half close is not an abort: the client says that it will send nothing more, once its request is whole, and still waits
/// for the answer, so the exchange ends as the answer says. Some gateways take a half close for leaving; a request that they
/// then don't answer has failed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrafficAbort")]
pub struct Abort {
    /// So long after the request was sent; either this or `after_bytes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timespan>,
    /// Once so many bytes of the answer's body have arrived, and more than that are to come or have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_bytes: Option<Size>,
    /// How it leaves. Without it: `fin`.
    #[serde(default)]
    pub by: AbortBy,
    /// The part of the requests that is met. Without it: all.
    #[serde(default)]
    pub share: Share,
}

/// How a client leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AbortBy {
    /// It closes the connection in order (FIN); what arrives afterwards is answered with RST.
    #[default]
    Fin,
    /// It resets the connection.
    Rst,
    /// It closes its sending side only, and waits for the answer.
    HalfClose,
}

/// The client sends the request's body slowly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrafficUpload")]
pub struct Upload {
    /// How fast.
    pub rate: ByteRate,
    /// The part of the requests that is met. Without it: all.
    #[serde(default)]
    pub share: Share,
}

/// The client stops in the middle of the request's body, and goes on later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrafficStall")]
pub struct Stall {
    /// After so many bytes of the body.
    pub at: Size,
    /// How long.
    #[serde(rename = "for")]
    pub length: Timespan,
    /// The part of the requests that is met. Without it: all.
    #[serde(default)]
    pub share: Share,
}

/// The client lets the answer wait on the connection before it reads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrafficRead")]
pub struct Read {
    /// So long after the request was sent. Without it the client never reads: at its deadline it leaves, which is on record
    /// as `client_abort`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timespan>,
    /// The part of the requests that is met. Without it: all.
    #[serde(default)]
    pub share: Share,
}

/// The client asks with `Expect: 100-continue` before it sends the body (RFC 9110, section 10.1.1). If a final answer comes
/// first, the body is never sent, and the connection is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrafficExpectContinue")]
pub struct ExpectContinue {
    /// After this long it sends the body without having been told to. Without it: 1 s.
    #[serde(default = "continue_wait")]
    pub wait: Timespan,
    /// The part of the requests that is met. Without it: all.
    #[serde(default)]
    pub share: Share,
}

fn continue_wait() -> Timespan {
    CONTINUE_WAIT
}

/// What a draw is for, so that two draws of one request are independent.
#[derive(Clone, Copy)]
enum Purpose {
    Abort = 1,
    Upload = 2,
    Stall = 3,
    Read = 4,
    ExpectContinue = 5,
}

/// Tells the draws of clients from all others of a seed.
const CLIENT: u64 = 0x636c_6965_6e74;

/// What a client does to one request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Conduct {
    pub(crate) abort: Option<Abort>,
    pub(crate) rate: Option<ByteRate>,
    pub(crate) stall: Option<Stall>,
    pub(crate) read: Option<Read>,
    /// How long it waits for `100 Continue`.
    pub(crate) expect: Option<Duration>,
}

impl Trouble {
    /// True if no request is ever met.
    pub fn is_none(&self) -> bool {
        *self == Trouble::default()
    }

    /// What makes some exchanges take longer by the client's own doing, by its key in the file; `None` if nothing does.
    pub fn slows(&self) -> Option<&'static str> {
        let slows = [
            (self.upload.is_some(), "upload"),
            (self.stall.is_some(), "stall"),
            (self.read.is_some(), "read"),
            (self.expect_continue.is_some(), "expect_continue"),
        ];
        slows.into_iter().find(|(is_there, _)| *is_there).map(|(_, key)| key)
    }

    /// What the client does to the request with this tag; `None` if it is an ordinary one.
    pub(crate) fn meets(&self, seed: u64, tag: Tag) -> Option<Conduct> {
        if self.is_none() {
            return None;
        }
        let draw = Draw::new(seed).with(CLIENT).with(tag.0);
        let hit = |share: Share, purpose: Purpose| draw.with(purpose as u64).falls_into(share);
        let conduct = Conduct {
            abort: self.abort.filter(|abort| hit(abort.share, Purpose::Abort)),
            rate: self.upload.filter(|upload| hit(upload.share, Purpose::Upload)).map(|upload| upload.rate),
            stall: self.stall.filter(|stall| hit(stall.share, Purpose::Stall)),
            read: self.read.filter(|read| hit(read.share, Purpose::Read)),
            expect: self
                .expect_continue
                .filter(|expect| hit(expect.share, Purpose::ExpectContinue))
                .map(|expect| *expect.wait),
        };
        (conduct != Conduct::default()).then_some(conduct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_troubles_the_same_requests_every_time_and_as_many_as_the_share_says() {
        let share = Share::new(0.3).unwrap();
        let abort = Abort { after: None, after_bytes: Some(Size(0)), by: AbortBy::Rst, share };
        let trouble = Trouble { abort: Some(abort), ..Trouble::default() };
        let met =
            |seed| (0..10_000).filter(|tag| trouble.meets(seed, Tag(*tag)).is_some()).collect::<Vec<_>>();
        assert_eq!(met(7), met(7));
        assert_ne!(met(7), met(8));
        assert!((2800..3200).contains(&met(7).len()), "{}", met(7).len());
    }

    #[test]
    fn two_troubles_of_a_class_meet_requests_independently() {
        let half = Share::new(0.5).unwrap();
        let trouble = Trouble {
            read: Some(Read { after: None, share: half }),
            expect_continue: Some(ExpectContinue { wait: CONTINUE_WAIT, share: half }),
            ..Trouble::default()
        };
        let met: Vec<Conduct> = (0..10_000).filter_map(|tag| trouble.meets(7, Tag(tag))).collect();
        let both = met.iter().filter(|conduct| conduct.read.is_some() && conduct.expect.is_some()).count();
        assert!((7300..7700).contains(&met.len()) && (2300..2700).contains(&both), "{} {both}", met.len());
    }

    #[test]
    fn a_class_without_trouble_has_ordinary_requests_only() {
        assert_eq!(Trouble::default().meets(7, Tag(1)), None);
    }
}
