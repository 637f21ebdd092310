//! Budgets that the router keeps to: of vendors, of deployments, of labels.

use std::sync::Arc;

use indexmap::IndexMap;
use llm_router::BudgetLive;
use llm_router::settings::{BudgetPeriod, BudgetSettings};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};

use crate::exchange::{Record, Sink};

/// Budgets by what they bound, such as `provider openai`: what outlives the configuration.
#[derive(Debug, Default)]
pub struct Purse(papaya::HashMap<Box<str>, Arc<BudgetLive>>);

/// What a budget bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All that is spent at a vendor.
    Provider(&'a str),
    /// What is spent at one deployment.
    Deployment(&'a str),
    /// What requests with a label spend.
    Tag(&'a str),
}

impl Scope<'_> {
    /// A name for logs and metrics, and whose it is.
    pub const fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Provider(name) => ("provider", name),
            Self::Deployment(id) => ("deployment", id),
            Self::Tag(tag) => ("tag", tag),
        }
    }
}

impl Purse {
    /// The budget of this scope, as large as it is now to be. What has been spent of it stays spent.
    pub fn budget(&self, scope: Scope<'_>, usd: f64, period_ms: u64) -> Arc<BudgetLive> {
        let (sort, name) = scope.parts();
        let key = format!("{sort} {name}").into_boxed_str();
        let kept = self.0.pin();
        let budget = kept.get_or_insert_with(key, || Arc::new(BudgetLive::new(usd, period_ms))).clone();
        if budget.limit().to_bits() != usd.to_bits() || budget.period_ms() != period_ms {
            budget.set(usd, period_ms);
        }
        budget
    }

    /// A budget by its sort and name.
    pub fn get(&self, key: &str) -> Option<Arc<BudgetLive>> {
        self.0.pin().get(key).cloned()
    }

    /// Every budget by its sort and name, for other processes.
    pub fn each(&self, mut see: impl FnMut(&str, &Arc<BudgetLive>)) {
        for (key, budget) in &self.0.pin() {
            see(key, budget);
        }
    }
}

/// One budget of the configuration.
#[derive(Debug, Clone)]
pub struct Budget {
    /// How large it is, as configured.
    pub settings: BudgetSettings,
    /// What is spent of it.
    pub live: Arc<BudgetLive>,
}

/// The budgets of the configuration that are no deployment's own.
#[derive(Debug, Default)]
pub struct Budgets {
    /// By vendor, in the order of the configuration.
    pub providers: IndexMap<String, Budget>,
    /// By label.
    pub tags: IndexMap<String, Budget>,
}

impl Budgets {
    /// The budgets that these settings name.
    pub fn new(
        purse: &Purse,
        providers: &IndexMap<String, BudgetSettings>,
        tags: &IndexMap<String, BudgetSettings>,
    ) -> Self {
        let kept = |(name, settings): (&String, &BudgetSettings), scope: Scope<'_>| {
            let live = purse.budget(scope, settings.budget_limit, settings.time_period.as_ms());
            (name.clone(), Budget { settings: settings.clone(), live })
        };
        Self {
            providers: providers.iter().map(|entry| kept(entry, Scope::Provider(entry.0))).collect(),
            tags: tags.iter().map(|entry| kept(entry, Scope::Tag(entry.0))).collect(),
        }
    }

    /// The budgets of these labels.
    ///
    /// # Errors
    /// 429 if one of them is spent: no deployment may serve a request with such a label.
    pub fn of_tags<'t>(
        &self,
        tags: impl IntoIterator<Item = &'t str>,
        now: UnixMs,
    ) -> Result<Vec<Arc<BudgetLive>>, ApiError> {
        if self.tags.is_empty() {
            return Ok(Vec::new());
        }
        let mut budgets = Vec::new();
        for tag in tags {
            let Some(budget) = self.tags.get(tag) else { continue };
            if budget.live.used(now) >= 1.0 {
                let message = format!(
                    "the budget of the label {tag:?} is spent: {} USD in {}",
                    budget.settings.budget_limit,
                    String::from(budget.settings.time_period),
                );
                let mut error = ApiError::new(ErrorKind::QuotaExceeded, Layer::Router, message)
                    .with_code("budget_exceeded");
                error.retry_after_ms = budget.live.export(now).map(|(_, until)| until.since(now));
                return Err(error);
            }
            budgets.push(budget.live.clone());
        }
        Ok(budgets)
    }
}

/// The period of a deployment's budget where the configuration is silent: a day.
pub fn period_ms(configured: Option<BudgetPeriod>) -> u64 {
    configured.map_or(86_400_000, BudgetPeriod::as_ms)
}

/// Takes what requests cost out of the budgets that they concern, when they end.
#[derive(Debug, Default)]
pub struct BudgetSink;

impl Sink for BudgetSink {
    fn record(&self, record: &Record) {
        let ended = record.started.plus(record.duration.as_millis() as u64);
        let total = record.bill.as_ref().map(|bill| bill.cost.total);
        if let Some(total) = total.filter(|_| !record.budgets.is_empty()) {
            charge(&record.budgets, total, ended);
        }
        let mut parts = record.legs.iter().filter(|leg| leg.seen.is_some()).peekable();
        if parts.peek().is_none() {
            // Nearly every request: one deployment has answered.
            if let Some((leg, total)) = record.leg().filter(|leg| !leg.budgets.is_empty()).zip(total) {
                charge(leg.budgets.iter(), total, ended);
            }
            return;
        }
        // Each deployment is paid for its own part of the answer.
        for leg in parts.filter(|leg| !leg.budgets.is_empty()) {
            let seen = leg.seen.as_deref();
            let bill = seen.and_then(|seen| leg.pricing.bill(seen, record.request_bytes, record.started));
            if let Some(bill) = bill {
                charge(leg.budgets.iter(), bill.cost.total, ended);
            }
        }
    }
}

/// Takes a cost out of budgets.
pub fn charge<'b>(
    budgets: impl IntoIterator<Item = &'b Arc<BudgetLive>>,
    cost: llm_pricing::Usd,
    now: UnixMs,
) {
    let usd = cost.nanos() as f64 / 1e9;
    budgets.into_iter().for_each(|budget| budget.spent(usd, now));
}

/// Budgets of a configuration by vendor; a vendor may go by another of its names.
pub(crate) fn of_provider<'b>(
    budgets: &'b IndexMap<String, Budget>,
    names: impl IntoIterator<Item = &'b str>,
) -> Option<&'b Budget> {
    names.into_iter().find_map(|name| budgets.get(name))
}

/// Nothing is bounded, mostly: one list for all deployments of which that is so.
pub(crate) fn none() -> Arc<[Arc<BudgetLive>]> {
    static NONE: std::sync::LazyLock<Arc<[Arc<BudgetLive>]>> = std::sync::LazyLock::new(|| Arc::from([]));
    NONE.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    fn settings(usd: f64) -> IndexMap<String, BudgetSettings> {
        let settings = serde_json::json!({"team-a": {"budget_limit": usd, "time_period": "1h"}});
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn what_is_spent_stays_spent_when_the_configuration_changes() {
        let purse = Purse::default();
        let of = |usd| Budgets::new(&purse, &IndexMap::new(), &settings(usd));
        let first = of(1.0);
        charge(
            &first.of_tags(["team-a", "other"], NOW).unwrap(),
            llm_pricing::Usd::from_nanos(600_000_000),
            NOW,
        );
        assert_eq!(first.tags["team-a"].live.used(NOW), 0.6);
        let error = of(0.5).of_tags(["team-a"], NOW).unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::QuotaExceeded, Some("budget_exceeded")));
        assert_eq!(error.retry_after_ms, Some(3_600_000));
        assert!(of(2.0).of_tags(["team-a"], NOW).is_ok());
        assert!(of(0.5).of_tags(["team-a"], NOW.plus(3_600_000)).is_ok(), "a new period");
        assert!(of(0.5).of_tags(["other"], NOW).unwrap().is_empty());
        let mut seen = Vec::new();
        purse.each(|key, _| seen.push(key.to_owned()));
        assert_eq!(seen, ["tag team-a"]);
    }

    #[test]
    fn a_vendor_goes_by_any_of_its_names() {
        let budgets = Budgets::new(&Purse::default(), &settings(1.0), &IndexMap::new());
        assert!(of_provider(&budgets.providers, ["openai", "team-a"]).is_some());
        assert!(of_provider(&budgets.providers, ["openai"]).is_none());
    }
}
