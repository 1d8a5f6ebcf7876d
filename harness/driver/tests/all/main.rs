//! The driver, seen from outside: what servers get from it, and what it says of their answers.
//!
//! One program for all of them: each further one is linked, and its generic code compiled, anew.

mod closed_loop;
mod common;
mod connections;
mod headers;
mod outcomes;
mod pacing;
mod real_sockets;
mod requests;
mod tls;
mod trouble;
