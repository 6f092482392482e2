//! Data source definitions (DSDFs): syntax, the typed definition, the tree of sources.
