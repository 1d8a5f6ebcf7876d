//! A request as handlers see it, and what they answer.

use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::store::User;

/// A request that has passed the guard.
pub(super) struct Call {
    /// Who asks; `None` where nobody has to say.
    pub(super) user: Option<User>,
    /// What its cookie holds, if that is how they said who they are.
    pub(super) session: Option<String>,
    /// The parts of the path, in order.
    pub(super) path: Vec<String>,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What is answered.
pub(super) enum Answer {
    /// JSON.
    Json(StatusCode, Vec<u8>),
    /// JSON, and a cookie that is set.
    Cookie(StatusCode, Vec<u8>, String),
    /// A whole page that has a policy of its own.
    Page(Vec<u8>),
    /// A file that is handed out under a name.
    File(PathBuf, String),
    /// News as they come, of one firing or of all, after a number.
    Live(Option<i64>, u64),
}

impl Call {
    /// Who asks, where the guard asks for somebody.
    pub(super) fn who(&self) -> &str {
        self.user.as_ref().map_or("", |user| &user.name)
    }

    /// A number in the path. What is no number names nothing that there is.
    pub(super) fn number(&self, index: usize, what: &str) -> Result<i64, Problem> {
        let text = self.path.get(index).map_or("", String::as_str);
        text.parse().map_err(|_| Problem::missing(format_args!("{what} `{}`", shortened(text))))
    }

    /// The query.
    pub(super) fn asked<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let query = Query::try_from_uri(&self.uri).map(|Query(asked)| asked);
        query.map_err(|error| Problem::bad(format!("the query: {}", error.body_text())))
    }

    /// The body, as JSON.
    pub(super) fn input<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| Problem::bad(format!("the body: {error}")))
    }
}

impl Answer {
    /// 200 with JSON.
    pub(super) fn json(value: &impl Serialize) -> Result<Self, Problem> {
        Answer::with(StatusCode::OK, value)
    }

    /// A status with JSON.
    pub(super) fn with(status: StatusCode, value: &impl Serialize) -> Result<Self, Problem> {
        Ok(Answer::Json(status, text(value)?))
    }
}

/// JSON as bytes.
pub(super) fn text(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer can't be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer can't be written")
    })
}

/// The beginning of a text that somebody sent, for an answer.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}
