//! `brownout serve`: the server of game days, its users, its audit log.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use gateways::Allowed;
use serve::{Clock, GameDayFiles, Options, Role, ServeError, Store, StoreError, SystemClock, TlsFiles, User};

use crate::exit::Exit;
use crate::interrupt::listen;
use crate::output::{complain, harmless, print};
use crate::serve_args::{Serve, ServeCommand, UserCommand, UserRole};

pub(crate) fn serve(args: &Serve) -> Result<Exit> {
    match &args.command {
        None => run(args),
        Some(ServeCommand::User(command)) => users(command),
        Some(ServeCommand::Audit { data, since }) => audit(data, since.as_deref()),
    }
}

fn run(args: &Serve) -> Result<Exit> {
    if !args.gamedays.is_dir() {
        complain(&format_args!(
            "error: {}: there is no such directory\nhelp: make it, or say by `--gamedays` where the files of game days are",
            args.gamedays.display()
        ));
        return Ok(Exit::Usage);
    }
    let interrupts = listen().context("Ctrl-C can't be listened for")?;
    let tls = args.tls_certificate.clone().zip(args.tls_key.clone());
    let options = Options {
        data: args.data.clone().unwrap_or_default(),
        listen: args.listen,
        tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
        behind_proxy: args.behind_proxy,
    };
    let allowed = Allowed {
        hosts: args.allow_host.clone(),
        commands: args.allow_commands,
        listen: args.allow_listen.clone(),
    };
    let practice = GameDayFiles::new(args.gamedays.clone(), allowed, interrupts.abort.clone());
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let ready = |address| {
        let _ = print(&format_args!("serving at {scheme}://{address}/\n"));
    };
    let served =
        serve::serve(&options, Arc::new(practice), Arc::new(SystemClock), ready, &interrupts.interrupt);
    Ok(served.map_or_else(|error| refused(&error), |()| Exit::Pass))
}

fn refused(error: &ServeError) -> Exit {
    complain(&format_args!("error: {error}"));
    match error {
        ServeError::Exposed(_) | ServeError::Certificate { .. } => Exit::Usage,
        _ => Exit::Environment,
    }
}

fn users(command: &UserCommand) -> Result<Exit> {
    let now = SystemClock.now();
    let done = match command {
        UserCommand::Add { name, roles, approves_as, data } => {
            let mut roles: Vec<Role> = roles.iter().map(|role| Role::from(*role)).collect();
            roles.sort_unstable();
            roles.dedup();
            let user = User { name: name.clone(), roles, approves_as: approves_as.clone() };
            Store::open(data).and_then(|store| store.add_user(&user, now)).map(|token| {
                complain(&"the token of this user, which is printed this once and kept by nobody:");
                token + "\n"
            })
        }
        UserCommand::Remove { name, data } => {
            existing(data).and_then(|store| store.remove_user(name, now)).map(|()| String::new())
        }
        UserCommand::List { data } => existing(data)
            .and_then(|store| store.users())
            .map(|users| users.iter().fold(String::new(), |text, user| text + &line(user))),
    };
    match done {
        Ok(text) => print(&text)?,
        Err(error) => return Ok(failed(&error)),
    }
    Ok(Exit::Pass)
}

fn line(user: &User) -> String {
    let roles: Vec<&str> = user.roles.iter().map(|role| role.word()).collect();
    let approves_as = match user.approves_as.as_slice() {
        [] => String::new(),
        words => format!("  approves as {}", words.join(", ")),
    };
    harmless(&format!("{}  {}{approves_as}\n", user.name, roles.join(", ")))
}

fn audit(data: &Path, since: Option<&str>) -> Result<Exit> {
    let kept = since.map(|since| {
        since.split_once(':').and_then(|(entries, hash)| Some((entries.parse::<i64>().ok()?, hash)))
    });
    if let Some(None) = kept {
        complain(
            &"error: `--since` is what this command has printed: the number of entries, a colon, and a hash",
        );
        return Ok(Exit::Usage);
    }
    let verified = existing(data).and_then(|store| store.verify_audit(kept.flatten()));
    match verified {
        Ok(head) => {
            let (entries, hash) = (head.entries, head.hash);
            print(&format_args!("the audit log is whole; keep its head elsewhere:\n{entries}:{hash}\n"))?;
            Ok(Exit::Pass)
        }
        Err(error) => Ok(failed(&error)),
    }
}

/// The store of a directory that is there: a wrong word in a command makes no new one.
fn existing(data: &Path) -> Result<Store, StoreError> {
    std::fs::metadata(data).map_err(|source| StoreError::Directory { path: data.to_owned(), source })?;
    Store::open(data)
}

fn failed(error: &StoreError) -> Exit {
    complain(&format_args!("error: {error}"));
    match error {
        StoreError::Audit { .. } | StoreError::AuditHead { .. } => Exit::Fail,
        StoreError::Name(_) | StoreError::UserExists(_) | StoreError::NoUser(_) => Exit::Usage,
        _ => Exit::Environment,
    }
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::View => Role::View,
            UserRole::Operate => Role::Operate,
            UserRole::Approve => Role::Approve,
        }
    }
}
