//! A second opinion on who may do what, to hold keyfence's engine against.
//!
//! The engine answers questions about all requests at once, with formulas; this crate answers one concrete request with
//! yes or no, as directly as the vendor's documentation says it: one function a rule, the page in its comment, nothing
//! cached and nothing shared with the engine. Where the documentation does not say, the answer is
//! [`aws::Decision::Undocumented`], and no comparison is made.
//!
//! ```
//! use keyfence_reference::aws::{self, generate};
//! let case = generate::case(7, &generate::Options::default());
//! for request in &case.requests {
//!     let answer = aws::answer(&case.estate, request);
//!     println!("{} {} -> {:?}", request.principal, request.action, answer.allowed);
//! }
//! ```
//!
//! What readers get wrong: the reference is not the specification. Both sides read the same pages; a disagreement says
//! only that one of them must be read again.

pub mod answer;
pub mod aws;
pub mod azure;
pub mod gcp;
mod random;
mod shrink;

pub use random::Random;
pub use shrink::shrink;
