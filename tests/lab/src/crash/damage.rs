//! What goes wrong besides the death of the process.

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::Duration;

use crate::chance::Chance;
use crate::databases::DatabaseKind;
use crate::scene::Scene;

/// What goes wrong in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Nothing.
    None,
    /// The database goes before the gateway does, and comes back after it.
    Database,
    /// The disk is full for a while.
    FullDisk,
    /// The machine went down while a record was written.
    TornRecord,
    /// A bit of the journal is not what was written.
    FlippedByte,
}

/// What the gateway says of a journal, and of a database, that cannot be written to.
const NO_ROOM: &str = "the journal takes no more";
const WAITING: &str = "entries wait in the journal";

impl Damage {
    pub(super) fn of(round: usize, database: DatabaseKind) -> Self {
        match round % 6 {
            1 if database != DatabaseKind::Sqlite => Self::Database,
            2 => Self::FullDisk,
            3 => Self::TornRecord,
            5 => Self::FlippedByte,
            _ => Self::None,
        }
    }

    /// Under load, before the process is killed.
    pub(super) async fn before(self, scene: &mut Scene) -> anyhow::Result<()> {
        match self {
            Self::Database => {
                scene.database.stop();
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
            Self::FullDisk => {
                let before = scene.log_length()?;
                scene.fill_disk()?;
                tokio::time::sleep(Duration::from_millis(400)).await;
                // A database on that disk says so in the end; what is only written over has its room.
                if scene.has_database_on_disk() {
                    scene.logs(before, &[NO_ROOM, WAITING]).await?;
                }
                scene.free_disk()?;
                // It takes entries again by itself, if it was that which did not.
                if scene.has_logged(before, &[WAITING])? {
                    scene.logs(before, &["the database takes entries again"]).await?;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Self::None | Self::TornRecord | Self::FlippedByte => {}
        }
        Ok(())
    }

    /// While no process runs. How many legs may be lost by it.
    pub(super) fn after(self, scene: &mut Scene, chance: &mut Chance) -> anyhow::Result<usize> {
        match self {
            Self::Database => scene.database.restart(),
            Self::TornRecord => {
                if let Some(file) = scene.journal()?.last() {
                    // A write that has not returned: a part of its record stands there, and nothing was sent for it.
                    let bytes = std::fs::read(file)?;
                    let end = written(&bytes);
                    let part = bytes.get(end.saturating_sub(90)..end.saturating_sub(30)).unwrap_or_default();
                    let mut file = OpenOptions::new().write(true).open(file)?;
                    file.seek(SeekFrom::Start(u64::try_from(end)?))?;
                    file.write_all(part)?;
                }
            }
            Self::FlippedByte => {
                if let Some(file) = scene.journal()?.last() {
                    let mut bytes = std::fs::read(file)?;
                    let end = u64::try_from(written(&bytes))?;
                    let at = usize::try_from(chance.between(end / 2, end.max(1) - 1))?;
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 0x10;
                    }
                    std::fs::write(file, bytes)?;
                    return Ok(1);
                }
            }
            Self::None | Self::FullDisk => {}
        }
        Ok(0)
    }
}

/// How much of a file was written: what follows is zeros, kept free for more.
fn written(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}
