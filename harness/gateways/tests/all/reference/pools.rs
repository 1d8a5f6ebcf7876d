//! Which backend gets a request.

use net::simulate;
use serde_json::json;

use super::backend::{Backend, ok, status};
use super::rig::with;

#[test]
fn backends_of_the_same_weight_take_turns() {
    simulate(|world| async move {
        let backends = (0..3).map(|_| Backend::start(&world, |_| ok())).collect();
        let rig = with(json!({})).before(world, backends).await;
        rig.gets(30).await;
        assert_eq!(rig.counts(), [10; 3]);
    });
}

#[test]
fn weights_share_the_traffic_out_exactly() {
    simulate(|world| async move {
        let backends = (0..3).map(|_| Backend::start(&world, |_| ok())).collect();
        let rig = with(json!({})).ranks(&[(5, 0), (1, 0), (0, 0)]).before(world, backends).await;
        rig.gets(60).await;
        assert_eq!(rig.counts(), [50, 10, 0]);
    });
}

#[test]
fn a_further_priority_group_is_used_only_while_the_first_is_out() {
    simulate(|world| async move {
        let breaker = json!({ "trip": { "consecutive": 2 }, "open_for": "1s" });
        let first = Backend::start(&world, |n| if n < 2 { status(500) } else { ok() });
        let backends = vec![first, Backend::start(&world, |_| ok())];
        let rig = with(json!({ "breaker": breaker })).ranks(&[(1, 0), (1, 1)]).before(world, backends).await;
        assert_eq!(rig.gets(5).await, [500, 500, 200, 200, 200]);
        assert_eq!(rig.counts(), [2, 3]);
        rig.sleep(1000).await;
        assert_eq!(rig.gets(3).await, [200; 3]);
        assert_eq!(rig.counts(), [5, 3]);
    });
}

#[test]
fn a_further_attempt_goes_to_the_next_priority_group_where_the_first_has_no_other_backend() {
    simulate(|world| async move {
        let backends = vec![Backend::start(&world, |_| status(503)), Backend::start(&world, |_| ok())];
        let policy = json!({ "retry": { "attempts": 2, "on": ["503"] } });
        let rig = with(policy).ranks(&[(1, 0), (1, 1)]).before(world, backends).await;
        assert_eq!(rig.gets(3).await, [200; 3]);
        assert_eq!(rig.counts(), [3, 3]);
    });
}

#[test]
fn every_other_backend_counts_for_nothing_when_the_policy_does_not_ask_for_one() {
    simulate(|world| async move {
        let backends = vec![Backend::start(&world, |_| status(503)), Backend::start(&world, |_| ok())];
        let policy = json!({ "retry": { "attempts": 2, "on": ["503"], "other_backend": false } });
        let rig = with(policy).ranks(&[(1, 0), (1, 1)]).before(world, backends).await;
        assert_eq!(rig.gets(3).await, [503; 3]);
        assert_eq!(rig.counts(), [6, 0]);
    });
}
