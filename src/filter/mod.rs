//! Stream in, stream out: programs and in-process stages of one kind.
