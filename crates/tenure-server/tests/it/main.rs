//! The server from outside: through its router, its socket and its TCP address.

mod bad_input;
mod bench;
mod canary;
mod console;
mod documents;
mod flow;
mod matrix;
mod repeat;
mod shape;
mod sign_in;
mod tiles;
mod transports;
