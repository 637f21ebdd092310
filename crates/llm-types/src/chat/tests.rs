//! Laws of the chat types.
