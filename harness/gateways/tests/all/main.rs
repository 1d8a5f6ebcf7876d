//! Gateways, seen from outside: the reference gateway before made backends, and real ones as programs.
//!
//! One program for all of them: each further one is linked, and its generic code compiled, anew.

mod real_gateways_launch;
mod reference;
