//! Request logs, a file an address and day.
