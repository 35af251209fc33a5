//! One noun per file: the functions that read and write its rows. Each is part of a transaction.

