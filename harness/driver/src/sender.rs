//! One thread's share of the load under way: each connection is a task, which carries request after request.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;

use evidence::{Outcome, Tag};
use net::tls::ClientTls;
use net::{Stream, Timer, World};
use tokio::task::{JoinError, JoinSet};
use units::Moment;

use crate::client::ClientConnection;
use crate::exchange_log::ExchangeLog;
use crate::job::Job;
use crate::pool::{ConnectionPool, JobSlot, NextJob, Opening};
use crate::prepare::Part;
use crate::users::Users;

/// Sends requests and sees each to its end.
pub(crate) struct Sender {
    part: Part,
    world: World,
    timer: Timer,
    log: Rc<ExchangeLog>,
    users: Rc<Users>,
    pool: Rc<ConnectionPool>,
    tasks: RefCell<JoinSet<()>>,
    /// The load is over: nothing new is begun.
    closing: Cell<bool>,
}

/// What an idle connection was woken for.
enum Idle {
    /// To carry this.
    Job(Job),
    /// It ended, or is to end; with a job that was given to it at the same time, and not begun.
    Ended(Option<Job>),
}

impl Sender {
    pub(crate) fn new(
        part: &Part,
        world: World,
        timer: Timer,
        log: &Rc<ExchangeLog>,
        users: &Rc<Users>,
    ) -> Rc<Self> {
        Rc::new(Sender {
            pool: Rc::new(ConnectionPool::new(part)),
            part: part.clone(),
            world,
            timer,
            log: log.clone(),
            users: users.clone(),
            tasks: RefCell::default(),
            closing: Cell::default(),
        })
    }

    /// Sends a request of the schedule, or skips it if too many are in flight already.
    pub(crate) fn send(self: &Rc<Self>, tag: Tag, class: u16, due: Moment) {
        let mut job = Job::new(&self.log, self.part.template(class), tag, class, due, None);
        if self.log.has_room() {
            self.log.admit();
            self.dispatch(job);
        } else {
            job.finish(Outcome::Skipped, self.log.now());
        }
    }

    /// Gives a request to a connection: an idle one, a new one, or else the first that gets free.
    pub(crate) fn dispatch(self: &Rc<Self>, job: Job) {
        if let Some(opening) = self.pool.place(job) {
            self.open(opening);
        }
    }

    fn open(self: &Rc<Self>, opening: Opening) {
        if !self.closing.get() {
            self.tasks.borrow_mut().spawn_local(connect(self.clone(), opening));
        }
    }

    /// Forgets tasks that are over.
    pub(crate) fn reap(&self) {
        let mut tasks = self.tasks.borrow_mut();
        while let Some(ended) = tasks.try_join_next() {
            pass_on_panic(ended);
        }
    }

    /// Gives up everything that waits or is carried.
    pub(crate) fn close(&self) {
        self.closing.set(true);
        self.pool.close();
        self.tasks.borrow_mut().abort_all();
    }

    /// Waits until all tasks are over.
    pub(crate) async fn ended(&self) {
        let mut tasks = self.tasks.take();
        while let Some(ended) = tasks.join_next().await {
            pass_on_panic(ended);
        }
    }
}

/// A panic in a task is a mistake of the driver, which must not look like a gateway that does not answer.
fn pass_on_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

/// Opens a connection for a request and serves on it for as long as it lives.
async fn connect(sender: Rc<Sender>, opening: Opening) {
    let Opening { lease, mut job } = opening;
    let deadline = sender.log.now() + sender.part.template(job.exchange.class).deadline;
    let (address, tls) = sender.part.target(job.target);
    let connected = sender.timer.until(deadline, sender.world.connect(address)).await;
    let outcome = match connected {
        Some(Ok(stream)) => secure(&sender, tls, stream, deadline).await,
        Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(Outcome::ConnectRefused),
        Some(Err(error)) if net::is_own_limit(&error) => Err(Outcome::OwnLimit),
        Some(Err(_)) | None => Err(Outcome::ConnectFailed),
    };
    let left = match outcome {
        Ok(stream) => {
            let (prepared, number) = (&sender.part.prepared, sender.pool.number_connection());
            let (limits, nonce) = (prepared.limits, prepared.nonce);
            let connection =
                ClientConnection::new(stream, &sender.world, &sender.timer, limits, nonce, number)
                    .recording(sender.log.headers(), prepared.backends.clone());
            serve(&sender, connection, job).await
        }
        Err(outcome) => {
            sender.log.sending();
            sender.users.next(job.finish(outcome, sender.log.now()))
        }
    };
    // First the place for those that wait, then who is left over.
    drop(lease);
    while let Some(opening) = sender.pool.next_opening().filter(|_| !sender.closing.get()) {
        sender.open(opening);
    }
    if let Some(job) = left {
        sender.dispatch(job);
    }
}

/// Goes through the handshake of TLS, where it is spoken.
async fn secure(
    sender: &Sender,
    tls: Option<&ClientTls>,
    mut stream: Stream,
    deadline: Moment,
) -> Result<Stream, Outcome> {
    let Some(tls) = tls else { return Ok(stream) };
    match sender.timer.until(deadline, tls.connect(&mut stream)).await {
        Some(Ok(())) => Ok(stream),
        // What it says of certificates is for whoever looks into one run: a word is all that evidence needs.
        failed => {
            tracing::debug!(?failed, "the handshake with the gateway came to nothing");
            Err(Outcome::TlsFailed)
        }
    }
}

/// Carries requests until the connection ends. Returns the one that another connection is to carry.
async fn serve(sender: &Sender, mut connection: ClientConnection, first: Job) -> Option<Job> {
    let target = first.target;
    let slot = Rc::new(JobSlot::new(target));
    let mut job = first;
    loop {
        let template = sender.part.template(job.exchange.class);
        sender.log.sending();
        let conduct = template.trouble.meets(sender.part.prepared.seed, job.exchange.tag);
        let carried = connection.carry(&mut job, template, conduct).await;
        let next = sender.users.next(job.finish(carried.outcome, carried.done));
        let Some(usable_by) = carried.usable_by else { return next };
        if !connection.finish_sending(template, usable_by).await {
            return next;
        }
        job = match sender.pool.next_job(next, target) {
            NextJob::Job(job) => job,
            NextJob::MakeRoom => return None,
            NextJob::None => {
                connection.becomes_idle();
                sender.pool.becomes_idle(&slot);
                match idle(&mut connection, &slot).await {
                    Idle::Job(job) => job,
                    Idle::Ended(left) => {
                        sender.pool.is_no_longer_idle(&slot);
                        return left;
                    }
                }
            }
        };
    }
}

/// Waits for a job, and for the end of the connection meanwhile.
async fn idle(connection: &mut ClientConnection, slot: &JobSlot) -> Idle {
    poll_fn(|cx| {
        // First, so that a connection that is known to be closed gets no request.
        let unusable = connection.poll_unusable(cx).is_ready();
        let job = slot.take();
        if unusable || slot.is_dismissed() {
            return Poll::Ready(Idle::Ended(job));
        }
        if let Some(job) = job {
            return Poll::Ready(Idle::Job(job));
        }
        slot.watch(cx);
        Poll::Pending
    })
    .await
}
