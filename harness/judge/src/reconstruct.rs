//! Gone with the last kind of the older contract.
