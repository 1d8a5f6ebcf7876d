//! The fake backends, seen from outside: what their clients get, byte by byte.
//!
//! One program for all of them: each further one is linked, and its generic code compiled, anew.

mod command_line;
mod common;
mod faults;
mod given;
mod headers;
mod kinds;
mod protocol;
mod sockets;
mod tls;
