//! Who can now reach which protected data that they could not reach before.
//!
//! This crate is the pure core of keyfence: event bytes go in, a judgement comes out. It sees no clock, file,
//! environment, network or log; time, configuration and the state of the clouds arrive as arguments.
//!
//! The modules stand in the order of the flow, and none imports a later one:
//!
//! ```text
//! event bytes -> event -> change -> estate -> access -> diff -> rule -> finding -> decision -> plan -> proof -> judge
//!                                               |-> fence
//! ```
//!
//! [`model`] holds the words that all of them share. The hard rule that readers get wrong is in
//! [`access::Decrypts`]: in AWS the *caller* must be allowed to use the key, in Azure and GCP the storage service's own
//! identity decrypts, so that a customer-managed key is a fence in the first and no fence in the other two.
//!
//! ```
//! use keyfence_analysis::model::Formula;
//! // Unknown is never folded into no: `A and unknown` stays open unless A is false.
//! let unknown = Formula::unknown("the policy of key `k` is not in the estate");
//! assert_eq!(Formula::never().and(unknown.clone()), Formula::never());
//! assert_eq!(Formula::always().and(unknown.clone()), unknown);
//! ```

#![warn(missing_docs)]

pub mod access;
pub mod change;
pub mod decision;
pub mod diff;
pub mod estate;
pub mod event;
pub mod fence;
pub mod finding;
pub mod judge;
pub mod model;
pub mod plan;
pub mod proof;
pub mod rule;
