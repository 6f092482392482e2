//! Running readers: arguments, process group, pipes, limits, standard error.
