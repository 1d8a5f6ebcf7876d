//! Real TCP sockets, set up alike on both ends.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// Connections that the kernel may hold for a listener before it is accepted.
const BACKLOG: i32 = 4096;

/// Listens on `address`, also where an earlier run's connections still linger there.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// True if the system takes `address` for one of this machine's. Nothing listens meanwhile, so that nobody can connect.
pub fn is_of_this_machine(address: SocketAddr) -> bool {
    let free_port = {
        let mut any = address;
        any.set_port(0);
        any
    };
    let bound = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
        .and_then(|socket| socket.bind(&free_port.into()));
    // What else may be wrong is told by who listens there.
    bound.err().is_none_or(|error| error.kind() != io::ErrorKind::AddrNotAvailable)
}

/// Connects with Nagle's algorithm off, so that small requests leave at once.
#[expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
pub(crate) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Our own connections that fill the queue of a listener.
#[derive(Default)]
pub(crate) struct Fillers(Mutex<Vec<(SocketAddr, Option<Socket>)>>);

/// How many connections fill a queue of length 0: one that waits, and one behind it to be sure.
const FILLERS: usize = 2;

impl Fillers {
    /// Makes the kernel drop further connects to `listener`: its queue is cut down to nothing and filled.
    pub(crate) fn block(&self, listener: &TcpListener) -> io::Result<()> {
        // On a socket that listens already, this only changes the length of the queue (listen(2), Linux's inet_listen).
        SockRef::from(listener).listen(0)?;
        let to = listener.local_addr()?;
        let mut fillers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..FILLERS {
            let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_nonblocking(true)?;
            match socket.connect(&to.into()) {
                Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => {}
                made => made?,
            }
            if let Some(from) = socket.local_addr()?.as_socket() {
                fillers.push((from, Some(socket)));
            }
        }
        Ok(())
    }

    /// Lets `listener` accept again.
    pub(crate) fn unblock(&self, listener: &TcpListener) -> io::Result<()> {
        let mut fillers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fillers.iter_mut().for_each(|(_, socket)| drop(socket.take()));
        SockRef::from(listener).listen(BACKLOG)
    }

    /// True for one of our own connections, which is not to be served.
    pub(crate) fn made(&self, from: SocketAddr) -> bool {
        let mut fillers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = fillers.iter().position(|(address, _)| *address == from);
        found.map(|index| fillers.swap_remove(index)).is_some()
    }
}

/// The system's word for a connect that goes on in the background.
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();
