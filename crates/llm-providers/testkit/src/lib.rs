//! Laws, corpus and conformance grid for vendor translators
