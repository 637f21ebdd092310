//! [`FollowUp`]: what a vendor wants asked later, because its answer is not ready yet.

use std::fmt;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Uri};
use tokio::time::Instant;

use crate::error::{TransportError, TransportErrorKind};
use crate::options::CallOptions;

/// Further questions after a first one, within its time and with its credential.
///
/// Translators read answers and know no credential, so the next question comes without one. It gets the first one's
/// `authorization` if it goes to the same scheme, host and port: where else it leads is the vendor's word alone, and
/// nobody there shall have the key.
pub struct FollowUp {
    first: Uri,
    credential: Option<HeaderValue>,
    options: CallOptions,
    begun: Instant,
}

impl FollowUp {
    /// After `first`, which is sent now under these options.
    pub fn new<T>(first: &Request<T>, options: CallOptions) -> Self {
        let credential = first.headers().get(AUTHORIZATION).cloned();
        Self { first: first.uri().clone(), credential, options, begun: Instant::now() }
    }

    /// After a request that nothing more is known of.
    pub fn anonymous(options: CallOptions) -> Self {
        Self { first: Uri::default(), credential: None, options, begun: Instant::now() }
    }

    /// Waits as the vendor wants it; then `next` is ready to be sent, under what is left of the time.
    ///
    /// # Errors
    /// [`TransportErrorKind::TotalTimeout`], at once, if the time would be over by then.
    pub async fn ready<T>(
        &self,
        mut next: Request<T>,
        after_ms: u64,
    ) -> Result<(Request<T>, CallOptions), TransportError> {
        let pause = Duration::from_millis(after_ms);
        let mut options = self.options;
        if let Some(total) = &mut options.timeouts.total {
            *total = total
                .checked_sub(self.begun.elapsed().saturating_add(pause))
                .filter(|left| !left.is_zero())
                .ok_or_else(|| TransportError::after_send(TransportErrorKind::TotalTimeout))?;
        }
        tokio::time::sleep(pause).await;
        if let Some(credential) = &self.credential
            && same_place(&self.first, next.uri())
        {
            next.headers_mut().entry(AUTHORIZATION).or_insert_with(|| credential.clone());
        }
        Ok((next, options))
    }
}

/// Whether both addresses have the same scheme, host and port.
fn same_place(one: &Uri, other: &Uri) -> bool {
    one.scheme() == other.scheme() && one.authority() == other.authority() && one.authority().is_some()
}

impl fmt::Debug for FollowUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowUp").field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_credential_goes_to_the_same_place_alone() {
        let first =
            Request::post("https://api.example/v1/a").header(AUTHORIZATION, "Bearer k").body(()).unwrap();
        let follow_up = FollowUp::new(&first, CallOptions::default());
        for (url, expected) in [
            ("https://api.example/v1/b?c=d", Some("Bearer k")),
            ("https://API.example/", Some("Bearer k")),
            ("http://api.example/v1/b", None),
            ("https://api.example:8443/v1/b", None),
            ("https://api.example.evil/v1/b", None),
            ("https://stream.example/v1/b", None),
        ] {
            let next = Request::get(url).body(()).unwrap();
            let (next, _) = follow_up.ready(next, 0).await.unwrap();
            let sent = next.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap());
            assert_eq!(sent, expected, "{url}");
        }
        let own = Request::get("https://api.example/").header(AUTHORIZATION, "own").body(()).unwrap();
        let (own, _) = follow_up.ready(own, 0).await.unwrap();
        assert_eq!(own.headers()[AUTHORIZATION], "own");
    }

    #[tokio::test(start_paused = true)]
    async fn all_questions_share_the_time() {
        let mut options = CallOptions::default();
        options.timeouts.total = Some(Duration::from_secs(3));
        let follow_up = FollowUp::anonymous(options);
        let next = || Request::get("https://api.example/").body(()).unwrap();
        let (_, left) = follow_up.ready(next(), 2000).await.unwrap();
        assert_eq!(left.timeouts.total, Some(Duration::from_secs(1)));
        let error = follow_up.ready(next(), 1000).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::TotalTimeout);
    }
}
