//! What keyfence does about a judgement, and what it records of it.
//!
//! So far: the [`record`] of a decision, typed and versioned, and the ways in which recorded decisions leave again, as lines for
//! people's tools ([`csv`]) and as events of the Open Cybersecurity Schema Framework ([`ocsf`]).

pub mod csv;
pub mod ocsf;
pub mod record;
