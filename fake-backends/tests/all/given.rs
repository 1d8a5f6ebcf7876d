//! What an attempt was really given: which injections had their effect, and which bytes of an answer were written.

use crate::common::{always, get, inject, serve, spec};
use evidence::{Attempt, BODY_FILLER, End, KnownBody, Planned, Stamp, body_hash};
use fake_backends::Injection;
use net::simulate;

/// What the gateway does after it has sent its request.
#[derive(Clone, Copy)]
enum Gateway {
    WaitsForTheAnswer,
    LeavesAfter(u64),
    WaitsForTheEnd,
}

/// The attempt that a request makes on a backend with these injections.
fn attempt(injections: Vec<Injection>, gateway: Gateway) -> Attempt {
    simulate(|world| async move {
        let served = serve(&world, spec(1, injections));
        let mut client = served.connect(0).await;
        client.send(&get(1)).await;
        match gateway {
            Gateway::WaitsForTheAnswer => drop(client.answer().await),
            Gateway::LeavesAfter(millis) => {
                served.sleep(millis).await;
                drop(client);
            }
            Gateway::WaitsForTheEnd => {
                served.sleep(1000).await;
                let (_, evidence) = served.end().await;
                return evidence.attempts[0].clone();
            }
        }
        served.sleep(10).await;
        let (_, evidence) = served.end().await;
        evidence.attempts[0].clone()
    })
}

fn during_all(faults: &[&str]) -> Vec<Injection> {
    faults.iter().map(|fault| inject(fault, &[0], 0, 60_000)).collect()
}

#[test]
fn of_two_faults_that_want_to_answer_only_the_one_that_did_had_an_effect() {
    for faults in [["reset = {}", "status = { code = 503 }"], ["status = { code = 503 }", "reset = {}"]] {
        let attempt = attempt(during_all(&faults), Gateway::WaitsForTheAnswer);
        assert_eq!((attempt.injections, attempt.effective), (0b11, 0b10), "{faults:?}");
        assert!(attempt.hit_by(0) && !attempt.affected_by(0) && attempt.affected_by(1));
    }
}

#[test]
fn a_fault_that_the_gateway_did_not_stay_for_had_no_effect() {
    let injections = during_all(&["latency = { fixed = '100ms' }", "status = { code = 503 }"]);
    let left = attempt(injections.clone(), Gateway::LeavesAfter(30));
    assert_eq!((left.end, left.injections, left.effective), (End::AbandonedFin, 0b11, 0b01));
    let stayed = attempt(injections, Gateway::WaitsForTheAnswer);
    assert_eq!((stayed.end, stayed.effective), (End::Replied, 0b11));
}

#[test]
fn a_delay_of_which_nobody_saw_the_end_had_no_effect() {
    let attempt = attempt(during_all(&["latency = { fixed = '10s' }"]), Gateway::WaitsForTheEnd);
    assert_eq!((attempt.end, attempt.injections, attempt.effective), (End::OpenAtEnd, 1, 0));
}

#[test]
fn a_hang_has_its_effect_whether_the_gateway_gave_up_or_the_run_ended_first() {
    for (gateway, end) in
        [(Gateway::LeavesAfter(200), End::AbandonedFin), (Gateway::WaitsForTheEnd, End::OpenAtEnd)]
    {
        let attempt = attempt(always("hang = {}"), gateway);
        assert_eq!((attempt.end, attempt.planned, attempt.effective), (end, Planned::Hang, 1));
        assert_eq!((attempt.answer_bytes, attempt.answer_hash), (0, None));
    }
}

#[test]
fn a_hang_that_a_refusal_cuts_short_is_a_refusal() {
    let injections = vec![inject("hang = {}", &[0], 0, 1000), inject("refuse = {}", &[0], 100, 1000)];
    let attempt = attempt(injections, Gateway::WaitsForTheAnswer);
    assert_eq!((attempt.end, attempt.injections, attempt.effective), (End::Reset, 0b11, 0b10));
}

#[test]
fn each_cut_has_its_effect_once_it_was_made() {
    for at in ["request", "headers", "body', after = '10B"] {
        for fault in ["reset", "close"] {
            let attempt =
                attempt(always(&format!("{fault} = {{ at = '{at}' }}")), Gateway::WaitsForTheAnswer);
            assert_eq!(attempt.effective, 1, "{fault} at {at}");
            let cut = br#"{"tag":"00"#;
            let expected = if at.starts_with("body") { (10, Some(body_hash(cut))) } else { (0, None) };
            assert_eq!((attempt.answer_bytes, attempt.answer_hash), expected, "{fault} at {at}");
        }
    }
}

#[test]
fn the_bytes_of_a_whole_answer_are_counted_and_hashed_whatever_its_size() {
    for size in [0, 60, 300, 16 << 10, (16 << 10) + 1, 1 << 20] {
        simulate(|world| async move {
            let mut spec = spec(1, Vec::new());
            spec.backends[0].body = units::Size(size);
            let served = serve(&world, spec);
            let answer = served.ask(0, &get(1)).await;
            assert!(answer.body.len() as u64 >= size);
            let known = KnownBody::parse(answer.header("x-brownout-body").unwrap().as_bytes()).unwrap();
            for count in [1, answer.body.len() / 2, answer.body.len() - 1, answer.body.len()] {
                let part = body_hash(&answer.body[..count]);
                assert_eq!(known.begins_with(count as u64, part), Some(true), "{count} of {size}");
            }
            if size >= 300 {
                assert!(answer.body.windows(16).any(|part| part == BODY_FILLER));
            }
            let (_, evidence) = served.end().await;
            let attempt = &evidence.attempts[0];
            assert_eq!(attempt.answer_bytes, answer.body.len() as u64);
            assert_eq!(attempt.answer_hash, Some(body_hash(&answer.body)));
        });
    }
}

#[test]
fn an_answer_without_a_body_has_none_to_tell_of() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let mut client = served.connect(0).await;
        client.send(&get(1).replace("GET", "HEAD")).await;
        assert_eq!(client.head_answer().await.unwrap().header("x-brownout-body"), None);
        let (_, evidence) = served.end().await;
        let attempt = &evidence.attempts[0];
        assert_eq!((attempt.answer_bytes, attempt.answer_hash), (0, Some(body_hash(b""))));
    });
}

#[test]
fn a_tag_that_was_never_given_out_is_a_forgery_and_no_attempt() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, always("status = { code = 503 }")));
        let max = crate::common::EXCHANGES_MAX;
        let values = [
            (format!("0000000000000007-{max}"), Stamp::Forged),
            ("0000000000000008-1".to_owned(), Stamp::Foreign),
            ("0000000000000007-+1".to_owned(), Stamp::Foreign),
            ("00000007-1".to_owned(), Stamp::Foreign),
        ];
        for (value, _) in &values {
            served.ask(0, &get(1).replace("0000000000000007-1", value)).await;
        }
        served.ask(0, "GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let (totals, evidence) = served.end().await;
        assert_eq!((totals.attempts, totals.probes), (0, 5));
        let stamps: Vec<Stamp> = evidence.probes.iter().map(|probe| probe.stamp).collect();
        let expected = values.iter().map(|(_, stamp)| *stamp).chain([Stamp::Untagged]);
        assert_eq!(stamps, expected.collect::<Vec<_>>());
    });
}
