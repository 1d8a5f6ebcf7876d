//! What was done to the gateway itself during the run: reloads, restarts, kills and the like.

use units::Moment;

use crate::table::{table, words};

words! {
    /// What became of an action.
    Carried {
        /// It was carried out, and the gateway is up.
        Done = "done",
        /// It was carried out, and the gateway did not come back in time.
        Down = "down",
        /// It could not be carried out: what was said of it tells why.
        Failed = "failed",
        /// The run ended before it was over.
        Unfinished = "unfinished",
    }
}

table! {
    /// Something that was done to the gateway during the run: it was reloaded, restarted, killed and the like. An action that
    /// never began has no row.
    Action in "actions" as Actions {
        /// The action, by its index in the plan.
        action: u16,
        /// When it began.
        began: Moment,
        /// When it was over: the gateway routes again, or it is known that it does not.
        ended: Moment,
        /// What became of it.
        outcome: Carried,
        /// What was said of it, by the gateway or by brownout; absent where nothing was.
        said: Option<Box<str>>,
    }
}
