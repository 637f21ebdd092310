//! Sends translated requests over HTTP: pools, timeouts, credentials
