//! Real gateways meet each kind of fault, and clients that leave; what they make of it is read off the ledger.
//!
//! It takes minutes of real time, so it runs where gateways are required (`BROWNOUT_REQUIRE_GATEWAYS=1`, as in
//! `tests/all.sh`), and is skipped visibly elsewhere.

mod clients;
mod faults;
mod live;
