//! What systems other than Linux tell of the folders of files.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::folders_of;

/// Hears of changes.
pub(super) struct Ear {
    events: mpsc::Receiver<()>,
    _watcher: notify::RecommendedWatcher,
}

impl Ear {
    /// Listens to the folders of these files.
    pub(super) fn new(files: &[PathBuf]) -> io::Result<Self> {
        // One place is enough: an event that finds it full is told by the one that waits there.
        let (sender, events) = mpsc::channel(1);
        let names: Vec<OsString> =
            files.iter().filter_map(|file| file.file_name()).map(ToOwned::to_owned).collect();
        let tell = move |event: notify::Result<Event>| {
            if event.is_err() || event.is_ok_and(|event| concerns(&event, &names)) {
                let _ = sender.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(tell).map_err(io::Error::other)?;
        for folder in folders_of(files) {
            watcher.watch(folder, RecursiveMode::NonRecursive).map_err(io::Error::other)?;
        }
        Ok(Self { events, _watcher: watcher })
    }

    /// The folder tells of its files.
    #[expect(
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "as where files are listened to"
    )]
    pub(super) fn follow(&mut self, _file: &Path) {}

    /// Waits for a change; `false` if none will ever be told.
    pub(super) async fn hear(&mut self) -> bool {
        self.events.recv().await.is_some()
    }

    /// Forgets what has been told up to now.
    #[expect(clippy::unused_async, reason = "as where that may have to wait")]
    pub(super) async fn forget(&mut self) {
        while self.events.try_recv().is_ok() {}
    }
}

/// Whether an event may be one of these files: not if another file was written to.
fn concerns(event: &Event, names: &[OsString]) -> bool {
    let is_ours = |path: &PathBuf| path.file_name().is_some_and(|name| names.iter().any(|own| own == name));
    match event.kind {
        EventKind::Access(_) => false,
        EventKind::Modify(ModifyKind::Data(_)) => event.paths.is_empty() || event.paths.iter().any(is_ours),
        _ => true,
    }
}
