//! Which deployment served somebody before: a memory of so many, each for so long.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use llm_types::UnixMs;

use crate::DeploymentId;

/// Parts that are locked apart.
const SHARDS: usize = 16;

/// News that wait to be told, at most.
const MOST_NEWS: usize = 2_000;
/// Others are told that somebody is remembered for longer when it is so much longer.
const WORTH_TELLING_MS: u64 = 60_000;

/// Which deployment served somebody before, by a number for whoever that is; see [`affinity`](crate::affinity).
///
/// It remembers so many at most: when there is no room, what nobody has asked for lately goes. No decision looks in
/// here: what is found goes into [`Affinity::pins`](crate::Affinity::pins).
#[derive(Debug)]
pub struct Pins {
    shards: [Mutex<Shard>; SHARDS],
    /// What was remembered since other processes were told last, where there are such.
    news: Option<Mutex<Vec<Pinned>>>,
    /// How many the younger half of a shard has before it becomes the older one.
    half: usize,
}

/// One memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// For whom.
    pub key: u64,
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Until when.
    pub until: UnixMs,
}

#[derive(Debug, Default)]
struct Shard {
    young: Half,
    old: Half,
}

type Half = HashMap<u64, (DeploymentId, UnixMs), BuildHasherDefault<AsItIs>>;

impl Pins {
    /// A memory of at most `most`.
    pub fn new(most: usize) -> Self {
        Self { shards: Default::default(), news: None, half: (most / SHARDS / 2).max(1) }
    }

    /// The same, with [`take_news`](Self::take_news) for other processes.
    #[must_use]
    pub fn with_news(self) -> Self {
        Self { news: Some(Mutex::default()), ..self }
    }

    /// What was remembered since this was last asked; of very much the first part.
    pub fn take_news(&self) -> Vec<Pinned> {
        let take = |news: &Mutex<Vec<Pinned>>| {
            std::mem::take(&mut *news.lock().unwrap_or_else(PoisonError::into_inner))
        };
        self.news.as_ref().map(take).unwrap_or_default()
    }

    fn tell(&self, key: u64, deployment: &DeploymentId, until: UnixMs) {
        let Some(news) = &self.news else { return };
        let mut news = news.lock().unwrap_or_else(PoisonError::into_inner);
        if news.len() < MOST_NEWS {
            news.push(Pinned { key, deployment: deployment.clone(), until });
        }
    }

    /// Where they were served; remembered for another while if `until` says so.
    pub fn get(&self, key: u64, until: Option<UnixMs>, now: UnixMs) -> Option<DeploymentId> {
        let mut shard = self.shard(key);
        let (deployment, ends) = shard.young.get(&key).or_else(|| shard.old.get(&key)).cloned()?;
        if ends <= now {
            shard.young.remove(&key);
            shard.old.remove(&key);
            return None;
        }
        let before = ends;
        let ends = until.unwrap_or(ends).max(ends);
        self.insert(&mut shard, key, deployment.clone(), ends);
        drop(shard);
        if ends.since(before) >= WORTH_TELLING_MS {
            self.tell(key, &deployment, ends);
        }
        Some(deployment)
    }

    /// Remembers where they are served from now on.
    pub fn put(&self, key: u64, deployment: DeploymentId, until: UnixMs) {
        self.tell(key, &deployment, until);
        self.insert(&mut self.shard(key), key, deployment, until);
    }

    /// All that is remembered, for other processes.
    pub fn export(&self, now: UnixMs) -> Vec<Pinned> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let older = shard.old.iter().filter(|(key, _)| !shard.young.contains_key(key));
            let known = shard.young.iter().chain(older).filter(|(_, (_, until))| *until > now);
            all.extend(known.map(|(key, (deployment, until))| Pinned {
                key: *key,
                deployment: deployment.clone(),
                until: *until,
            }));
        }
        all
    }

    /// Takes over what another process remembers, unless this one knows better.
    pub fn import(&self, pinned: Pinned, now: UnixMs) {
        let Pinned { key, deployment, until } = pinned;
        let mut shard = self.shard(key);
        let known = shard.young.get(&key).or_else(|| shard.old.get(&key));
        if until > now && known.is_none_or(|(_, own)| *own < until) {
            self.insert(&mut shard, key, deployment, until);
        }
    }

    fn insert(&self, shard: &mut Shard, key: u64, deployment: DeploymentId, until: UnixMs) {
        shard.young.insert(key, (deployment, until));
        if shard.young.len() > self.half {
            shard.old = std::mem::take(&mut shard.young);
        }
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        let place = (key >> 32) as usize % SHARDS;
        self.shards[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affinity::owner_hash;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    fn deployment(name: &str) -> DeploymentId {
        DeploymentId::new(name)
    }

    #[test]
    fn it_remembers_for_as_long_as_it_is_told() {
        let pins = Pins::new(1_000);
        pins.put(1, deployment("a"), NOW.plus(100));
        assert_eq!(pins.get(1, None, NOW.plus(99)), Some(deployment("a")));
        assert_eq!(pins.get(1, Some(NOW.plus(500)), NOW.plus(99)), Some(deployment("a")));
        assert_eq!(pins.get(1, None, NOW.plus(499)), Some(deployment("a")), "another while");
        assert_eq!(pins.get(1, None, NOW.plus(500)), None);
        assert_eq!(pins.get(2, None, NOW), None);
        pins.put(1, deployment("b"), NOW.plus(1_000));
        assert_eq!(pins.get(1, None, NOW.plus(600)), Some(deployment("b")));
    }

    #[test]
    fn there_is_an_end_to_it_and_whoever_is_asked_for_stays() {
        const MOST: usize = 1_600;
        let pins = Pins::new(MOST);
        let key = |number: u64| owner_hash(&[&number.to_string()]);
        for number in 0..100_000 {
            pins.put(key(number), deployment("a"), NOW.plus(1_000));
            assert!(pins.get(key(0), None, NOW).is_some(), "forgotten after {number}");
        }
        let known = pins.export(NOW).len();
        assert!((MOST / 4..=MOST).contains(&known), "{known}");
        assert!(pins.get(key(99_999), None, NOW).is_some());
        assert_eq!(pins.get(key(1), None, NOW), None);
        assert!(pins.export(NOW.plus(1_000)).is_empty());
    }

    #[test]
    fn other_processes_learn_of_it() {
        let (here, there) = (Pins::new(100), Pins::new(100));
        here.put(1, deployment("a"), NOW.plus(100));
        here.put(2, deployment("b"), NOW.plus(200));
        there.put(2, deployment("c"), NOW.plus(300));
        for pinned in here.export(NOW) {
            there.import(pinned, NOW);
        }
        assert_eq!(there.get(1, None, NOW), Some(deployment("a")));
        assert_eq!(there.get(2, None, NOW), Some(deployment("c")), "what is known here is newer");
    }

    #[test]
    fn what_is_new_is_told_once() {
        assert!(Pins::new(100).take_news().is_empty());
        let pins = Pins::new(100).with_news();
        pins.put(1, deployment("a"), NOW.plus(100_000));
        pins.import(Pinned { key: 2, deployment: deployment("b"), until: NOW.plus(9) }, NOW);
        assert_eq!(pins.take_news().len(), 1, "what others have told is no news");
        pins.get(1, Some(NOW.plus(110_000)), NOW);
        assert!(pins.take_news().is_empty(), "hardly longer");
        pins.get(1, Some(NOW.plus(180_000)), NOW);
        assert_eq!(
            pins.take_news(),
            [Pinned { key: 1, deployment: deployment("a"), until: NOW.plus(180_000) }]
        );
        (0..5_000).for_each(|key| pins.put(key, deployment("a"), NOW.plus(1)));
        assert_eq!(pins.take_news().len(), MOST_NEWS);
    }
}
