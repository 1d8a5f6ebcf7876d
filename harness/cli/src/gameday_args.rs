//! The words of `brownout gameday`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use fake_backends::listen_address;

#[derive(Debug, Subcommand)]
pub(crate) enum GamedayCommand {
    /// Check game days, without running anything: schedules, scenarios, conditions that can never be met.
    Check {
        /// Files of game days, or folders of them.
        #[arg(required = true, value_name = "GAMEDAY")]
        files: Vec<PathBuf>,
    },
    /// Print a whole game day as a change board reads it.
    Plan {
        /// The file of the game day.
        #[arg(value_name = "GAMEDAY")]
        file: PathBuf,
        /// Write Markdown.
        #[arg(long)]
        markdown: bool,
    },
    /// Hold a game day now. Nobody is asked: what is missing refuses it.
    Run(Hold),
    /// List game days: when each comes round next, and how it ended last.
    List {
        /// Files of game days, or folders of them.
        #[arg(value_name = "GAMEDAY", default_value = "gamedays")]
        files: Vec<PathBuf>,
        /// Where game days are recorded.
        #[arg(long, value_name = "DIR", default_value = "held")]
        dir: PathBuf,
    },
    /// Bring a game day to its end whose process was killed: judge what it left, and undo what it did, once.
    Recover {
        /// The directory of the day: `DIR/NAME/START`.
        day: PathBuf,
        #[command(flatten)]
        allow: Allow,
    },
    /// Answer a question that had to be decided after a game day. The answer goes on its timeline; of several the last one holds.
    Decide {
        /// The directory of the day: `DIR/NAME/START`.
        day: PathBuf,
        /// The number of the question in `decide` of the file, from 1.
        number: usize,
        /// What is decided.
        answer: String,
        /// Who decides.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Write all that is known of a game day that is over as one archive: file, evidence, reports, timeline.
    Bundle {
        /// The directory of the day: `DIR/NAME/START`.
        day: PathBuf,
        /// The archive to write; beside the directory without it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Look whether such an archive is as it was made: what is changed, missing, or extra. 1 if anything is.
    Verify {
        /// The archive.
        bundle: PathBuf,
    },
    /// Print the JSON Schema of game days' files, by which editors complete them.
    Schema,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Hold {
    /// The file of the game day.
    #[arg(value_name = "GAMEDAY")]
    pub(crate) file: PathBuf,
    /// Where it is recorded: in `DIR/NAME/START`.
    #[arg(long, value_name = "DIR", default_value = "held")]
    pub(crate) dir: PathBuf,
    /// Who asked for it. Whoever that is does not approve it, unless the file says so.
    #[arg(long, value_name = "NAME")]
    pub(crate) asked_by: Option<String>,
    /// Who has agreed, in which role, and with which words: `ana (sre): go ahead`. May be repeated.
    #[arg(long, value_name = "APPROVAL")]
    pub(crate) approved_by: Vec<String>,
    #[command(flatten)]
    pub(crate) allow: Allow,
}

/// What a game day may do. Its file has to allow it as well.
#[derive(Debug, ClapArgs)]
pub(crate) struct Allow {
    /// Allow load and web addresses of this host; without it, only this machine is reached. May be repeated.
    #[arg(long = "allow-host", value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
    /// Allow backends to listen at this address of the machine, where others can reach them. May be
    /// repeated.
    #[arg(long = "allow-listen", value_name = "ADDRESS", value_parser = listen_address)]
    pub(crate) listen: Vec<IpAddr>,
    /// Allow its rollback and its scenarios to run programs of their choice; `brownout gameday plan` shows which.
    #[arg(long = "allow-commands")]
    pub(crate) commands: bool,
}
