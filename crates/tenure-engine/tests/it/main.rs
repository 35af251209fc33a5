//! The engine as a whole, over a deterministic system that does everything wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]
mod absence;
mod approvals;
mod as_of;
mod backup;
mod bench;
mod chats;
mod clocks;
mod closed;
mod consequences;
mod consequences_never;
mod delegations;
mod delegations_never;
mod disk;
mod doctor;
mod ephemeral;
mod events;
mod exceptions;
mod faults;
mod governance;
mod handoffs;
mod handoffs_never;
mod inbox;
mod ldap;
mod ldap_never;
mod messages;
mod missed_review;
mod outside;
mod outside_model;
mod owner_asked;
mod owner_asked_never;
mod ownership;
mod people;
mod privilege;
mod privilege_never;
mod programme;
mod quiet;
mod reasons;
mod recognised;
mod replay;
mod report;
mod requests;
mod returned;
mod reviews;
mod reviews_due;
mod scripted;
mod survey;
mod tickets;
mod validity;
mod wheel;
mod witness;
