//! Every kind of fault on real sockets, as a raw client sees it, by family.

mod answers;
mod body;
mod conditions;
mod connection;
mod pace;
mod raw;
mod streaming;
mod time;

use std::collections::BTreeSet;

use fake_backends::fault::FaultSettings;

#[test]
fn every_kind_has_a_test_here_or_among_those_of_fin_and_rst() {
    let text = [
        include_str!("time.rs"),
        include_str!("answers.rs"),
        include_str!("connection.rs"),
        include_str!("pace.rs"),
        include_str!("body.rs"),
        include_str!("streaming.rs"),
        include_str!("conditions.rs"),
        include_str!("../sockets.rs"),
        include_str!("../faults.rs"),
        include_str!("../tls.rs"),
    ]
    .concat();
    let missing: BTreeSet<&str> = FaultSettings::KINDS
        .iter()
        .map(|kind| kind.name)
        .filter(|name| !text.contains(&format!("{name} = ")))
        .collect();
    assert!(missing.is_empty(), "no test of {missing:?}");
}
