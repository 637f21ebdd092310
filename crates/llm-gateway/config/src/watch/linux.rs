//! What the kernel tells of the files: that one was written to, or that something came into their folders or went. Of
//! other files that are written beside them, such as a database's, it tells nothing: nobody is woken for those.

use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream as _;
use inotify::{EventOwned, EventStream, Inotify, WatchMask};

use super::folders_of;

/// Bytes that are read at a time: some events with the longest names.
const BUFFER: usize = 4096;

/// Hears of changes.
pub(super) struct Ear {
    events: EventStream<Vec<u8>>,
}

impl Ear {
    /// Listens to the folders of these files.
    pub(super) fn new(files: &[PathBuf]) -> io::Result<Self> {
        let inotify = Inotify::init()?;
        let of_folder = WatchMask::CREATE | WatchMask::DELETE | WatchMask::MOVE;
        let of_itself = WatchMask::DELETE_SELF | WatchMask::MOVE_SELF | WatchMask::ONLYDIR;
        for folder in folders_of(files) {
            let named =
                |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
            inotify.watches().add(folder, of_folder | of_itself).map_err(named)?;
        }
        Ok(Self { events: inotify.into_event_stream(vec![0; BUFFER])? })
    }

    /// Listens to a file as it is there now, behind whatever links. The one before, if it was replaced, is nobody's concern.
    pub(super) fn follow(&mut self, file: &Path) {
        // A file that is not there is heard of by its folder, and so is one that cannot be listened to when it is replaced.
        let _ = self.events.watches().add(file, WatchMask::MODIFY | WatchMask::ATTRIB);
    }

    /// Waits for a change; `false` if none will ever be told.
    pub(super) async fn hear(&mut self) -> bool {
        self.next().await.is_some()
    }

    /// Forgets what has been told up to now.
    pub(super) async fn forget(&mut self) {
        poll_fn(|cx| {
            while let Poll::Ready(Some(Ok(_))) = Pin::new(&mut self.events).poll_next(cx) {}
            Poll::Ready(())
        })
        .await;
    }

    async fn next(&mut self) -> Option<io::Result<EventOwned>> {
        poll_fn(|cx| Pin::new(&mut self.events).poll_next(cx)).await
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use inotify::EventMask;

    use super::*;

    #[tokio::test]
    async fn nothing_is_heard_of_what_is_written_beside_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let mut database = std::fs::File::create(folder.path().join("gateway.db-wal")).unwrap();
        let mut ear = Ear::new(std::slice::from_ref(&file)).unwrap();
        ear.follow(&file);
        for _ in 0..100 {
            database.write_all(b"a page").unwrap();
            database.sync_data().unwrap();
        }
        std::fs::write(&file, "a: 2").unwrap();
        // Events come in their order.
        let first = ear.next().await.unwrap().unwrap();
        assert_eq!((first.mask, first.name), (EventMask::MODIFY, None));
        ear.forget().await;
        drop(database);
        std::fs::rename(folder.path().join("gateway.db-wal"), &file).unwrap();
        let next = ear.next().await.unwrap().unwrap();
        assert!(next.mask.intersects(EventMask::MOVED_FROM | EventMask::MOVED_TO), "{next:?}");
    }
}
