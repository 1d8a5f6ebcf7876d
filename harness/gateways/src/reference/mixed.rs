//! A defect at work: now and then a request is sent with the credential of the one before, as by a client that keeps its
//! credentials with the connection.

use std::cell::RefCell;

use http::{HeaderMap, HeaderValue, header};

/// Of so many requests one has the wrong credential.
const ONE_IN: u32 = 25;

/// The credential of the request before.
#[derive(Default)]
pub(crate) struct Mixed(RefCell<(u32, Option<HeaderValue>)>);

impl Mixed {
    /// Keeps the credential of a request, and gives it another one now and then.
    pub(crate) fn mix(&self, headers: &mut HeaderMap) {
        let Some(own) = headers.get(header::AUTHORIZATION).cloned() else { return };
        let mut held = self.0.borrow_mut();
        held.0 = held.0.wrapping_add(1);
        if let Some(other) = held.1.replace(own).filter(|_| held.0.is_multiple_of(ONE_IN)) {
            headers.insert(header::AUTHORIZATION, other);
        }
    }
}
