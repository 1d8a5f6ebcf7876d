//! Retries of the declared policy, read off the matrix of failures and what followed on them.

use measure::retry_matrix::{Failed, Followed, RetryMatrix};
use policy::{Retry, RetryOn};
use units::plural::count;

use super::Policy;
use crate::claim::{Claim, Key};

/// What tries again after a failure of this kind, in the words of a policy.
fn condition(failed: Failed) -> Option<RetryOn> {
    match failed {
        Failed::Status(status) => Some(RetryOn::Status(status)),
        Failed::Broken => Some(RetryOn::Reset),
        Failed::GivenUp => Some(RetryOn::Timeout),
        Failed::Cut => None,
    }
}

/// Each declared condition is tried again after, and nothing else is.
pub(super) fn conditions(policy: &Policy, retry: &Retry, matrix: &RetryMatrix) -> Vec<Claim> {
    let declared: Vec<String> = retry.on.iter().map(ToString::to_string).collect();
    let mut claims = Vec::new();
    for on in retry.on.iter().filter(|on| policy.is_about(&format!("retry.on.{on}"))) {
        let key = Key { key: format!("retry.on.{on}"), declared: "tried again".into() };
        let followed = match on {
            RetryOn::ConnectFailure => matrix.refused.clone(),
            _ => sum(matrix, |failed, method| condition(failed) == Some(*on) && is_listed(retry, method)),
        };
        let missed = followed.failed - followed.again;
        let seen = format!("after `{on}`: {} of {} tried again", followed.again, followed.failed);
        let bad =
            format!("{missed} of {} were not tried again after `{on}`", count(followed.failed, "request"));
        let shown = followed.shown_not.iter().map(|tag| (*tag, format!("not tried again after `{on}`")));
        claims.push(
            Claim::never(missed, followed.failed, None)
                .says(format!("requests were tried again after `{on}`"), bad)
                .because(seen.clone())
                .seen(seen, format!("tried again after {}", declared.join(", ")))
                .shown(shown.collect())
                .aside(followed.set_aside)
                .remedy(format!(
                    "plan a fault that makes `{on}` on backends that this traffic reaches, or leave `retry.on.{on}` out of `about`"
                ))
                .of_key(key),
        );
    }
    claims.extend(undeclared(policy, retry, matrix));
    claims
}

/// Nothing is tried again that is not declared.
fn undeclared(policy: &Policy, retry: &Retry, matrix: &RetryMatrix) -> Option<Claim> {
    let others = sum(matrix, |failed, method| {
        condition(failed).is_none_or(|on| !retry.on.contains(&on)) && is_listed(retry, method)
    });
    let asked = policy.about.iter().flatten().any(|named| named == "retry.on");
    if !policy.is_about("retry.on") || (others.failed == 0 && !asked) {
        return None;
    }
    let declared: Vec<String> = retry.on.iter().map(ToString::to_string).collect();
    let again = others.again - others.replays;
    let seen = format!("after other failures: {again} of {} tried again", others.failed);
    let shown = others.shown_again.iter().map(|tag| (*tag, "tried again after an undeclared failure".into()));
    let claim = Claim::never(again, others.failed, None)
        .says(
            "nothing was tried again that is not declared",
            format!("{again} requests were tried again after a failure that is not declared"),
        )
        .because(seen.clone())
        .seen(seen, format!("tried again after {} only", declared.join(", ")))
        .shown(shown.collect())
        .aside(others.set_aside)
        .remedy("plan a fault that makes a failure which `retry.on` does not name")
        .of_key(Key { key: "retry.on, others".into(), declared: "not tried again".into() });
    Some(claim)
}

pub(super) fn methods(retry: &Retry, matrix: &RetryMatrix) -> Vec<Claim> {
    let others = sum(matrix, |failed, method| {
        condition(failed).is_some_and(|on| retry.on.contains(&on)) && !is_listed(retry, method)
    });
    let declared = retry.methods.join(", ");
    let of = sum(matrix, |failed, method| {
        condition(failed).is_some_and(|on| retry.on.contains(&on)) && is_listed(retry, method)
    });
    let mut claims = Vec::new();
    if others.failed > 0 {
        let seen = format!("other methods: {} of {} tried again", others.again, others.failed);
        claims.push(
            Claim::never(others.again, others.failed, None)
                .says(
                    "no other method was tried again",
                    format!(
                        "{} of methods that are not declared were tried again",
                        count(others.again, "request")
                    ),
                )
                .because(seen.clone())
                .seen(seen, format!("only {declared} are tried again"))
                .shown(
                    others
                        .shown_again
                        .iter()
                        .map(|tag| (*tag, "tried again although its method is not declared".into()))
                        .collect(),
                )
                .aside(others.set_aside)
                .remedy(
                    "make more requests of other methods fail while another backend is in use, or leave `retry.methods` out of \
                     `about`",
                )
                .of_key(Key { key: "retry.methods".into(), declared: declared.clone() }),
        );
    }
    if of.failed > 0 && of.again == 0 {
        let seen = format!("declared methods: 0 of {} tried again", of.failed);
        claims.push(
            Claim::never(of.failed, of.failed, None)
                .says("", format!("no request of {declared} was tried again"))
                .because(seen.clone())
                .seen(seen, format!("{declared} are tried again"))
                .shown(of.shown_not.iter().map(|tag| (*tag, "not tried again".into())).collect())
                .of_key(Key { key: "retry.methods".into(), declared }),
        );
    }
    claims
}

pub(super) fn other_backend(retry: &Retry, matrix: &RetryMatrix) -> Vec<Claim> {
    let all = sum(matrix, |_, method| is_listed(retry, method));
    let (again, same) = (all.again - all.replays, all.again - all.elsewhere - all.replays);
    if again == 0 {
        return Vec::new();
    }
    let seen = format!("{} of {again} second attempts went to another backend", again - same);
    let declared = if retry.other_backend { "another backend" } else { "any backend" };
    let claim = if retry.other_backend {
        Claim::never(same, again, None).says(
            "second attempts went to another backend",
            format!("{} went to the backend that had just failed", count(same, "second attempt")),
        )
    } else {
        // A free choice among n backends avoids the same one in all cases only by chance. Where nobody came meanwhile, a gateway
        // that takes turns always goes on to the next one, and has not chosen it.
        let avoids = 1.0 - 1.0 / matrix.backends.max(1) as f64;
        let p_never = avoids.powi(i32::try_from(all.free.min(10_000)).unwrap_or(i32::MAX));
        let broken = if same == 0 { p_never } else { 1.0 };
        Claim::on(crate::claim::Basis::Tested {
            p_broken: broken,
            p_kept: if same > 0 { 0.0 } else { 1.0 },
            count: if same == 0 { all.free } else { again },
            needed: None,
        })
        .says("second attempts went to any backend", "no second attempt went to the same backend")
    };
    let shown = all.shown_same.iter().map(|tag| (*tag, "tried again at the same backend".into())).collect();
    vec![
        claim
            .because(seen.clone())
            .seen(seen, format!("second attempts go to {declared}"))
            .shown(shown)
            .aside(all.set_aside)
            .remedy("make more requests be tried again while others come, or leave `retry.other_backend` out of `about`")
            .of_key(Key { key: "retry.other_backend".into(), declared: declared.into() }),
    ]
}

fn is_listed(retry: &Retry, method: &str) -> bool {
    retry.methods.iter().any(|listed| listed == method)
}

/// The cells that are meant, added up.
fn sum(matrix: &RetryMatrix, meant: impl Fn(Failed, &str) -> bool) -> Followed {
    let mut total = Followed::default();
    for ((failed, method), followed) in &matrix.cells {
        if meant(*failed, method) {
            total.failed += followed.failed;
            total.again += followed.again;
            total.elsewhere += followed.elsewhere;
            total.free += followed.free;
            total.replays += followed.replays;
            total.shown_again.extend(&followed.shown_again);
            total.shown_not.extend(&followed.shown_not);
            total.shown_same.extend(&followed.shown_same);
            total.set_aside.add(&followed.set_aside);
        }
    }
    total
}
