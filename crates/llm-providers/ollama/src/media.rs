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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_images() {
        assert_eq!(media_type("/9j/4AAQ"), "image/jpeg");
        assert_eq!(media_type("UklGRiIA"), "image/webp");
        assert_eq!(media_type("AAAA"), "image/png");
    }
}
