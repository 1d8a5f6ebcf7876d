//! What becomes of all requests of one thread: what is in flight, what is on record, and the sums.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use evidence::{Exchange, HeaderLog, Outcome, RecordedHeaders, Recorder, Sheet};
use net::World;
use tokio::sync::Notify;
use units::Moment;

use crate::client::SharedHeaderLog;
use crate::live::{Live, Totals};

/// The exchanges of one thread.
pub(crate) struct ExchangeLog {
    world: World,
    sheet: RefCell<Sheet<Exchange>>,
    headers: SharedHeaderLog,
    totals: Cell<Totals>,
    live: Arc<Live>,
    in_flight: Cell<usize>,
    in_flight_max: usize,
    /// Told when nothing is in flight any more.
    quiet: Notify,
}

impl ExchangeLog {
    pub(crate) fn new(
        world: World,
        recorder: &Recorder,
        live: Arc<Live>,
        in_flight_max: usize,
        record: Option<&RecordedHeaders>,
    ) -> Self {
        ExchangeLog {
            world,
            sheet: RefCell::new(recorder.sheet()),
            headers: record.map(|what| Rc::new(RefCell::new(HeaderLog::new(what, recorder)))),
            totals: Cell::default(),
            live,
            in_flight: Cell::default(),
            in_flight_max,
            quiet: Notify::new(),
        }
    }

    /// The time since the epoch.
    pub(crate) fn now(&self) -> Moment {
        self.world.now()
    }

    /// Whether one more request may be in flight.
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight.get() < self.in_flight_max
    }

    /// Counts a request as in flight, until it is recorded.
    pub(crate) fn admit(&self) {
        self.in_flight.set(self.in_flight.get() + 1);
        self.live.admitted();
    }

    /// Counts a request as sent: handed to a connection, or to a failed attempt to make one.
    pub(crate) fn sending(&self) {
        self.live.sending();
    }

    /// Records an exchange that is over. A skipped one was never in flight.
    pub(crate) fn record(&self, exchange: &Exchange) {
        self.sheet.borrow_mut().push(exchange.clone());
        self.live.over(exchange);
        let mut totals = self.totals.get();
        totals.add(exchange);
        self.totals.set(totals);
        if exchange.outcome != Outcome::Skipped {
            self.in_flight.set(self.in_flight.get() - 1);
            if self.is_quiet() {
                self.quiet.notify_one();
            }
        }
    }

    /// Hands over what was recorded.
    pub(crate) fn flush(&self) {
        self.sheet.borrow_mut().flush();
        if let Some(headers) = &self.headers {
            headers.borrow_mut().flush();
        }
    }

    /// Where headers are recorded, if any are.
    pub(crate) fn headers(&self) -> SharedHeaderLog {
        self.headers.clone()
    }

    /// True if nothing is in flight.
    pub(crate) fn is_quiet(&self) -> bool {
        self.in_flight.get() == 0
    }

    /// Waits until nothing is in flight.
    pub(crate) async fn quiet(&self) {
        self.quiet.notified().await;
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals.get()
    }
}
