//! What a medium is: by what its host says, and by how it begins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// A medium that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its type, such as `image/png`, without parameters.
    pub media_type: String,
}

impl Media {
    /// It all as a `data:` URL.
    pub fn data_url(&self) -> String {
        let head = format!("data:{};base64,", self.media_type);
        let length = base64::encoded_len(self.bytes.len(), true).unwrap_or_default();
        let mut url = String::with_capacity(head.len() + length);
        url.push_str(&head);
        STANDARD.encode_string(&self.bytes, &mut url);
        url
    }
}

/// The type of a medium whose host says `said`; `None` if it is nothing that a model reads.
///
/// Hosts often give images a wrong type, and vendors refuse them for that, so an image's own beginning counts more.
pub(super) fn kind(said: &str, bytes: &[u8]) -> Option<String> {
    let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let seen = seen(bytes);
    let known = match said.as_str() {
        "application/pdf" | "application/x-pdf" => Some("application/pdf".to_owned()),
        "image/jpg" | "image/pjpeg" => Some("image/jpeg".to_owned()),
        _ => {
            let (class, _) = said.split_once('/').unwrap_or_default();
            matches!(class, "image" | "audio" | "video" | "text").then_some(said)
        }
    };
    match (known, seen) {
        (Some(known), Some(seen)) if known.starts_with("image/") && seen.starts_with("image/") => {
            Some(seen.to_owned())
        }
        (Some(known), _) => Some(known),
        (None, seen) => seen.map(str::to_owned),
    }
}

/// The type that a medium's first bytes tell.
fn seen(bytes: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let media_type = match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'B', b'M', ..] => "image/bmp",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "image/tiff",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => "audio/mpeg",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        _ if at(0, b"RIFF") && at(8, b"AVI ") => "video/x-msvideo",
        _ if at(4, b"ftypavif") => "image/avif",
        _ if at(4, b"ftyphei") || at(4, b"ftypmif1") => "image/heic",
        _ if at(4, b"ftypM4A") => "audio/mp4",
        _ if at(4, b"ftypqt") => "video/quicktime",
        _ if at(4, b"ftyp") => "video/mp4",
        _ => return None,
    };
    Some(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    #[test]
    fn kinds() {
        for (said, bytes, expected) in [
            ("image/png", PNG, Some("image/png")),
            ("Image/JPG; q=1", b"?".as_slice(), Some("image/jpeg")),
            ("image/jpeg", PNG, Some("image/png")),
            ("", PNG, Some("image/png")),
            ("application/octet-stream", b"RIFF1234WEBPVP8 ", Some("image/webp")),
            ("binary/octet-stream", b"%PDF-1.7", Some("application/pdf")),
            ("application/x-pdf", b"", Some("application/pdf")),
            ("text/plain; charset=utf-8", b"hello", Some("text/plain")),
            ("text/plain", PNG, Some("text/plain")),
            ("", b"\0\0\0\x18ftypmp42", Some("video/mp4")),
            ("", b"\0\0\0\x18ftypheic", Some("image/heic")),
            ("", b"\0\0\0\x18ftypM4A ", Some("audio/mp4")),
            ("", b"RIFF1234WAVEfmt ", Some("audio/wav")),
            ("application/json", b"{}", None),
            ("application/octet-stream", b"MZ", None),
            ("", b"", None),
        ] {
            assert_eq!(kind(said, bytes).as_deref(), expected, "{said:?} {bytes:?}");
        }
    }

    #[test]
    fn a_data_url() {
        let media = Media { bytes: Bytes::from_static(b"hi!?"), media_type: "text/plain".to_owned() };
        assert_eq!(media.data_url(), "data:text/plain;base64,aGkhPw==");
    }
}
