//! A vendor that answers from a script, without a network
