//! `brownout doctor`: whether this machine has what runs need, and how to mend what is missing.

mod examine;
mod found;
mod machine;
mod programs;

pub(super) use examine::doctor;
