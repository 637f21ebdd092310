//! Futures in boxes.

/// Boxes a future in its place: the memory is there before the future is made, which is not so for [`Box::pin`]. There it
/// is made elsewhere and copied, and those of requests are kilobytes.
///
/// A macro because what a function is given, or a closure gives, is copied too.
macro_rules! boxed {
    ($future:expr) => {{
        let place = Box::new_uninit();
        let future = $future;
        Box::into_pin(Box::write(place, future))
    }};
}

pub(crate) use boxed;
