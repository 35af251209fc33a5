//! The import connector against files of every kind.
