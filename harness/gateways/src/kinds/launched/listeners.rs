//! Who listens where, by what the system says of its sockets: which processes still take connections, and which addresses a gateway
//! shares with somebody else.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::family;

/// A socket that listens, by its inode and where it does.
type Listener = (String, SocketAddr);

/// The addresses at which processes of this group, or their descendants, listen, and others do as well. None where the system
/// does not let it be seen.
///
/// Where both ask for it (`SO_REUSEPORT`), the system shares connections out between them without a word, and each run sees half of
/// the other's.
pub(super) fn shared_with_others(group: u32) -> BTreeSet<SocketAddr> {
    let Some(own) = sockets_of(&family::of(group)) else { return BTreeSet::new() };
    shared(&listeners(), &own)
}

/// Whether one of these processes may still take connections that come to a port: it holds a socket which listens there, or does
/// not let it be seen. To do no more than finish what it has, a process closes those.
pub(super) fn accept(processes: &[u32], port: u16) -> bool {
    let Some(held) = sockets_of(&processes.iter().copied().collect()) else { return true };
    listeners().iter().any(|(inode, address)| address.port() == port && held.contains(inode))
}

fn listeners() -> Vec<Listener> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    tables.iter().flat_map(|table| listening(table)).collect()
}

fn shared(listeners: &[Listener], own: &BTreeSet<String>) -> BTreeSet<SocketAddr> {
    let at = |ours: bool| {
        let chosen = listeners.iter().filter(move |(inode, _)| own.contains(inode) == ours);
        chosen.map(|(_, address)| *address).collect::<BTreeSet<SocketAddr>>()
    };
    at(true).intersection(&at(false)).copied().collect()
}

/// The sockets that listen in a table of the system's: `sl local rem_address st queues timer retransmits uid timeout inode …`, with
/// addresses in hex (`proc_pid_net(5)`).
fn listening(table: &str) -> Vec<Listener> {
    const LISTEN: &str = "0A";
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, LISTEN, .., inode] = fields.get(..10)? else { return None };
        Some(((*inode).to_owned(), address(local)?))
    };
    table.lines().filter_map(row).collect()
}

/// `0100007F:1F90` is 127.0.0.1:8080: words of 32 bits, each in the byte order of the machine.
fn address(hex: &str) -> Option<SocketAddr> {
    let (host, port) = hex.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(host.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let host = if host.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let words = [word(0)?, word(1)?, word(2)?, word(3)?];
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?))
    };
    Some(SocketAddr::new(host, port))
}

/// The inodes of their sockets; `None` if one of them does not let it be seen.
fn sockets_of(family: &BTreeSet<u32>) -> Option<BTreeSet<String>> {
    let mut inodes = BTreeSet::new();
    for process in family {
        let open = match fs::read_dir(format!("/proc/{process}/fd")) {
            Ok(open) => open,
            // It has ended meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(_) => return None,
        };
        let files = open.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        inodes.extend(
            files.filter_map(|file| {
                Some(file.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
            }),
        );
    }
    Some(inodes)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what the system says of a real socket is looked up")]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_system_writes_them() {
        assert_eq!(address("0100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!(address("00000000:0050"), Some("0.0.0.0:80".parse().unwrap()));
        assert_eq!(address("00000000000000000000000001000000:1F90"), Some("[::1]:8080".parse().unwrap()));
        assert_eq!(["", "01", ":", "0100007F:", "zz00007F:1F90"].map(address), [None; 5]);
    }

    #[test]
    fn an_address_is_shared_where_somebody_else_listens_as_well() {
        let at = |inode: &str, address: &str| (inode.to_owned(), address.parse().unwrap());
        let listeners = [
            at("1", "127.0.0.1:8080"),
            at("2", "127.0.0.1:8080"),
            at("3", "127.0.0.1:8404"),
            at("4", "127.0.0.1:8404"),
            at("5", "127.0.0.1:9000"),
        ];
        let own = ["1", "2", "3"].map(str::to_owned).into();
        assert_eq!(shared(&listeners, &own), BTreeSet::from(["127.0.0.1:8404".parse().unwrap()]));
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
    #[test]
    fn this_process_shares_nothing_with_anybody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!shared_with_others(std::process::id()).contains(&listener.local_addr().unwrap()));
    }
}
