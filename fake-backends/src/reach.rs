//! Who can reach a backend: this machine only, unless somebody has said otherwise.

use std::net::{IpAddr, SocketAddr};

use crate::{BackendSpec, BindError, PoolSpec};

impl BackendSpec {
    /// True if other machines can reach it.
    pub fn is_off_loopback(&self) -> bool {
        is_off_loopback(&self.listen)
    }
}

/// True if other machines can reach who listens at `address`.
pub fn is_off_loopback(address: &SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// Refuses a backend that would listen off loopback at an address that `allowed` does not name, or at one that this machine does not
/// have. The unspecified address stands for all of them, and is allowed by its own name only.
pub fn permit(spec: &PoolSpec, allowed: &[IpAddr]) -> Result<(), BindError> {
    for BackendSpec { name: backend, listen, .. } in spec.backends.iter().filter(|one| one.is_off_loopback())
    {
        let (backend, address) = (backend.clone(), *listen);
        if !allowed.iter().any(|one| one.to_canonical() == address.ip().to_canonical()) {
            return Err(BindError::NotAllowed { backend, address: address.ip() });
        }
        if !net::is_of_this_machine(address) {
            return Err(BindError::Elsewhere { backend, address: address.ip() });
        }
    }
    Ok(())
}

/// Reads an address as `--allow-listen` names it.
pub fn listen_address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| "expected an IP address without a port, such as `10.0.0.5`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_named_without_a_port() {
        assert_eq!(listen_address("10.0.0.5"), Ok(IpAddr::from([10, 0, 0, 5])));
        assert_eq!(listen_address("[fd00::5]"), listen_address("fd00::5"));
        for wrong in ["10.0.0.5:9001", "[fd00::5]:9001", "any", "", "10.0.0.0/8"] {
            assert!(listen_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn loopback_is_told_in_either_family_and_in_an_address_of_one_within_the_other() {
        for inside in ["127.0.0.1:1", "127.3.2.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(!is_off_loopback(&inside.parse().unwrap()), "{inside}");
        }
        for outside in ["0.0.0.0:1", "[::]:1", "10.0.0.5:1", "[::ffff:10.0.0.5]:1", "[fe80::1]:1"] {
            assert!(is_off_loopback(&outside.parse().unwrap()), "{outside}");
        }
    }
}
