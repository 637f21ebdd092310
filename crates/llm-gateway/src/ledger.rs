//! The ledger: an intent before a vendor is asked, a settlement before its answer has been handed over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use llm_ledger::{Durability, Intent, Journal, JournalError, Mark, Open};
use llm_limits::Reservation;
use llm_pricing::{Item, Rate};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use tokio::sync::Notify;

use crate::exchange::{Leg, Record};
use crate::pricing::BYTES_PER_TOKEN;

mod entry;
mod flush;
mod hold;
mod lasting;
mod open;

pub(crate) use entry::usage;
pub use entry::{Account, Billed, Ending, Known, Name};
pub use flush::{Flusher, Hear};
pub use hold::Hold;
use lasting::Lasting;
pub use open::{Keeping, Place, open};

/// How long a stream goes on at most until what has been heard of it is noted down.
const CHECKPOINT: Duration = Duration::from_millis(900);

/// Entries that are brought into the database before their time: together they are cheap, and more would fill memory.
const MANY: u64 = 4_000;

/// The books of this process.
#[derive(Debug)]
pub struct Ledger {
    journal: Journal,
    refuses_unpriced: bool,
    /// Entries that could not be written, which should be none.
    lost: AtomicU64,
    is_full: AtomicBool,
    /// Entries since they were last brought into the database, and whoever is told that they are many.
    waiting: AtomicU64,
    many: Notify,
    /// Where entries have to survive the machine.
    lasting: Option<Arc<Lasting>>,
}

/// A leg whose vendor has been asked, and whose end is not in the books yet.
#[derive(Debug)]
pub struct OpenLeg {
    open: Open,
    intent: Box<Intent>,
    hold: Option<Arc<Hold>>,
    /// When its answer was last noted down, counted from the beginning of the request.
    noted: Duration,
}

impl OpenLeg {
    /// What is set aside for it.
    pub(crate) const fn hold(&self) -> Option<&Arc<Hold>> {
        self.hold.as_ref()
    }
}

impl Ledger {
    /// Books in this journal.
    pub fn new(journal: Journal, refuses_unpriced: bool) -> Self {
        let lasting = (journal.options().durability == Durability::Host).then(Lasting::new);
        Self {
            journal,
            refuses_unpriced,
            lost: AtomicU64::new(0),
            is_full: AtomicBool::new(false),
            waiting: AtomicU64::new(0),
            many: Notify::new(),
            lasting,
        }
    }

    /// Ends when what is noted down by now survives the machine: `true`, or `false` if it never will. `None` where it does not
    /// have to.
    pub fn lasts(&self) -> Option<impl Future<Output = bool> + Send + use<>> {
        self.lasting.clone().map(|lasting| lasting.wait(self.journal.mark()))
    }

    /// Ends when what is noted down by now survives the process, and the machine where it has to; whether it does. Where
    /// others are `busy` as well, what they note down in the same turn of their thread's loop is written together.
    pub async fn is_kept(&self, busy: bool) -> bool {
        let turn = Turn { ledger: self, mark: self.journal.mark() };
        if busy && turn.is_written().is_none() {
            tokio::task::yield_now().await;
        }
        let is_written = turn.write();
        match self.lasts() {
            // Boxed: few want their entries to survive the machine.
            Some(lasts) if is_written => Box::pin(lasts).await,
            _ => is_written,
        }
    }

    /// Makes what is written lasting, where that is wanted. Never ends.
    pub(crate) async fn keep_lasting(&self) {
        match &self.lasting {
            Some(lasting) => lasting.run(&self.journal).await,
            None => std::future::pending().await,
        }
    }

    /// What a request is told whose cost cannot be written down for good.
    pub fn does_not_last() -> ApiError {
        let message = "what this request costs cannot be written down now";
        ApiError::new(ErrorKind::Unavailable, Layer::Gateway, message)
            .with_code("ledger_unavailable")
            .with_retry_after_ms(1_000)
    }

    /// The journal.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Entries that could not be written.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Notes down that a vendor is about to be asked. Nothing may be sent before this [is kept](Self::is_kept). `rates` is
    /// what the request has reserved of rates: it counts against those that outlive this process.
    ///
    /// # Errors
    /// 503 if it cannot be noted down; 400 for a model without a known price, where the configuration wants that.
    pub fn intend(
        &self,
        record: &Record,
        leg: &Leg,
        number: usize,
        hold: Option<Arc<Hold>>,
        rates: Option<&Reservation>,
    ) -> Result<OpenLeg, ApiError> {
        if self.refuses_unpriced && leg.pricing.prices.is_none() {
            let message = format!("the price of {}/{} is not known", leg.provider, leg.model);
            return Err(ApiError::new(ErrorKind::InvalidRequest, Layer::Budget, message)
                .with_code("model_without_price"));
        }
        let mut entry = entry::intended(record, leg, number);
        if let Some(hold) = &hold {
            entry.charges = hold.charges();
            entry.reserved = hold.reserved();
        }
        entry.charges.extend(rates.into_iter().flat_map(Reservation::rates).map(hold::charge));
        let rate = |item: Item| {
            leg.pricing.prices.as_ref().and_then(|prices| prices.rate(item)).map_or(0, Rate::femtos)
        };
        let intent = Box::new(Intent {
            entry,
            prompt_tokens: tokens(record.request_bytes),
            input_rate: rate(Item::Input),
            output_rate: rate(Item::Output),
        });
        match self.journal.intend_soon(&intent) {
            Ok(open) => Ok(OpenLeg { open, intent, hold, noted: leg.sent_at }),
            Err(error) => {
                self.tell_full(&error);
                Err(Self::does_not_last())
            }
        }
    }

    /// Notes down how far a streamed answer has come, now and then.
    pub fn note(&self, leg: &mut OpenLeg, content_bytes: u64, age: Duration, now: UnixMs) {
        if age.saturating_sub(leg.noted) < CHECKPOINT {
            return;
        }
        leg.noted = age;
        // Of no use to the request, and better late than never to the books.
        let _best_effort = self.journal.checkpoint(&leg.open, tokens(content_bytes), now);
    }

    /// Closes the books on a leg: at once, or `soon`, where somebody waits until that [is kept](Self::is_kept).
    pub fn settle(&self, open: OpenLeg, record: &Record, leg: &Leg, ending: &Ending<'_>, soon: bool) {
        let OpenLeg { open, mut intent, hold, .. } = open;
        // Where it stands: it is large.
        entry::settle(&mut intent.entry, record, leg, ending);
        if let Some(hold) = hold {
            hold.spent(&mut intent.entry);
        }
        let entry = Arc::new(intent.entry);
        let settled = match soon {
            true => self.journal.settle_soon(open, entry.clone()),
            false => self.journal.settle(open, entry.clone()),
        };
        if let Err(error) = settled {
            self.count_lost();
            let entry = serde_json::to_string(&*entry).unwrap_or_default();
            tracing::error!(%error, entry, "an entry could not be written into the journal");
        } else if self.waiting.fetch_add(1, Ordering::Relaxed) + 1 == MANY {
            self.many.notify_one();
        }
    }

    /// Ends when many entries wait to be brought into the database.
    async fn has_many(&self) {
        self.many.notified().await;
    }

    /// An entry is lost.
    fn count_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// The journal takes no more.
    fn tell_full(&self, error: &JournalError) {
        if !self.is_full.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the journal takes no more: new requests are refused");
        }
    }

    /// The journal has taken something.
    fn tell_written(&self) {
        if self.is_full.load(Ordering::Relaxed) && self.is_full.swap(false, Ordering::Relaxed) {
            tracing::info!("the journal has room again");
        }
    }
}

/// What somebody has noted down, and waits for. Written when it is dropped, if nobody has done so by then.
struct Turn<'a> {
    ledger: &'a Ledger,
    mark: Mark,
}

impl Turn<'_> {
    fn is_written(&self) -> Option<bool> {
        self.ledger.journal.is_written(self.mark)
    }

    /// Writes it, with what others have noted down; whether the system has it.
    fn write(&self) -> bool {
        self.is_written().unwrap_or_else(|| match self.ledger.journal.flush() {
            Ok(()) => {
                self.ledger.tell_written();
                true
            }
            Err(error) => {
                self.ledger.tell_full(&error);
                false
            }
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.write();
    }
}

/// Tokens that so many bytes are taken for.
fn tokens(bytes: u64) -> i64 {
    i64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(i64::MAX)
}
