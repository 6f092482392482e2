//! Does a stream conform, and where not: the oracle behind das2_check.
