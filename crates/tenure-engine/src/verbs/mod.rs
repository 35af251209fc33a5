//! The verbs, one file each. Every one is a function on the engine that a request handler, a
//! timer or the command line may call; none knows who called it. What a person decides is
//! authorised at the edge by the same policies everywhere and recorded here.

pub(crate) mod act;
pub(crate) mod answers;
pub(crate) mod approvals;
pub(crate) mod backup;
pub(crate) mod baseline;
pub(crate) mod by_hand;
pub(crate) mod change_source;
pub(crate) mod confirm;
pub(crate) mod consequences;
pub(crate) mod directory;
pub(crate) mod dismiss;
pub(crate) mod doctor;
pub(crate) mod dossier;
pub(crate) mod drive;
pub(crate) mod ending;
pub(crate) mod evidence;
pub(crate) mod exceptions;
pub(crate) mod find;
pub(crate) mod judge;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod list_entries;
pub(crate) mod list_waiting;
pub(crate) mod look;
pub(crate) mod own;
pub(crate) mod ownership;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod programme;
pub(crate) mod queue;
pub(crate) mod report;
pub(crate) mod report_soon;
pub(crate) mod requests;
pub(crate) mod retire;
pub(crate) mod show;
pub(crate) mod sink;
pub(crate) mod source;
pub(crate) mod survey;
pub(crate) mod tighten;
pub(crate) mod tiles;
pub(crate) mod tokens;
pub(crate) mod watch;
pub(crate) mod who;
pub(crate) mod witness;
