//! A disk that can be full: a small one in memory where it may be mounted, else a limit on the size of files.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::process::Process;

/// Room for some segments of a journal and a database.
const BYTES: &str = "size=192m,mode=700";

/// Where the gateway writes.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
    pub(crate) is_mounted: bool,
}

impl Disk {
    pub(crate) fn new(folder: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", BYTES, "tmpfs"]).arg(&folder);
        let is_mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        Ok(Self { folder, is_mounted })
    }

    /// Leaves no room; of a limit on files, none for a new segment of the journal, and none in longer files.
    pub(crate) fn fill(&self, gateway: &Process, segments: &[PathBuf]) -> anyhow::Result<()> {
        if !self.is_mounted {
            let longest = segments.iter().filter_map(|file| Some(file.metadata().ok()?.len())).max();
            return gateway.limit_files(Some(longest.unwrap_or(1 << 16).saturating_sub(1)));
        }
        let mut ballast = File::create(self.ballast())?;
        // In ever smaller pieces, to the last byte.
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![0; size];
            loop {
                match ballast.write(&piece) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Gives the room back.
    pub(crate) fn free(&self, gateway: &Process) -> anyhow::Result<()> {
        if !self.is_mounted {
            return gateway.limit_files(None);
        }
        Ok(std::fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            let _gone_with_the_machine = Command::new("umount").arg("-l").arg(&self.folder).status();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_full_takes_nothing_and_has_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path().join("data")).unwrap();
        if !disk.is_mounted {
            eprintln!("nothing can be mounted here: the limit on files is used");
            return;
        }
        let mut idle = Command::new("sh");
        idle.args(["-c", "echo http://127.0.0.1:1; exec sleep 60"]);
        let process = Process::start(idle, &folder.path().join("log"), |_| true).unwrap();
        let write = || std::fs::write(disk.folder.join("x"), [0; 8_192]);
        write().unwrap();
        std::fs::remove_file(disk.folder.join("x")).unwrap();
        disk.fill(&process, &[]).unwrap();
        assert_eq!(write().unwrap_err().kind(), ErrorKind::StorageFull);
        disk.free(&process).unwrap();
        write().unwrap();
    }
}
