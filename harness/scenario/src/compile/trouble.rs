//! Requests in trouble: what the client does on purpose must be possible, and over before the client gives up.

use driver::{Abort, AbortBy, Body, ExpectContinue, Read, Stall, Trouble, Upload};
use units::Timespan;

use super::Context;
use crate::file::{Located, TrafficTable};

/// Resolves what the client does to some requests of a class.
pub(super) fn compile(
    context: &mut Context<'_>,
    table: &TrafficTable,
    body: Option<&Body>,
    deadline: Timespan,
) -> Trouble {
    let body = body.map_or(0, Body::size);
    if let Some(settings) = &table.abort {
        abort(context, settings, deadline);
    }
    if let Some(settings) = &table.upload {
        upload(context, settings, body, deadline);
    }
    if let Some(settings) = &table.stall {
        stall(context, settings, body, deadline);
    }
    if let Some(settings) = &table.read {
        read(context, settings, deadline);
    }
    if let Some(settings) = &table.expect_continue {
        expect_continue(context, settings, body, deadline);
    }
    Trouble {
        abort: table.abort.as_ref().map(|it| it.value),
        upload: table.upload.as_ref().map(|it| it.value),
        stall: table.stall.as_ref().map(|it| it.value),
        read: table.read.as_ref().map(|it| it.value),
        expect_continue: table.expect_continue.as_ref().map(|it| it.value),
    }
}

fn abort(context: &mut Context<'_>, abort: &Located<Abort>, deadline: Timespan) {
    match (abort.after, abort.after_bytes) {
        (Some(after), None) if after.is_zero() && abort.by != AbortBy::HalfClose => {
            context.error(&abort.span, "a client that leaves after 0 s sends nothing").help =
                Some("for example `abort = { after = \"300ms\" }`".to_owned());
        }
        (Some(after), None) => in_time(context, abort, "the client leaves", after, deadline),
        (None, Some(_)) => {}
        (after, _) => {
            let has = if after.is_some() { "has both" } else { "has neither" };
            context.error(&abort.span, format!("an abort {has} `after` {} `after_bytes`", and_or(after))).help =
                Some("`after = \"300ms\"` leaves by the clock, `after_bytes = \"1KiB\"` in the middle of the answer".to_owned());
        }
    }
}

fn and_or(after: Option<Timespan>) -> &'static str {
    if after.is_some() { "and" } else { "nor" }
}

fn upload(context: &mut Context<'_>, upload: &Located<Upload>, body: u64, deadline: Timespan) {
    if has_body(context, upload, "a slow upload", body) {
        let what = format!("the body takes {} at {}", Timespan(upload.rate.time_for(body)), upload.rate);
        if upload.rate.time_for(body) >= *deadline {
            too_late(context, upload, &what, deadline);
        }
    }
}

fn stall(context: &mut Context<'_>, stall: &Located<Stall>, body: u64, deadline: Timespan) {
    if !has_body(context, stall, "a stall", body) {
        return;
    }
    if stall.at.0 >= body {
        let message = format!("a stall at {}, and the body has {}", stall.at, units::Size(body));
        context.error(&stall.span, message).help = Some("stall before the body's end".to_owned());
    }
    in_time(context, stall, "the client goes on", stall.length, deadline);
}

fn read(context: &mut Context<'_>, read: &Located<Read>, deadline: Timespan) {
    if let Some(after) = read.after {
        in_time(context, read, "the client reads", after, deadline);
    }
}

fn expect_continue(
    context: &mut Context<'_>,
    expect: &Located<ExpectContinue>,
    body: u64,
    deadline: Timespan,
) {
    if has_body(context, expect, "`expect_continue`", body) {
        in_time(context, expect, "the client sends the body", expect.wait, deadline);
    }
}

fn has_body<T>(context: &mut Context<'_>, place: &Located<T>, what: &str, body: u64) -> bool {
    if body == 0 {
        context.error(&place.span, format!("{what} needs a body, and these requests have none")).help =
            Some("for example `body = { size = \"64KiB\" }`".to_owned());
    }
    body > 0
}

/// What happens only after the client has given up never happens.
fn in_time<T>(
    context: &mut Context<'_>,
    place: &Located<T>,
    what: &str,
    after: Timespan,
    deadline: Timespan,
) {
    if after >= deadline {
        too_late(context, place, &format!("{what} after {after}"), deadline);
    }
}

fn too_late<T>(context: &mut Context<'_>, place: &Located<T>, what: &str, deadline: Timespan) {
    context
        .error(&place.span, format!("{what}, and gives up after {deadline}: it never comes to that"))
        .help = Some("make it shorter, or raise `deadline`".to_owned());
}
