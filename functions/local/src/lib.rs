//! keyfence on one machine: the same pipeline as the cloud functions, with files in place of feeds.
//!
//! [`cli`] parses the command line and maps outcomes to exit codes; [`input`] finds and streams event files;
//! [`estate`] loads folders; [`question`] takes the words of a question apart and [`ask`] answers it ([`actions`] knows the
//! names of actions); [`replay`] merges events by time and judges them; [`text`] and [`summary`] write for
//! people. What is decided, is decided in `keyfence-analysis`.

pub mod actions;
pub mod ask;
pub mod cli;
pub mod estate;
pub mod input;
pub mod order;
pub mod question;
pub mod replay;
pub mod summary;
pub mod text;
pub mod trail;
