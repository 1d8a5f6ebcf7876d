//! What this gateway writes of each request: the lines of its access log.

use http::{Request, Response};
use tokio::sync::mpsc::Sender;

use super::forward::Content;
use super::settings::{Settings, Slip};

/// What its lines look like.
pub(crate) const LOG_PATTERN: &str = "<_> status=<status> attempts=<attempts>";

/// How many attempts an answer took; it goes with the answer.
#[derive(Clone, Copy)]
pub(crate) struct Attempts(pub(crate) usize);

/// Where the lines go.
pub(crate) struct Log(Option<Sender<String>>);

impl Log {
    pub(crate) fn new(sender: Option<&Sender<String>>) -> Self {
        Log(sender.cloned())
    }

    /// How the line of a request begins, if lines are wanted.
    pub(crate) fn begin<B>(&self, request: &Request<B>) -> Option<String> {
        self.0.as_ref()?;
        let tag = request.headers().get("x-brownout-tag").and_then(|tag| tag.to_str().ok()).unwrap_or("-");
        Some(format!("{tag} \"{} {}\"", request.method(), request.uri()))
    }

    /// Writes the line of a request, whose answer is about to be sent.
    pub(crate) fn end(&self, begun: Option<String>, response: &Response<Content>, settings: &Settings) {
        let (Some(sender), Some(begun)) = (&self.0, begun) else { return };
        let status = response.status();
        if settings.slips(Slip::LosesLogLines) && status.is_server_error() {
            return;
        }
        let Attempts(made) = response.extensions().get().copied().unwrap_or(Attempts(0));
        let told = if settings.slips(Slip::LogsOneAttempt) { made.min(1) } else { made };
        // There is room for more lines than a run has requests.
        let _ = sender.try_send(format!("{begun} status={} attempts={told}", status.as_u16()));
    }
}
