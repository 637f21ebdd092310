//! The HTTP gateway: routes, keys, routing, one exchange per request
