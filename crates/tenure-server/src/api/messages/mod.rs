//! Messages: whether people were told, and the ways they take. What a message said is nobody's but theirs.

pub(super) mod chats;
pub(super) mod list;
pub(super) mod mail;
pub(super) mod test;
