//! Messages: whether people were told, and the way mail takes. What a message said is nobody's but theirs.

pub(super) mod list;
pub(super) mod mail;
pub(super) mod test;
