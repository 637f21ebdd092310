//! [`Runtime`]: time, chance, names and the environment, in one value made in boot.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use llm_router::SeededEntropy;
use llm_types::UnixMs;

/// Looks up an environment variable.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Tells time.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> UnixMs;

    /// Time since some fixed instant; never runs backwards.
    fn elapsed(&self) -> Duration;
}

/// Everything that makes two runs of the gateway differ.
#[derive(Clone)]
pub struct Runtime {
    clock: Arc<dyn Clock>,
    environment: Environment,
    seed: Arc<AtomicU64>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime from its parts; the same seed gives the same names and choices in the same order.
    pub fn new(clock: Arc<dyn Clock>, environment: Environment, seed: u64) -> Self {
        Self { clock, environment, seed: Arc::new(AtomicU64::new(seed)) }
    }

    /// The machine's clock, the process's environment, and chance from the operating system.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
        let environment: Environment = Arc::new(|name| std::env::var(name).ok());
        let seed = u64::from_le_bytes(rand::random());
        Self::new(Arc::new(SystemClock::start()), environment, seed)
    }

    /// The same with a clock that stands still.
    #[must_use]
    pub fn stopped_at(self, now: UnixMs) -> Self {
        Self { clock: Arc::new(Stopped(now)), ..self }
    }

    /// The same with another environment.
    #[must_use]
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// Wall-clock time.
    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// Time since some fixed instant; never runs backwards.
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// An environment variable.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    /// The environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Chance for one request.
    pub fn entropy(&self) -> SeededEntropy {
        // A Weyl sequence: every request gets another seed, without a lock and without a system call.
        SeededEntropy::new(self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed))
    }

    /// Fills with bytes that nobody can guess, for keys.
    pub fn fill_secret(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }

    /// A new request's name: a UUID, version 7, so that names sort by time.
    pub fn request_id(&self, now: UnixMs) -> uuid::Uuid {
        use llm_router::Entropy;
        let mut entropy = self.entropy();
        let mut random = [0; 10];
        random[..8].copy_from_slice(&entropy.next_u64().to_le_bytes());
        random[8..].copy_from_slice(&entropy.next_u64().to_le_bytes()[..2]);
        let ms = u64::try_from(now.0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }
}

/// A clock that stands still.
struct Stopped(UnixMs);

impl Clock for Stopped {
    fn now(&self) -> UnixMs {
        self.0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where clocks are read")]
    fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where clocks are read")]
    fn now(&self) -> UnixMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
