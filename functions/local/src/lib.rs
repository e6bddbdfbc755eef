//! keyfence on one machine: the same pipeline as the cloud functions, with files in place of feeds.
//!
//! [`cli`] parses the command line and maps outcomes to exit codes; [`input`] finds and streams event files;
//! [`estate`] loads folders; [`replay`] merges events by time and judges them; [`text`] and [`summary`] write for
//! people. What is decided, is decided in `keyfence-analysis`.

pub mod ask;
pub mod cli;
pub mod estate;
pub mod input;
pub mod order;
pub mod replay;
pub mod summary;
pub mod text;
