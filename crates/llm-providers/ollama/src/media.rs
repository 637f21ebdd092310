//! What kind of image base64 stands for: Ollama does not say.

/// The media type by the first letters of the base64.
pub(crate) fn media_type(data: &str) -> &'static str {
    [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
        ("Qk", "image/bmp"),
    ]
    .into_iter()
    .find_map(|(start, media)| data.starts_with(start).then_some(media))
    .unwrap_or("image/png")
}
