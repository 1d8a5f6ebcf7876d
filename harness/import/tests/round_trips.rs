//! What a gateway's configuration is made of comes back when it is imported.

use std::path::PathBuf;

use gateways::{GatewaySettings, Upstream, Upstreams};
use import::{Choices, Import, Sources};
use policy::{AllOut, Breaker, Limit, Policy, Retry, RetryOn, Timeouts, Trip, WayBack};
use proptest::prelude::*;
use units::Timespan;

fn upstreams(ranks: &[(u32, u32)], policy: Policy) -> Upstreams {
    let upstream = |(at, (weight, priority)): (usize, &(u32, u32))| Upstream {
        name: format!("s{at}"),
        address: ([127, 0, 0, 1], 9_001 + at as u16).into(),
        weight: *weight,
        priority: *priority,
        tls: false,
    };
    let backends = ranks.iter().enumerate().map(upstream).collect();
    Upstreams { backends, policy, trust: None, base: PathBuf::new(), seed: 0 }
}

/// The configuration that is made of a policy, and what it comes to when it is imported; nothing if the gateway can't express the policy.
fn there_and_back(kind: &str, file: &str, upstreams: &Upstreams) -> Option<(String, Import)> {
    let gateway = GatewaySettings::with_defaults(kind).unwrap();
    let text = gateway.contract().configuration(upstreams).ok()??;
    let mut sources = Sources::default();
    sources.add(file, text.clone());
    let import =
        import::import(&sources, &Choices::default()).unwrap_or_else(|refused| panic!("{refused}\n{text}"));
    Some((text, import))
}

fn millis() -> impl Strategy<Value = Timespan> {
    (1_u64..100_000).prop_map(Timespan::from_millis)
}

fn ranks() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((1_u32..=256, 0_u32..2), 1..5)
        .prop_filter("somebody is first", |ranks| ranks.iter().any(|(_, priority)| *priority == 0))
}

mod haproxy {
    use super::*;

    fn retry() -> impl Strategy<Value = Retry> {
        let on = prop::sample::subsequence(
            vec![
                RetryOn::ConnectFailure,
                RetryOn::Reset,
                RetryOn::Timeout,
                RetryOn::Status(503),
                RetryOn::Status(404),
            ],
            1..=5,
        );
        let methods = prop::sample::subsequence(vec!["GET", "HEAD", "POST", "PUT"], 1..=4);
        (2_u16..6, on, methods, any::<bool>()).prop_map(|(attempts, on, methods, other_backend)| Retry {
            methods: methods.into_iter().map(String::from).collect(),
            other_backend,
            ..Retry::new(attempts, on)
        })
    }

    fn breaker() -> impl Strategy<Value = Breaker> {
        let ways = prop::sample::select(vec![None, Some(WayBack::All), Some(WayBack::Check)]);
        (1_u32..100, millis(), prop::option::of(millis()), ways, any::<bool>()).prop_map(
            |(errors, open_for, tick, way_back, sheds)| Breaker {
                tick: tick.filter(|_| way_back == Some(WayBack::Check)),
                way_back,
                all_out: sheds.then_some(AllOut::Shed),
                ..Breaker::new(
                    Trip { consecutive: Some(errors), count: None, share: None, within: None, min: None },
                    open_for,
                )
            },
        )
    }

    fn limit() -> impl Strategy<Value = Limit> {
        (
            1_u32..=65_536,
            prop::option::of(0_u32..100),
            prop::option::of(millis()),
            prop::sample::select(vec![None, Some(503), Some(429)]),
        )
            .prop_map(|(most, queue, wait, status)| Limit {
                queue,
                wait: wait.filter(|_| queue.is_some_and(|queue| queue > 0)),
                status: status.filter(|status| queue == Some(0) || *status == 503),
                ..Limit::new(most)
            })
    }

    fn policy() -> impl Strategy<Value = Policy> {
        let timers = (prop::option::of(millis()), prop::option::of(millis()));
        (timers, prop::option::of(retry()), prop::option::of(breaker()), prop::option::of(limit())).prop_map(
            |((connect, per_try), retry, breaker, limit)| Policy {
                timeout: Timeouts { connect, per_try, total: None },
                retry: retry.map(|mut retry| {
                    // HAProxy's breaker does not see what is tried again.
                    if breaker.is_some() {
                        retry.on = vec![RetryOn::ConnectFailure];
                    }
                    retry
                }),
                breaker,
                limit,
                ..Policy::default()
            },
        )
    }

    /// The policy as HAProxy's configuration says it, where the one that it was made of is silent.
    fn spoken_out(policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        policy.timeout.connect.get_or_insert(Timespan::from_secs(5));
        policy.timeout.per_try.get_or_insert(Timespan::from_secs(3600));
        if let Some(breaker) = &mut policy.breaker {
            breaker.way_back.get_or_insert(WayBack::All);
            breaker.all_out = Some(AllOut::Shed);
            breaker.shed_status = Some(503);
            breaker.tick = breaker.tick.filter(|tick| *tick != breaker.open_for);
        }
        if let Some(limit) = &mut policy.limit {
            limit.status.get_or_insert(503);
            if limit.queue.is_some_and(|queue| queue > 0) {
                limit.wait.get_or_insert(Timespan::from_secs(3600));
            }
        }
        policy
    }

    proptest! {
        #[test]
        fn a_policy_comes_back_from_the_configuration_that_is_made_of_it(ranks in ranks(), policy in policy()) {
            let made = there_and_back("haproxy", "haproxy.cfg", &upstreams(&ranks, policy.clone()));
            let refused = policy.breaker.is_none() && ranks.iter().any(|(_, priority)| *priority > 0);
            prop_assert_eq!(made.is_none(), refused, "{:?}", policy);
            if let Some((text, import)) = made {
                prop_assert_eq!(&import.policy, &spoken_out(&policy), "{}", text);
                let members: Vec<_> = import.members.iter().map(|member| (member.weight, member.priority)).collect();
                prop_assert_eq!(members, ranks, "{}", text);
            }
        }
    }
}
