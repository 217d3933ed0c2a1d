//! The server from inside: tools, resources and subscriptions over a pipe, against a scripted board.
