//! The client's side of one HTTP/1.1 connection.

mod connection;
mod course;
mod deadline;
mod disclosure;
mod headers;
mod in_trouble;
mod outcome;
mod response;
mod stream;

pub(crate) use connection::ClientConnection;
pub(crate) use headers::SharedHeaderLog;
