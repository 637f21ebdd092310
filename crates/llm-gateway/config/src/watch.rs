//! Files that change while the gateway runs.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod others;

#[cfg(target_os = "linux")]
use linux::Ear;
#[cfg(not(target_os = "linux"))]
use others::Ear;

/// How long nothing is read after something was written.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells when the content of files changes.
///
/// Watches their folders as well as the files, since editors replace files and Kubernetes swaps a symbolic link
/// above them; compares content, so that a touch tells nothing. On Linux it is not woken by what else is written there.
pub struct FileWatch {
    files: Vec<PathBuf>,
    ear: Ear,
}

impl std::fmt::Debug for FileWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWatch").field("files", &self.files).finish_non_exhaustive()
    }
}

/// What files held at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileContent([u8; 32]);

impl FileContent {
    /// What they hold now. Blocks while it reads them.
    pub fn of(files: &[PathBuf]) -> Self {
        content(files, files.iter().map(|file| std::fs::read(file).ok()))
    }
}

impl FileWatch {
    /// Starts to watch. To be called within a runtime that does IO.
    ///
    /// # Errors
    /// The system cannot watch one of the folders.
    pub fn new(files: &[PathBuf]) -> io::Result<Self> {
        Ok(Self { files: files.to_vec(), ear: Ear::new(files)? })
    }

    /// Waits until the content of the files is other than `known`: what they held when they were last read, by whomever.
    /// So nothing is missed that changed while nobody watched, nor what changed twice and was read in between for another
    /// reason. Cancelling this loses nothing.
    pub async fn changed(&mut self, known: impl Fn() -> FileContent) {
        loop {
            // What changed before the folder was watched is told by nobody; so look first.
            let mut all = Vec::with_capacity(self.files.len());
            for file in &self.files {
                self.ear.follow(file);
                all.push(tokio::fs::read(file).await.ok());
            }
            if content(&self.files, all.into_iter()) != known() {
                return;
            }
            if !self.ear.hear().await {
                // Nothing will ever be told again.
                std::future::pending::<()>().await;
            }
            // A folder in which something is written all the time is not read all the time.
            tokio::time::sleep(PAUSE).await;
            self.ear.forget().await;
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The folders of files, each once.
fn folders_of(files: &[PathBuf]) -> Vec<&Path> {
    let mut folders: Vec<&Path> = files.iter().map(|file| folder_of(file)).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// Over the names and the content of all files; a file that cannot be read differs from an empty one.
fn content(names: &[PathBuf], files: impl Iterator<Item = Option<Vec<u8>>>) -> FileContent {
    let mut hash = Sha256::new();
    for (name, file) in names.iter().zip(files) {
        hash.update(Sha256::digest(name.as_os_str().as_encoded_bytes()));
        let inner = file.map(|bytes| Sha256::digest(&bytes));
        hash.update([u8::from(inner.is_some())]);
        hash.update(inner.unwrap_or_default());
    }
    FileContent(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Far longer than it takes; reached only if the watch is broken.
    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_replaced_file_and_a_swapped_link_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let files = std::slice::from_ref(&file);
        let mut watch = FileWatch::new(files).unwrap();
        let known = FileContent::of(files);

        let fresh = folder.path().join("fresh");
        std::fs::write(&fresh, "a: 2").unwrap();
        std::fs::rename(&fresh, &file).unwrap();
        tokio::time::timeout(PATIENCE, watch.changed(|| known)).await.expect("a replaced file");
        let known = FileContent::of(files);

        #[cfg(unix)]
        {
            std::fs::create_dir(folder.path().join("v2")).unwrap();
            std::fs::write(folder.path().join("v2/config.yaml"), "a: 3").unwrap();
            std::os::unix::fs::symlink("v2/config.yaml", folder.path().join("link")).unwrap();
            std::fs::rename(folder.path().join("link"), &file).unwrap();
            tokio::time::timeout(PATIENCE, watch.changed(|| known)).await.expect("a swapped link");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_written_in_place_is_told_after_it_was_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let files = std::slice::from_ref(&file);
        let mut watch = FileWatch::new(files).unwrap();
        let known = FileContent::of(files);
        let fresh = folder.path().join("fresh");
        std::fs::write(&fresh, "a: 2").unwrap();
        std::fs::rename(&fresh, &file).unwrap();
        tokio::time::timeout(PATIENCE, watch.changed(|| known)).await.expect("a replaced file");
        let known = FileContent::of(files);
        let write = async {
            // The watch has looked, and rests until something is told.
            tokio::time::sleep(Duration::from_millis(20)).await;
            std::fs::write(&file, "a: 3").unwrap();
        };
        let both = async { tokio::join!(watch.changed(|| known), write) };
        tokio::time::timeout(PATIENCE, both).await.expect("a file that was written");
        let known = FileContent::of(files);
        std::fs::remove_file(&file).unwrap();
        tokio::time::timeout(PATIENCE, watch.changed(|| known)).await.expect("a file that is gone");
        let known = FileContent::of(files);
        std::fs::write(&file, "a: 3").unwrap();
        tokio::time::timeout(PATIENCE, watch.changed(|| known)).await.expect("a file that is there again");
    }

    /// As Kubernetes mounts a ConfigMap: the file is a link into `..data`, which is a link as well, and is swapped.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_swapped_link_above_the_file_is_told() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (version, text) in [("..v1", "a: 1"), ("..v2", "a: 2"), ("..v3", "a: 3")] {
            std::fs::create_dir(at(version)).unwrap();
            std::fs::write(at(version).join("config.yaml"), text).unwrap();
        }
        symlink("..v1", at("..data")).unwrap();
        symlink("..data/config.yaml", at("config.yaml")).unwrap();
        let files = [at("config.yaml")];
        let mut watch = FileWatch::new(&files).unwrap();
        for version in ["..v2", "..v3"] {
            let known = FileContent::of(&files);
            let swap = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                symlink(version, at("..data_tmp")).unwrap();
                std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
            };
            let both = async { tokio::join!(watch.changed(|| known), swap) };
            tokio::time::timeout(PATIENCE, both).await.expect(version);
        }
    }

    #[tokio::test]
    async fn the_same_content_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let files = std::slice::from_ref(&file);
        let mut watch = FileWatch::new(files).unwrap();
        let known = FileContent::of(files);
        std::fs::write(&file, "a: 1").unwrap();
        // Comes to rest on the event channel instead of returning.
        let waited = tokio::time::timeout(Duration::from_millis(200), watch.changed(|| known)).await;
        assert!(waited.is_err());
        let nowhere = [folder.path().join("nowhere/config.yaml")];
        assert!(FileWatch::new(&nowhere).is_err());
    }

    #[tokio::test]
    async fn what_changed_before_the_watch_began_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let files = std::slice::from_ref(&file);
        let known = FileContent::of(files);
        std::fs::write(&file, "a: 2").unwrap();
        let mut watch = FileWatch::new(files).unwrap();
        tokio::time::timeout(PATIENCE, watch.changed(|| known)).await.expect("an earlier change");
    }

    #[tokio::test]
    async fn what_was_read_in_between_and_changed_back_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, "a: 1").unwrap();
        let files = std::slice::from_ref(&file);
        let mut watch = FileWatch::new(files).unwrap();
        let known = std::sync::Mutex::new(FileContent::of(files));
        let changed = watch.changed(|| *known.lock().unwrap());
        let reader = async {
            // The watch has looked, and rests until the folder is written to.
            tokio::time::sleep(Duration::from_millis(20)).await;
            std::fs::write(&file, "a: 2").unwrap();
            *known.lock().unwrap() = FileContent::of(files);
            std::fs::write(&file, "a: 1").unwrap();
        };
        let both = async { tokio::join!(changed, reader) };
        tokio::time::timeout(PATIENCE, both).await.expect("a change back");
    }
}
