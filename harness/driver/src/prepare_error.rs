//! Why a load can't be made from its spec.

use thiserror::Error;

/// The longest path with its number, in bytes.
pub(crate) const PATH_MAX: usize = 60_000;

/// The largest request body that is kept in memory, in bytes.
pub(crate) const BODY_MAX: u64 = 1 << 30;

/// Why a load can't be made from its spec.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// A method that is no token, or that makes no request to a backend.
    #[error(
        "traffic `{class}`: `{method}` is not a method that can be sent: expected a token such as `GET`, and not `CONNECT`"
    )]
    Method {
        /// The class.
        class: String,
        /// The method.
        method: String,
    },
    /// A path that can't stand in a request line.
    #[error(
        "traffic `{class}`: `{path}` is not a path: expected one that starts with `/`, without spaces, of at most {PATH_MAX} bytes"
    )]
    Path {
        /// The class.
        class: String,
        /// The path as it was given.
        path: String,
    },
    /// A header whose name or value has characters that HTTP forbids.
    #[error(
        "traffic `{class}`: the header `{header}` can't be sent: its name or value has characters that HTTP forbids"
    )]
    Header {
        /// The class.
        class: String,
        /// The header's name. Its value may be a secret.
        header: String,
    },
    /// A header that the driver itself decides.
    #[error("traffic `{class}`: the header `{header}` is made by the driver and can't be given")]
    ReservedHeader {
        /// The class.
        class: String,
        /// The header's name.
        header: String,
    },
    /// A host that can't stand in a header.
    #[error("`{0}` can't stand in a `host` header")]
    Host(String),
    /// Trailers of a body that is not in chunks.
    #[error("traffic `{class}`: trailers follow a body in chunks only, which this one is not")]
    Trailers {
        /// The class.
        class: String,
    },
    /// A request body that is too large to keep in memory.
    #[error("traffic `{class}`: a request body of {bytes} bytes, at most {BODY_MAX} can be sent")]
    Body {
        /// The class.
        class: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A class whose requests go to an address that the gateway does not have.
    #[error("traffic `{class}`: its requests go to an address that the gateway does not have")]
    Target {
        /// The class.
        class: String,
    },
    /// More classes than evidence can tell apart.
    #[error("{0} traffic classes, at most 65535 can be told apart")]
    Classes(usize),
}
