//! What this gateway tells of itself: its counters, and their page.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use net::{Listener, Timer};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use units::{Moment, Timespan};

use super::front::Front;
use super::settings::{Settings, Slip};
use crate::{Counters, Up};

/// What its series mean. A further attempt is counted when it is sent, an answer when its head is.
pub(crate) const COUNTERS: Counters = Counters {
    path: "/metrics",
    requests: Some("gateway_requests_total"),
    retries: Some("gateway_retries_total"),
    errors: Some(r#"gateway_responses_total{class="5xx"}"#),
    up: Some(Up {
        series: r#"gateway_backend_up{backend="{{backend.name}}"}"#,
        late: Timespan::from_secs(0),
    }),
};

/// How long one scrape may take.
const SCRAPE: Duration = Duration::from_secs(1);

/// After a failure, a gateway with [`Slip::FreezesMetrics`] tells for so long what it told before.
const FROZEN: Duration = Duration::from_millis(1_500);

/// The counters of one gateway. One that takes the place of another begins at nought, as a process does that was started anew.
pub(crate) struct Told {
    registry: Registry,
    requests: Counter,
    retries: Counter,
    /// Answers by the hundred of their status, from 1 to 5.
    responses: [Counter; 5],
    /// Whether each backend is in use, in their order.
    up: Vec<Gauge>,
    failed: Cell<Option<Moment>>,
    /// What was told last.
    last: RefCell<String>,
}

impl Told {
    /// All counters of a gateway with these backends, at nought.
    pub(crate) fn new<'a>(backends: impl Iterator<Item = &'a str>) -> Self {
        let mut told = Told {
            registry: Registry::with_prefix("gateway"),
            requests: Counter::default(),
            retries: Counter::default(),
            responses: Default::default(),
            up: Vec::new(),
            failed: Cell::new(None),
            last: RefCell::default(),
        };
        let Told { registry, requests, retries, responses, up, .. } = &mut told;
        registry.register("requests", "Requests that came from clients", requests.clone());
        registry.register("retries", "Further attempts of requests", retries.clone());
        let by_class = Family::<[(&str, String); 1], Counter>::default();
        for (class, counter) in (1..).zip(responses) {
            *counter = by_class.get_or_create(&[("class", format!("{class}xx"))]).clone();
        }
        registry.register("responses", "Answers to clients, by class", by_class);
        let by_backend = Family::<[(&str, String); 1], Gauge>::default();
        up.extend(backends.map(|name| by_backend.get_or_create(&[("backend", name.to_owned())]).clone()));
        registry.register("backend_up", "Whether a backend is in use", by_backend);
        told
    }

    pub(crate) fn request(&self) {
        self.requests.inc();
    }

    /// A further attempt is sent.
    pub(crate) fn retry(&self, settings: &Settings) {
        if !settings.slips(Slip::HidesRetries) {
            self.retries.inc();
        }
    }

    /// An attempt has failed.
    pub(crate) fn failure(&self, now: Moment) {
        self.failed.set(Some(now));
    }

    /// A client gets an answer with this status.
    pub(crate) fn answer(&self, status: StatusCode, settings: &Settings) {
        let hides = status.is_server_error() && settings.slips(Slip::HidesErrors);
        let class = if hides { 2 } else { usize::from(status.as_u16() / 100) };
        if let Some(counter) = self.responses.get(class.wrapping_sub(1)) {
            counter.inc();
        }
    }

    /// The page as it is now, with the backends that are `in_use`.
    fn page(&self, settings: &Settings, now: Moment, in_use: impl Fn(usize) -> bool) -> String {
        let fails = |failed: Moment| now.since(failed) < FROZEN;
        if settings.slips(Slip::FreezesMetrics) && self.failed.get().is_some_and(fails) {
            return self.last.borrow().clone();
        }
        for (backend, up) in self.up.iter().enumerate() {
            up.set(i64::from(settings.slips(Slip::HidesEjections) || in_use(backend)));
        }
        let mut text = String::new();
        // Writing to a string can't fail.
        let _ = encode(&mut text, &self.registry);
        self.last.replace(text.clone());
        text
    }
}

/// Answers whoever asks at `page`, one after the other.
pub(super) async fn tell(front: Rc<Front>, page: Option<Listener>) -> Infallible {
    let Some(listener) = page else { return pending().await };
    let timer = front.current().timer.clone();
    loop {
        match listener.accept().await {
            Ok(stream) => scrape(&front, &timer, stream).await,
            Err(error) => {
                front.current().world.note_shortage(&error);
                timer.sleep(SCRAPE).await;
            }
        }
    }
}

async fn scrape(front: &Rc<Front>, timer: &Timer, stream: net::Stream) {
    let service = service_fn(|_| async {
        let gateway = front.current();
        let now = timer.now();
        let text = gateway.told.page(&gateway.settings, now, |backend| gateway.uses(backend, now));
        let mut response = Response::new(Full::new(Bytes::from(text)));
        let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        Ok::<_, Infallible>(response)
    });
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).auto_date_header(false).keep_alive(false);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    // Whoever scrapes may go away, or take too long: it is asked again soon.
    let _ = timer.until(timer.now() + SCRAPE, served).await;
}
