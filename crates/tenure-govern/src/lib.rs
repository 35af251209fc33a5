//! What should change and in which order, and how well its end is known. Pure.
//!
//! This room must never act, store, read a clock or know Cedar: it looks at a plan as it is
//! written down and says what comes next. A crash changes nothing here, because nothing is
//! remembered here. Begin with `machine.rs`; `level.rs` computes proof levels; `draft.rs`
//! chooses steps and refuses dangerous plans; `tighten.rs` shows that a file is closed to others; `inbox.rs` orders what waits
//! for a person.

mod draft;
mod inbox;
mod level;
mod machine;
mod patience;
mod tighten;
mod view;

pub use draft::{PlanRefused, Target, Touches, draft_steps, level_required, lint};
pub use inbox::{Waiting, in_order};
pub use level::{Assessment, assess};
pub use machine::{Next, next};
pub use patience::{CONTROL_PATIENCE, ESCALATE_AFTER, Lost, NeedsPerson, Settled, backoff, settle_failure};
pub use view::{DerivedSeen, Look, PlanView, Seen, SeenWhat, StepView};
