//! The command line as people and scripts meet it: the built binary, in directories of its own.
//!
//! Every test runs the program; none calls into it. Live parts need a private PostgreSQL and
//! skip loudly without one. Begin with `program.rs`, then `tour.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod as_another;
mod audit;
mod by_hand;
mod clocked;
mod confirmed;
mod console;
mod console_acts;
mod delegated;
mod deployment;
mod dismissed;
mod excepted;
mod find;
mod first_look;
mod first_run;
mod from_zero;
mod handed_on;
mod host_acts;
mod imported;
mod kill;
mod live;
mod made_outside;
mod narrow;
mod not_ended;
mod on_postgres;
mod over_ssh;
mod own_policy;
mod owner_asked;
mod ownership;
mod privileged;
mod program;
mod programme;
mod prompts;
mod provisioned;
mod reading;
mod refusals;
mod report;
mod requested;
mod returned;
mod reviewed;
mod served;
mod service;
mod sign_in;
mod small_disk;
mod source_remove;
mod source_set;
mod streamed;
mod ticketed;
mod tightened;
mod told;
mod told_in_chat;
mod tour;
mod transcript;
mod witnessed;
