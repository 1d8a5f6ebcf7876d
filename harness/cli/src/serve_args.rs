//! The arguments of `brownout serve`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use fake_backends::listen_address;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Serve {
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,
    /// Where the server keeps everything: its database, and what is recorded of each game day.
    #[arg(long, value_name = "DIR", required = true)]
    pub(crate) data: Option<PathBuf>,
    /// Where the files of game days are.
    #[arg(long, value_name = "DIR", default_value = "gamedays")]
    pub(crate) gamedays: PathBuf,
    /// Where browsers and clients reach it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7777")]
    pub(crate) listen: SocketAddr,
    /// The certificate for TLS, with those between it and a root, in PEM form. Other machines reach the server by TLS only.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM form.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A proxy stands before the server, speaks TLS, and says in `X-Forwarded-For` whose requests it passes on.
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// Allow loads and web addresses to go to this host; the file of the game day has to allow it as well. May be repeated.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// Allow backends to listen at this address of the machine, where others can reach them; the file of the game day has to allow
    /// it as well. May be repeated.
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    pub(crate) allow_listen: Vec<IpAddr>,
    /// Allow rollbacks and scenarios to run programs; the file of the game day has to allow it as well.
    #[arg(long)]
    pub(crate) allow_commands: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Say who may do what.
    #[command(subcommand)]
    User(UserCommand),
    /// Check that nobody has changed the audit log, and print its head. 1 if somebody has.
    Audit {
        /// The data directory of the server.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The head that was printed before, as `ENTRIES:HASH`: the log has to go on from there.
        #[arg(long, value_name = "HEAD")]
        since: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user, and print their token once.
    Add {
        /// The name in approvals, notes and the audit log.
        name: String,
        /// What they may do; may be repeated.
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<UserRole>,
        /// A role of game days in whose name they may approve, such as `sre`; may be repeated.
        #[arg(long = "approves-as", value_name = "ROLE")]
        approves_as: Vec<String>,
        /// The data directory of the server.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Remove a user. Their token and their sessions end at once; what they did stays on record.
    Remove {
        /// The name.
        name: String,
        /// The data directory of the server.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// List the users.
    List {
        /// The data directory of the server.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UserRole {
    /// Look at everything.
    View,
    /// Start and stop game days, take notes, press the red button and lift it.
    Operate,
    /// Approve game days, in the name of `--approves-as`.
    Approve,
}
