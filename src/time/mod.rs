//! das2 times: text, instants, and numbers in the units of time.
