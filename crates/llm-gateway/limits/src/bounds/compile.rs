//! Bounds out of records.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use llm_pricing::Usd;
use llm_tenancy::{
    AccessGroup, Budget, BudgetId, EndUser, EndUserId, LimitKind, Limits, OrganizationId, Period, Records,
    Spending, Tag,
};
use smallvec::SmallVec;

use super::Fallback;
use crate::{AccountId, Bound, Bounds, Cycle, Level, Measure, Part, ProxyLimits, Rules};

impl Bounds {
    /// What bounds a caller: key, project, membership, team, user, organisation, and the groups of models. `budgets` are the
    /// rows that the records refer to; of those that are not there nothing is taken.
    pub fn of(records: &Records<'_>, budgets: &[Budget], rules: &Rules) -> Self {
        let Records { key, user, team, member, organization, project, access_groups, .. } = *records;
        let mut making = Making::new(access_groups);
        let of_team = team.and_then(|team| team.organization_id.as_ref());
        let of_key = key.organization_id.as_ref().or(of_team);
        let row =
            |id: &Option<BudgetId>| id.as_ref().and_then(|id| budgets.iter().find(|it| it.budget_id == *id));

        let hash = key.hash.to_string();
        let subject = Subject::new(Level::Key, &[&hash], of_key).anew(&key.spending);
        let mut limits = with_row(&key.limits, row(&key.budget_id));
        limits.max_parallel_requests = limits.max_parallel_requests.or(rules.key_parallel);
        making.add(&subject, &limits);
        if let Some(project) = project {
            let subject = Subject::new(Level::Project, &[project.project_id.as_str()], of_team);
            let subject = subject.anew(&project.spending);
            making.add(&subject, &with_row(&project.limits, row(&project.budget_id)));
        }
        if let Some((team, member)) = team.zip(member) {
            let ids = [team.team_id.as_str(), member.user_id.as_str()];
            let limits = match row(&member.budget_id) {
                Some(row) => with_row(&member.limits, Some(row)),
                None => member.limits_in(team).clone(),
            };
            making.add(&Subject::new(Level::Member, &ids, of_team).anew(&member.spending), &limits);
        }
        if let Some(team) = team {
            let subject = Subject::new(Level::Team, &[team.team_id.as_str()], of_team).anew(&team.spending);
            making.add(&subject, &with_row(&team.limits, row(&team.budget_id)));
        }
        if let Some(user) = user.filter(|_| key.team_id.is_none() || rules.user_bounds_team_keys) {
            // A user may have keys of several organisations, and one account.
            let subject = Subject::new(Level::User, &[user.user_id.as_str()], None).anew(&user.spending);
            making.add(&subject, &with_row(&user.limits, row(&user.budget_id)));
        }
        if let Some(organization) = organization {
            let id = &organization.organization_id;
            let subject = Subject::new(Level::Organization, &[id.as_str()], Some(id));
            let subject = subject.anew(&organization.spending);
            making.add(&subject, &with_row(&organization.limits, row(&organization.budget_id)));
        }
        for group in access_groups {
            making.add_group(group);
        }
        making.done()
    }

    /// What bounds the requests for an end user.
    pub fn of_end_user(end_user: &EndUser, budget: Option<&Budget>, rules: &Rules) -> Self {
        Self::of_whom(&end_user.user_id, &with_row(&end_user.limits, budget), rules)
    }

    /// What bounds the requests for an end user of whom there is no record: the budget for all such, if there is one.
    pub fn of_unknown_end_user(id: &EndUserId, budget: Option<&Budget>, rules: &Rules) -> Self {
        match budget {
            Some(budget) => Self::of_whom(id, &budget.limits, rules),
            None => Self::of_whom(id, &Limits::default(), rules),
        }
    }

    /// Who has no budget has that of all who have none.
    fn of_whom(id: &EndUserId, limits: &Limits, rules: &Rules) -> Self {
        let mut making = Making::new(&[]);
        let subject = Subject::new(Level::EndUser, &[id.as_str()], None);
        making.add(&subject, limits);
        let has_none = limits.max_budget.is_none() && limits.budget_limits.is_empty();
        if let Some(budget) = rules.end_user_budget.filter(|_| has_none) {
            let bound = bound(&subject, Measure::Spend, Cycle::Ever, None);
            making.push(Bound { limit: Some(nanos(budget)), ..bound });
        }
        making.done()
    }

    /// What bounds the requests with a label.
    pub fn of_tag(tag: &Tag, budget: Option<&Budget>) -> Self {
        let mut making = Making::new(&[]);
        let subject = Subject::new(Level::Tag, &[tag.name.as_str()], None);
        making.add(&subject, &with_row(&tag.limits, budget));
        making.done()
    }

    /// What bounds all requests together.
    pub fn of_proxy(limits: &ProxyLimits) -> Self {
        let mut making = Making::new(&[]);
        let limits = Limits {
            max_budget: limits.max_budget,
            budget_duration: limits.budget_duration,
            max_parallel_requests: limits.max_parallel_requests,
            ..Limits::default()
        };
        making.add(&Subject::new(Level::Proxy, &[], None), &limits);
        making.done()
    }

    /// What bounds the models of groups, for callers that have no records: the master key.
    pub fn of_groups(groups: &[AccessGroup]) -> Self {
        let mut making = Making::new(groups);
        for group in groups {
            making.add_group(group);
        }
        making.done()
    }
}

/// What a record says, and of what it does not say what its row says.
fn with_row(own: &Limits, row: Option<&Budget>) -> Limits {
    let Some(Budget { limits: row, .. }) = row else { return own.clone() };
    let map = |own: &BTreeMap<String, u64>, row: &BTreeMap<String, u64>| {
        if own.is_empty() { row.clone() } else { own.clone() }
    };
    let or = |own: Option<u64>, row: Option<u64>| own.or(row);
    Limits {
        max_budget: own.max_budget.or(row.max_budget),
        soft_budget: own.soft_budget.or(row.soft_budget),
        budget_duration: own.budget_duration.or(row.budget_duration),
        budget_limits: if own.budget_limits.is_empty() { &row.budget_limits } else { &own.budget_limits }
            .clone(),
        temp_budget: own.temp_budget.or(row.temp_budget),
        model_max_budget: if own.model_max_budget.is_empty() {
            &row.model_max_budget
        } else {
            &own.model_max_budget
        }
        .clone(),
        budget_fallbacks: if own.budget_fallbacks.is_empty() {
            &row.budget_fallbacks
        } else {
            &own.budget_fallbacks
        }
        .clone(),
        throttle_on_budget_exceeded: own.throttle_on_budget_exceeded || row.throttle_on_budget_exceeded,
        tpm_limit: or(own.tpm_limit, row.tpm_limit),
        rpm_limit: or(own.rpm_limit, row.rpm_limit),
        tpd_limit: or(own.tpd_limit, row.tpd_limit),
        rate_limits: if own.rate_limits.is_empty() { &row.rate_limits } else { &own.rate_limits }.clone(),
        max_parallel_requests: or(own.max_parallel_requests, row.max_parallel_requests),
        model_tpm_limit: map(&own.model_tpm_limit, &row.model_tpm_limit),
        model_rpm_limit: map(&own.model_rpm_limit, &row.model_rpm_limit),
        mcp_rpm_limit: map(&own.mcp_rpm_limit, &row.mcp_rpm_limit),
        tag_rpm_limit: map(&own.tag_rpm_limit, &row.tag_rpm_limit),
        tpm_limit_type: own.tpm_limit_type.or(row.tpm_limit_type),
        rpm_limit_type: own.rpm_limit_type.or(row.rpm_limit_type),
        default_estimated_output_tokens: or(
            own.default_estimated_output_tokens,
            row.default_estimated_output_tokens,
        ),
        default_estimated_output_tokens_per_model: map(
            &own.default_estimated_output_tokens_per_model,
            &row.default_estimated_output_tokens_per_model,
        ),
    }
}

/// Whose bounds are being made.
pub(super) struct Subject<'a> {
    level: Level,
    ids: SmallVec<[&'a str; 2]>,
    shown: Arc<str>,
    shelf: Option<Arc<str>>,
    /// How often its budgets were begun anew by hand.
    resets: u32,
}

impl<'a> Subject<'a> {
    pub(super) fn new(level: Level, ids: &[&'a str], organization: Option<&OrganizationId>) -> Self {
        let shelf = organization.map(|id| format!("org/{id}").into());
        Self { level, ids: SmallVec::from_slice(ids), shown: ids.join("/").into(), shelf, resets: 0 }
    }

    /// The same with budgets that count from when they were last begun anew.
    fn anew(self, spending: &Spending) -> Self {
        Self { resets: spending.resets, ..self }
    }
}

/// Bounds so far.
struct Making<'a> {
    groups: &'a [AccessGroup],
    list: Vec<Bound>,
    estimated: Vec<(Option<Box<str>>, i64)>,
    fallbacks: Vec<Fallback>,
    families: u16,
}

impl<'a> Making<'a> {
    const fn new(groups: &'a [AccessGroup]) -> Self {
        Self { groups, list: Vec::new(), estimated: Vec::new(), fallbacks: Vec::new(), families: 0 }
    }

    fn done(self) -> Bounds {
        Bounds {
            has_brakes: self.list.iter().any(|bound| bound.brake.is_some()),
            has_reserves: false,
            list: self.list.into(),
            estimated_output: self.estimated.into(),
            fallbacks: self.fallbacks.into(),
        }
    }

    fn add(&mut self, subject: &Subject<'_>, limits: &Limits) {
        let first = self.list.len();
        self.add_budgets(subject, limits, None);
        self.add_rates(subject, limits, None);
        self.add_by_model(subject, limits);
        let by_name = |map: &BTreeMap<String, u64>, part: fn(Box<str>) -> Part| {
            let part = move |name: &String| part(name.as_str().into());
            map.iter().map(|(name, limit)| (part(name), whole(*limit))).collect::<Vec<_>>()
        };
        let tags = by_name(&limits.tag_rpm_limit, Part::Tag);
        for (part, limit) in tags.into_iter().chain(by_name(&limits.mcp_rpm_limit, Part::Server)) {
            let bound = bound(subject, Measure::Requests, Cycle::Minute, Some(part));
            self.push(Bound { limit: Some(limit), ..bound });
        }
        if limits.throttle_on_budget_exceeded {
            brake(&mut self.list[first..]);
        }
        let of_models = limits.default_estimated_output_tokens_per_model.iter();
        self.estimated.extend(of_models.map(|(name, tokens)| (Some(name.as_str().into()), whole(*tokens))));
        self.estimated.extend(limits.default_estimated_output_tokens.map(|tokens| (None, whole(tokens))));
        for (name, instead) in &limits.budget_fallbacks {
            let instead = instead.iter().map(|name| name.as_str().into()).collect();
            self.fallbacks.push((name.as_str().into(), instead));
        }
    }

    /// A group's bounds are those of its models, whoever asks them.
    fn add_group(&mut self, group: &AccessGroup) {
        let part = Part::Model {
            name: group.access_group_name.as_str().into(),
            models: group.models.iter().map(|model| model.as_str().into()).collect(),
        };
        let id = [group.access_group_id.as_str()];
        let subject = Subject::new(Level::AccessGroup, &id, None);
        let is_spent_from = self.list.len();
        self.add_budgets(&subject, &group.limits, Some(&part));
        if self.list.len() == is_spent_from {
            // Without a budget: what is spent of it is told.
            self.push(Bound {
                part: Some(part.clone()),
                ..bound(&subject, Measure::Spend, Cycle::Ever, None)
            });
        }
        self.add_rates(&subject, &group.limits, Some(&part));
    }

    fn add_budgets(&mut self, subject: &Subject<'_>, limits: &Limits, of: Option<&Part>) {
        let cycle = cycle(limits.budget_duration);
        let money = |cycle| Bound { part: of.cloned(), ..bound(subject, Measure::Spend, cycle, None) };
        if limits.max_budget.is_some() || limits.soft_budget.is_some() {
            self.push(Bound {
                limit: limits.max_budget.map(nanos),
                soft: limits.soft_budget.map(nanos),
                increase: limits.temp_budget.map(|more| (more.increase.nanos(), more.expires_at)),
                ..money(cycle)
            });
        }
        for window in &limits.budget_limits {
            let limit = Some(nanos(window.max_budget));
            self.push(Bound { limit, ..money(Cycle::Of(window.budget_duration)) });
        }
    }

    fn add_rates(&mut self, subject: &Subject<'_>, limits: &Limits, of: Option<&Part>) {
        let is_dynamic = |kind: Option<LimitKind>| kind == Some(LimitKind::Dynamic);
        for (measure, cycle, limit, is_dynamic) in [
            (Measure::Requests, Cycle::Minute, limits.rpm_limit, is_dynamic(limits.rpm_limit_type)),
            (Measure::Tokens, Cycle::Minute, limits.tpm_limit, is_dynamic(limits.tpm_limit_type)),
            (Measure::Tokens, Cycle::Day, limits.tpd_limit, false),
            (Measure::Parallel, Cycle::Ever, limits.max_parallel_requests, false),
        ] {
            if let Some(limit) = limit {
                let bound = bound(subject, measure, cycle, None);
                self.push(Bound { limit: Some(whole(limit)), part: of.cloned(), is_dynamic, ..bound });
            }
        }
        for rate in &limits.rate_limits {
            for (measure, limit) in [(Measure::Requests, rate.requests), (Measure::Tokens, rate.tokens)] {
                if let Some(limit) = limit {
                    let bound = bound(subject, measure, Cycle::Of(rate.window), None);
                    self.push(Bound { limit: Some(whole(limit)), part: of.cloned(), ..bound });
                }
            }
        }
    }

    fn add_by_model(&mut self, subject: &Subject<'_>, limits: &Limits) {
        let minute = |limit: Option<u64>| limit.map(|limit| (Cycle::Minute, whole(limit)));
        let budgets = &limits.model_max_budget;
        let money = budgets.iter().filter_map(|(name, budget)| {
            Some((name, (cycle(budget.time_period), nanos(budget.budget_limit?))))
        });
        let requests = budgets.iter().filter_map(|(name, budget)| Some((name, minute(budget.rpm_limit)?)));
        let tokens = budgets.iter().filter_map(|(name, budget)| Some((name, minute(budget.tpm_limit)?)));
        let plain = |map: &'_ BTreeMap<String, u64>| {
            let entries = map.iter().filter_map(|(name, limit)| Some((name.clone(), minute(Some(*limit))?)));
            entries.collect::<Vec<_>>()
        };
        let own = |entries: Vec<(&String, (Cycle, i64))>| {
            entries.into_iter().map(|(name, limit)| (name.clone(), limit)).collect::<Vec<_>>()
        };
        for (measure, entries) in [
            (Measure::Spend, own(money.collect())),
            (Measure::Requests, own(requests.collect())),
            (Measure::Tokens, own(tokens.collect())),
            (Measure::Requests, plain(&limits.model_rpm_limit)),
            (Measure::Tokens, plain(&limits.model_tpm_limit)),
        ] {
            self.add_family(subject, measure, entries);
        }
    }

    /// The entries of one map, the most exact first.
    fn add_family(
        &mut self,
        subject: &Subject<'_>,
        measure: Measure,
        mut entries: Vec<(String, (Cycle, i64))>,
    ) {
        if entries.is_empty() {
            return;
        }
        self.families += 1;
        let family = self.families;
        let rank = |name: &str| (name.contains('*'), self.group(name).is_some(), usize::MAX - name.len());
        entries.sort_by_cached_key(|(name, _)| rank(name));
        for (name, (cycle, limit)) in entries {
            let part = Part::Model { models: self.models(&name), name: name.into() };
            self.push(Bound { limit: Some(limit), family, ..bound(subject, measure, cycle, Some(part)) });
        }
    }

    fn group(&self, name: &str) -> Option<&'a AccessGroup> {
        self.groups.iter().find(|group| group.access_group_name == name)
    }

    /// What a name in a list of models stands for: itself, and the models of the group with that name.
    fn models(&self, name: &str) -> Box<[Box<str>]> {
        let of_group = self.group(name).map(|group| group.models.as_slice()).unwrap_or_default();
        std::iter::once(name).chain(of_group.iter().map(String::as_str)).map(Into::into).collect()
    }

    /// Adds a bound, or makes one that is there narrower: one account is taken from once.
    fn push(&mut self, bound: Bound) {
        let same = |it: &&mut Bound| it.account == bound.account && it.family == bound.family;
        let Some(there) = self.list.iter_mut().find(same) else {
            self.list.push(bound);
            return;
        };
        let narrower = bound.limit.is_some_and(|limit| there.limit.is_none_or(|it| limit < it));
        if narrower {
            (there.limit, there.increase) = (bound.limit, bound.increase);
        }
        there.soft = there.soft.into_iter().chain(bound.soft).min();
        there.is_dynamic &= bound.is_dynamic;
    }
}

/// Where a subject has rates, they are what is throttled, and its budgets refuse nothing; where it has none, they refuse.
fn brake(bounds: &mut [Bound]) {
    let is_rate =
        |bound: &Bound| matches!(bound.measure, Measure::Requests | Measure::Tokens) && bound.part.is_none();
    if !bounds.iter().any(is_rate) {
        return;
    }
    for bound in bounds {
        if is_rate(bound) {
            bound.is_braked = true;
        } else if bound.measure == Measure::Spend && bound.part.is_none() {
            bound.brake = bound.limit.take();
        }
    }
}

pub(super) fn bound(subject: &Subject<'_>, measure: Measure, cycle: Cycle, part: Option<Part>) -> Bound {
    let name = AccountId::name_of(measure, cycle, subject.level, &subject.ids, part.as_ref());
    let name = if measure == Measure::Spend { AccountId::anew(name, subject.resets) } else { name };
    let shelf = subject.shelf.clone().unwrap_or_else(|| name.clone());
    Bound {
        level: subject.level,
        subject: subject.shown.clone(),
        part,
        measure,
        cycle,
        limit: None,
        increase: None,
        soft: None,
        brake: None,
        account: AccountId { name, shelf },
        is_dynamic: false,
        saturates: None,
        is_reserve: false,
        is_braked: false,
        family: 0,
        resolved: OnceLock::new(),
    }
}

fn cycle(period: Option<Period>) -> Cycle {
    period.map_or(Cycle::Ever, Cycle::Of)
}

/// A budget below nothing is none left.
fn nanos(amount: Usd) -> i64 {
    amount.nanos().max(0)
}

pub(super) fn whole(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
