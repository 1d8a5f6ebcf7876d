//! The program `fake-backends`: where it listens.

use std::process::{Command, Output, Stdio};

/// What the program says of such arguments, for which it ends at once.
fn said(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fake-backends"));
    command.args(arguments).stdin(Stdio::null()).env_remove("RUST_LOG").output().unwrap()
}

#[test]
fn an_address_that_others_can_reach_takes_a_flag_that_names_it() {
    for allowed in [&[][..], &["--allow-listen", "127.0.0.1"], &["--allow-listen", "192.0.2.7"]] {
        let output = said(&[&["--plain", "--listen", "0.0.0.0:0"], allowed].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains("`--allow-listen 0.0.0.0` allows it"), "{told}");
    }
    let elsewhere = said(&["--plain", "--listen", "192.0.2.7:0", "--allow-listen", "192.0.2.7"]);
    let told = String::from_utf8_lossy(&elsewhere.stderr).into_owned();
    assert_eq!(elsewhere.status.code(), Some(4), "{told}");
    assert!(told.contains("192.0.2.7 is not an address of this machine"), "{told}");
}
