//! The command line on the real binary: words, exit codes, bad input, signals, and what is left behind.
