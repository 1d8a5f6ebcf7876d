//! `brownout completions` and `brownout man`: what shells and `man` want to know of the command line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap_complete::Shell;

use crate::exit::Exit;
use crate::help;
use crate::output::{harmless, print};

pub(crate) fn completions(shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::command(), "brownout", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Pass)
}

pub(crate) fn man(out: Option<&Path>) -> Result<Exit> {
    // The template is for `--help` only: a manual page has sections of its own.
    let command = help::command().help_template(clap::builder::StyledStr::new());
    let Some(dir) = out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        print(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Pass);
    };
    let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.with_context(|| format!("{}", dir.display()))?;
    print(&harmless(&format!("manual pages written to {}\n", dir.display())))?;
    Ok(Exit::Pass)
}
