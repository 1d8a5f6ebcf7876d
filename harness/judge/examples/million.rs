#![allow(warnings)]
use std::time::Duration;
use evidence::*;
use judge::*;
use units::*;
fn main() {
    let n: u64 = 1_000_000;
    let secs = 100u64;
    let step = secs * 1_000_000_000 / n;
    let mut exchanges = Vec::with_capacity(n as usize);
    let mut attempts = Vec::with_capacity((n as usize) * 13 / 10);
    for i in 0..n {
        let due = Moment((i * step) as i64);
        let sent = due + Duration::from_micros(100);
        let class = (i % 10 == 0) as u16;
        let hit = (20..80).contains(&(i * secs / n)) && i % 4 == 0;
        let retried = hit && class == 0;
        let mk = |num: u16, at: Moment, be: u16, inj: u64| Attempt {
            tag: Tag(i), backend: be, number: num, connection: (i % 64) as u32, nth: (i / 64) as u32 + 1,
            method: if class == 0 { Method::Get } else { Method::Post }, arrived: at, body_done: Some(at), declared: None,
            received: 0, body_hash: 7, injections: inj, planned: if inj > 0 { Planned::Status } else { Planned::Answer },
            delay: 0, delay_error: 0, status: if inj > 0 { 503 } else { 200 }, replied: Some(at + Duration::from_millis(2)),
            ended: at + Duration::from_millis(2), end: End::Replied };
        let a = sent + Duration::from_micros(200);
        attempts.push(mk(1, a, (i % 2) as u16, hit as u64));
        let mut done = a + Duration::from_millis(2);
        if retried { attempts.push(mk(2, done + Duration::from_millis(20), ((i + 1) % 2) as u16, 0)); done = done + Duration::from_millis(22); }
        exchanges.push(Exchange { tag: Tag(i), class, due, sent, first_byte: Some(done), done, outcome: Outcome::Complete,
            status: if hit && !retried { 503 } else { 200 }, backend: 0, attempt: 1 + retried as u16, connection: 1, nth: 1,
            request_bytes: 0, body_bytes: 100, echo: TagEcho::Same, body: BodyCheck::Intact });
    }
    let s = |sec: u64| Moment((sec * 1_000_000_000) as i64);
    let text = r#"[
      {"attempts":{"max":2}}, {"timeout":{"per_try":"300ms"}}, {"status":{"of":[503]}}, {"backoff":{"fixed":"20ms"}},
      {"no_replay":{}}, {"breaker":{"never":true}}, {"availability":{"min":0.9}}, {"latency":{"p99":"100ms"}},
      {"recovery":{"within":"1s"}}, {"balance":{}}, {"integrity":{}} ]"#;
    let raw: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
    let mut demands = vec![];
    for phase in 0..3 { for t in [None, Some(0)] { for r in &raw {
        match serde_json::from_value::<ExpectationSettings>(r.clone()) { Ok(expectation) =>
        demands.push(Demand { expectation, phase, traffic: t, settle: Timespan::default(), samples_min: None, line: None }),
        Err(e) => if phase == 0 && t.is_none() { eprintln!("{r}: {e}") } }
    }}}
    let ph = |n: &str, a, b| PhaseBrief { name: n.into(), during: Stretch { from: s(a), to: s(b) } };
    let be = |n: &str| BackendBrief { name: n.into(), weight: 1, priority: 0 };
    let brief = Brief { about: About::default(), phases: vec![ph("steady", 0, 20), ph("outage", 20, 80), ph("rec", 80, 100)],
        traffic: vec![TrafficBrief { name: "r".into(), method: Method::Get, request: "".into(), open_loop: true }, TrafficBrief { name: "w".into(), method: Method::Post, request: "".into(), open_loop: true }],
        backends: vec![be("a"), be("b")],
        injections: vec![InjectionBrief { phase: 1, fault: "status".into(), settings: "".into(), backends: vec![0, 1], during: Stretch { from: s(20), to: s(80) }, hides_attempts: false, closes_listener: false }],
        demands: demands.clone() };
    let evidence = Evidence { exchanges, attempts, ended: s(100), ..Default::default() };
    let t = std::time::Instant::now();
    let ledger = Ledger::join(evidence);
    eprintln!("join {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let r = judge::judge(&brief, &ledger, RunFacts::default());
    eprintln!("judge all {} demands: {:?}, {:?}", demands.len(), t.elapsed(), r.verdict);
    for k in 0..11 { 
        let mut b = brief.clone(); b.demands = demands.iter().filter(|d| d.expectation.name() == ExpectationSettings::KINDS[k].name && d.phase == 1 && d.traffic.is_none()).cloned().collect();
        let t = std::time::Instant::now();
        let r = judge::judge(&b, &ledger, RunFacts::default());
        for f in &r.findings { eprintln!("{} {:?} {} {} | {}", f.id, t.elapsed(), f.verdict, f.observed, f.because); }
    }
    let mut b = brief.clone(); b.demands.clear();
    let t = std::time::Instant::now();
    judge::judge(&b, &ledger, RunFacts::default());
    eprintln!("tables only {:?}", t.elapsed());
}
