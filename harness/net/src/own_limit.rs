//! Whose fault it is that a socket can't be had.

use std::io;

use rustix::io::Errno;

/// True if the error says that this process or this machine has no descriptor, port or memory for a socket left. It says
/// nothing about the other side (connect(2), accept(2), socket(2)).
pub fn is_own_limit(error: &io::Error) -> bool {
    const OWN: [Errno; 6] =
        [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL, Errno::AGAIN];
    error.raw_os_error().is_some_and(|code| OWN.contains(&Errno::from_raw_os_error(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_descriptors_and_ports_is_ones_own_and_a_refusal_is_not() {
        let own = |errno: Errno| is_own_limit(&io::Error::from(errno));
        assert!(own(Errno::MFILE) && own(Errno::NFILE) && own(Errno::ADDRNOTAVAIL));
        assert!(!own(Errno::CONNREFUSED) && !own(Errno::HOSTUNREACH) && !own(Errno::TIMEDOUT));
        assert!(!is_own_limit(&io::ErrorKind::AddrNotAvailable.into()), "only what the system itself says");
    }
}
