//! Which deployment next, and how healthy each one is; no IO
