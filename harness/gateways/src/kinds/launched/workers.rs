//! The processes that a gateway's first process has started: a reload is taken up by new ones.

use std::fs;
use std::io;

/// The children of a process, by their numbers; none where the system does not tell.
pub(super) fn of(parent: Option<u32>) -> Vec<u32> {
    let Some(parent) = parent else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let child = |entry: fs::DirEntry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // `number (name) state parent …`, where the name may be anything (proc_pid_stat(5)).
        let of: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (of == parent).then_some(number)
    };
    processes.filter_map(child).collect()
}

/// Whether one of these processes may still take connections that come to a port: it holds a socket which listens there, or does
/// not let it be seen. To do no more than finish what it has, a process closes those.
pub(super) fn accept(processes: &[u32], port: u16) -> bool {
    let listening = listening(port);
    processes.iter().any(|process| match fs::read_dir(format!("/proc/{process}/fd")) {
        Ok(open) => open.flatten().filter_map(|entry| fs::read_link(entry.path()).ok()).any(|file| {
            let file = file.to_string_lossy();
            listening.iter().any(|inode| file == format!("socket:[{inode}]"))
        }),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    })
}

/// The sockets that listen on a port, by their inodes.
fn listening(port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let inode = |line: &str| {
        // `sl local rem_address st queues timer retransmits uid timeout inode …`, with addresses in hex (proc_pid_net(5)).
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = fields.get(1)?.rsplit_once(':')?;
        let here = u16::from_str_radix(local, 16).ok()? == port && *fields.get(3)? == LISTEN;
        fields.get(9).filter(|_| here).map(ToString::to_string)
    };
    tables.iter().flat_map(|table| table.lines()).filter_map(inode).collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what the system says of a real socket is looked up")]
mod tests {
    use super::*;

    #[test]
    fn the_children_of_a_process_are_found_by_their_parent() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = of(Some(std::process::id()));
        let _ = (child.kill(), child.wait());
        assert!(found.contains(&child.id()), "{found:?}");
        assert_eq!(of(None), [0; 0]);
    }

    #[test]
    fn a_process_accepts_as_long_as_it_holds_a_socket_that_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connected = std::net::TcpStream::connect(address).unwrap();
        let (here, port) = ([std::process::id()], address.port());
        assert!(accept(&here, port));
        assert!(!accept(&here, connected.local_addr().unwrap().port()), "a connection is no listener");
        drop(listener);
        assert!(!accept(&here, port));
        assert!(!accept(&[u32::MAX], port), "there is no such process");
    }
}
