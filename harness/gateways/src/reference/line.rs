//! How many attempts are under way at a time, and the requests that wait for their turn, first come first served.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;
use policy::{Limit, Scope};
use tokio::sync::Notify;

/// The limit as this gateway applies it.
#[derive(Clone, Debug)]
pub(crate) struct LimitRules {
    /// The most attempts under way at a time.
    pub(crate) in_flight: u32,
    /// Counted over all backends.
    pub(crate) whole_pool: bool,
    /// The most requests that wait.
    pub(crate) queue: usize,
    /// The longest wait.
    pub(crate) wait: Duration,
    /// What is turned away is answered so.
    pub(crate) status: StatusCode,
}

impl LimitRules {
    pub(crate) fn new(declared: &Limit) -> Self {
        let status = declared.status.and_then(|status| StatusCode::from_u16(status).ok());
        LimitRules {
            in_flight: declared.in_flight,
            whole_pool: declared.scope == Scope::Pool,
            queue: declared.queue.unwrap_or(0) as usize,
            wait: declared.wait.map_or(Duration::MAX, Duration::from),
            status: status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// Turns that are taken, and who waits for one.
pub(crate) struct Line {
    pub(crate) rules: LimitRules,
    /// Attempts under way: at each backend, or at all of them.
    taken: RefCell<Vec<u32>>,
    waiting: RefCell<VecDeque<Rc<Notify>>>,
}

impl Line {
    pub(crate) fn new(rules: &LimitRules, backends: usize) -> Rc<Self> {
        let taken = RefCell::new(vec![0; if rules.whole_pool { 1 } else { backends }]);
        Rc::new(Line { rules: rules.clone(), taken, waiting: RefCell::default() })
    }

    fn index(&self, backend: usize) -> usize {
        if self.rules.whole_pool { 0 } else { backend }
    }

    /// True if a backend can get another attempt while no more than `most` are to be under way.
    pub(crate) fn has_room(&self, backend: usize, most: u32) -> bool {
        self.taken.borrow()[self.index(backend)] < most
    }

    /// Takes a turn at a backend.
    pub(crate) fn take(self: &Rc<Self>, backend: usize) -> Turn {
        let index = self.index(backend);
        self.taken.borrow_mut()[index] += 1;
        Turn { line: self.clone(), index }
    }

    /// True if nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    /// A place at the end, if there is one.
    pub(crate) fn enter(self: &Rc<Self>) -> Option<Place> {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= self.rules.queue {
            return None;
        }
        let called = Rc::new(Notify::new());
        waiting.push_back(called.clone());
        Some(Place { line: self.clone(), called })
    }

    fn call_the_first(&self) {
        if let Some(first) = self.waiting.borrow().front() {
            first.notify_one();
        }
    }
}

/// An attempt that is under way, as long as the value lives.
pub(crate) struct Turn {
    line: Rc<Line>,
    index: usize,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.line.taken.borrow_mut()[self.index] -= 1;
        self.line.call_the_first();
    }
}

/// A place in the line, as long as the value lives.
pub(crate) struct Place {
    line: Rc<Line>,
    called: Rc<Notify>,
}

impl Place {
    /// Waits until it may be this one's turn.
    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }

    /// True if nobody waits for longer.
    pub(crate) fn is_first(&self) -> bool {
        self.line.waiting.borrow().front().is_some_and(|first| Rc::ptr_eq(first, &self.called))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.waiting.borrow_mut().retain(|other| !Rc::ptr_eq(other, &self.called));
        // There may be room for more than one.
        self.line.call_the_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(in_flight: u32, queue: u32) -> Rc<Line> {
        let declared = Limit { queue: Some(queue), ..Limit::new(in_flight) };
        Line::new(&LimitRules::new(&declared), 2)
    }

    #[test]
    fn a_backend_has_room_until_its_turns_are_taken_and_again_when_one_ends() {
        let line = line(2, 0);
        let turns = [line.take(0), line.take(0)];
        assert!(!line.has_room(0, 2) && line.has_room(1, 2));
        drop(turns);
        assert!(line.has_room(0, 2));
    }

    #[tokio::test]
    async fn the_end_of_a_turn_calls_whoever_came_first_and_leaving_calls_the_next() {
        let line = line(1, 2);
        let turn = line.take(0);
        let (first, second) = (line.enter().unwrap(), line.enter().unwrap());
        assert!(line.enter().is_none(), "two wait at the most");
        assert!(first.is_first() && !second.is_first());
        drop(turn);
        first.called().await;
        drop(first);
        second.called().await;
        assert!(second.is_first());
        drop(second);
        assert!(line.is_empty());
    }
}
