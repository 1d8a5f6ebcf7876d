//! Nothing: with a build script, Cargo looks at what build scripts and macros depend on too.

fn main() {}
