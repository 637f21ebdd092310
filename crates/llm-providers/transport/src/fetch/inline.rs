//! [`inline_media`]: a request's remote media, fetched and put in the place of their addresses.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use llm_provider_core::{Note, NoteKind};
use llm_types::{
    ApiError, ChatRequest, ContentPart, ErrorKind, FileData, ImageSource, Layer, MessageContent, Nullable,
};
use serde_json::Value;

use super::{FetchFault, Fetcher, Room};

/// A medium that a request names was not fetched.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{path}: what is at this address was not fetched: {fault}")]
pub struct FetchError {
    /// Where the address stands, such as `messages[2].content[0]`.
    pub path: String,
    /// Why.
    pub fault: FetchFault,
}

/// It is the client's request that cannot be met, whatever its host did, unless there is no room here.
impl From<FetchError> for ApiError {
    fn from(error: FetchError) -> Self {
        let kind = match error.fault {
            FetchFault::NoRoom => {
                return Self::new(ErrorKind::Unavailable, Layer::Limit, error.to_string())
                    .with_param(error.path)
                    .with_code("overloaded")
                    .with_retry_after_ms(1000);
            }
            FetchFault::TooLarge { .. } => ErrorKind::PayloadTooLarge,
            _ => ErrorKind::InvalidRequest,
        };
        Self::new(kind, Layer::Client, error.to_string())
            .with_param(error.path)
            .with_code("media_not_fetched")
    }
}

/// Fetches every medium that the request gives by an address that `wants` wants fetched, and puts it into the request
/// as a `data:` URL. Images, files, and parts such as `video_url` and `audio_url` are looked at, each address is
/// asked once. `room` says whether there is room for so many bytes more, as they will stand in the request.
///
/// # Errors
/// [`FetchError`] for the first medium that was not fetched; the request is as it was then.
pub async fn inline_media(
    request: &mut ChatRequest,
    wants: impl Fn(&str) -> bool,
    fetcher: &Fetcher,
    room: &Room<'_>,
) -> Result<Vec<Note>, FetchError> {
    inline_or_hand_on(request, wants, |_| false, fetcher, room).await
}

/// The same, for a vendor that can read some addresses itself: where `reads` says so, an address whose host refuses us,
/// or is silent, or has more than we hold, stays as it is, with a note. What must not be asked at all is refused.
///
/// # Errors
/// As [`inline_media`].
pub async fn inline_or_hand_on(
    request: &mut ChatRequest,
    wants: impl Fn(&str) -> bool,
    reads: impl Fn(&str) -> bool,
    fetcher: &Fetcher,
    room: &Room<'_>,
) -> Result<Vec<Note>, FetchError> {
    let mut places: Vec<(String, String)> = Vec::new();
    each_url(request, |path, url| {
        if is_remote(url) && wants(url) {
            places.push((path, url.to_owned()));
        }
        None
    });
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let fetched = fetch_all(&places, &reads, fetcher, room).await?;
    each_url(request, |_, url| fetched.get(url).and_then(|media| media.as_ref().ok().cloned()));
    let note = |(path, url): (String, String)| match fetched.get(&url) {
        Some(Err(fault)) => {
            let detail = format!("not fetched ({fault}), and left to the vendor to read");
            Note::new(NoteKind::Converted, path, detail)
        }
        _ => Note::new(NoteKind::Moved, path, "fetched, and sent inside of the request"),
    };
    Ok(places.into_iter().map(note).collect())
}

/// Whether a vendor may have more luck with an address than we had.
const fn is_hosts_fault(fault: &FetchFault) -> bool {
    matches!(
        fault,
        FetchFault::Status(_) | FetchFault::TooLarge { .. } | FetchFault::Timeout | FetchFault::Transport(_)
    )
}

/// The `data:` URL of each address, or why it has none and is left to the vendor.
async fn fetch_all(
    places: &[(String, String)],
    reads: &impl Fn(&str) -> bool,
    fetcher: &Fetcher,
    room: &Room<'_>,
) -> Result<HashMap<String, Result<String, FetchFault>>, FetchError> {
    // Base64 has four bytes for three.
    let room = &|bytes: usize| room(bytes.div_ceil(3) * 4);
    let mut seen = HashSet::new();
    // Owned, so that the futures below borrow nothing but the fetcher.
    let urls: Vec<(String, String)> =
        places.iter().filter(|(_, url)| seen.insert(url.as_str())).cloned().collect();
    let options = fetcher.options();
    let mut fetched = HashMap::new();
    let mut bytes = 0;
    let mut answers = stream::iter(urls)
        .map(|(path, url)| async move {
            match fetcher.fetch_within(&url, room).await {
                Ok(media) => Ok((path, url, Ok(media))),
                Err(fault) if reads(&url) && is_hosts_fault(&fault) => Ok((path, url, Err(fault))),
                Err(fault) => Err(FetchError { path, fault }),
            }
        })
        .buffered(options.concurrency.max(1));
    while let Some((path, url, media)) = answers.try_next().await? {
        let media = match media {
            Ok(media) => media,
            Err(fault) => {
                fetched.insert(url, Err(fault));
                continue;
            }
        };
        bytes += media.bytes.len();
        if bytes > options.max_request_bytes {
            let fault = FetchFault::TooLarge { limit: options.max_request_bytes };
            return Err(FetchError { path, fault });
        }
        fetched.insert(url, Ok(media.data_url()));
    }
    Ok(fetched)
}

fn is_remote(url: &str) -> bool {
    let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    begins("https://") || begins("http://")
}

/// Shows every address in a request's content with its place; what comes back takes its place.
fn each_url(request: &mut ChatRequest, mut visit: impl FnMut(String, &str) -> Option<String>) {
    for (at, message) in request.messages.iter_mut().enumerate() {
        let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { continue };
        for (part_at, part) in parts.iter_mut().enumerate() {
            let visit = |url: &str| visit(format!("messages[{at}].content[{part_at}]"), url);
            match part {
                ContentPart::ImageUrl(image) => match &mut image.image_url {
                    ImageSource::Url(image) => put(&mut image.url, visit),
                    ImageSource::Bare(url) => put(url, visit),
                },
                ContentPart::File(file) => in_file(&mut file.file, visit),
                ContentPart::Unknown(members) => in_unknown(members, visit),
                ContentPart::Text(_) | ContentPart::InputAudio(_) | ContentPart::Refusal(_) => {}
            }
        }
    }
}

fn put(url: &mut String, mut visit: impl FnMut(&str) -> Option<String>) {
    if let Some(replacement) = visit(url) {
        *url = replacement;
    }
}

/// A file's address stands in `file_url`; many clients put it where an id or the data belongs.
fn in_file(file: &mut FileData, mut visit: impl FnMut(&str) -> Option<String>) {
    let FileData { file_url, file_id, file_data, .. } = file;
    if let Some(data) = file_data.get_mut() {
        put(data, &mut visit);
    }
    for address in [file_url, file_id] {
        if let Some(data) = address.get().and_then(|url| visit(url)) {
            *address = Nullable::Absent;
            *file_data = data.into();
        }
    }
}

/// Parts such as `{"type": "video_url", "video_url": {"url": …}}`.
fn in_unknown(members: &mut llm_types::Extra, visit: impl FnMut(&str) -> Option<String>) {
    let Some(name) = members.get("type").and_then(Value::as_str).filter(|name| name.ends_with("_url")) else {
        return;
    };
    let name = name.to_owned();
    let url = match members.get_mut(&name) {
        Some(Value::Object(inner)) => inner.get_mut("url"),
        other => other,
    };
    if let Some(Value::String(url)) = url {
        put(url, visit);
    }
}
