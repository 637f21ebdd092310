//! One chat interface over many model vendors: translators, and with the feature client a client
