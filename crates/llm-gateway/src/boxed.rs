//! Futures in boxes.

use std::pin::Pin;

/// Boxes a future in its place: the memory is there before the future is made, which is not so for [`Box::pin`]. There it
/// is made elsewhere and copied, and those of requests are kilobytes.
#[inline]
pub(crate) fn boxed<F>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    let place = Box::new_uninit();
    Box::into_pin(Box::write(place, make()))
}
