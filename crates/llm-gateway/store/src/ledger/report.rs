//! Reports over several dimensions at once: out of the days' sums where these have what is asked for, else out of those by
//! whose entries they are, or by these and the ways that they went, else out of the entries.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use llm_ledger::SmolStr;
use llm_tenancy::management::Scope;
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait as _, JoinType, Query, SelectStatement};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult};

use super::check::amounts;
use super::day::{DAY_MS, Day};
use super::days::{ACCOUNT_DAYS, Dimension, SUMMED, Sums, WAY_DAYS};
use super::kin::{ACCOUNTS, Numbers, Terms, WAYS};
use super::sums::{Group, SumOrder, SumQuery, sum};
use super::upsert::askable;
use super::{reach, row};
use crate::Store;
use crate::error::{Result, StoreError};

/// The most lines of a report.
const MOST: u64 = 100_000;

/// By what a report's lines differ, or which entries it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Facet {
    /// The day. No filter: a report has a first and a last day.
    Day,
    /// The month. No filter either.
    Month,
    /// The key, by its hash.
    Key,
    /// The key's user.
    User,
    /// The team.
    Team,
    /// The organisation.
    Organization,
    /// The project.
    Project,
    /// Whom the request was for.
    EndUser,
    /// A label. An entry with several is in the line of each.
    Tag,
    /// The model, as clients named it.
    Model,
    /// The vendor.
    Vendor,
    /// The deployment.
    Deployment,
    /// What became of the request.
    Status,
    /// The model, as the vendor names it.
    VendorModel,
    /// The route, as in the route table.
    Route,
}

/// Which sums a report shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportQuery {
    /// By what lines differ. What belongs to no key, user, team and so on is in no line by these. Nothing: one line, of
    /// all.
    pub by: Vec<Facet>,
    /// Only entries of which each of these is one of its texts. An empty list leaves nothing.
    pub only: Vec<(Facet, Vec<String>)>,
    /// From this day on.
    pub since: Option<Day>,
    /// Up to this day, which belongs to it.
    pub until: Option<Day>,
    /// What lines are sorted by.
    pub order: SumOrder,
    /// How many lines at most; all if 0.
    pub most: u64,
}

/// Which sums a report is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Those by whose entries they are.
    Accounts,
    /// Those by that and the ways that they went.
    Ways,
}

/// A line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReportLine {
    /// The day; where lines differ by months, the month's first.
    pub day: Option<Day>,
    /// What else it is of.
    pub of: BTreeMap<Facet, String>,
    /// What it comes to.
    pub sums: Sums,
}

impl ReportLine {
    /// What it is of; empty if lines do not differ by that.
    pub fn text(&self, facet: Facet) -> &str {
        self.of.get(&facet).map_or("", String::as_str)
    }
}

impl Store {
    /// Sums of entries within a scope. An entry knows whose it was when it was made.
    ///
    /// For those who reach everything, what is by at most one of key, user, team and so on comes from the days' sums; so
    /// does, for everybody, what is by nothing but days and several of key, user, team, organisation and project, and
    /// what is by routes and vendors' models. Beside end users, labels and statuses, these come from the entries that
    /// are left.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for days and months at once, and for more than 100,000 lines; else those of the database.
    pub async fn report(&self, query: &ReportQuery, scope: &Scope) -> Result<Vec<ReportLine>> {
        if query.by.contains(&Facet::Day) && query.by.contains(&Facet::Month) {
            return Err(StoreError::Invalid("a report is by days or by months".to_owned()));
        }
        if query.only.iter().any(|(_, texts)| askable(texts).is_empty()) {
            return Ok(Vec::new());
        }
        match query.of_days().filter(|_| scope.all) {
            Some(days) => {
                let lines = self.sum_days(&days, scope).await?;
                let lines =
                    lines.into_iter().filter(|line| query.by.is_empty() || line.sums != Sums::default());
                Ok(lines.map(|line| query.line(&line)).collect())
            }
            None => self.tally(query, scope).await,
        }
    }

    async fn tally(&self, query: &ReportQuery, scope: &Scope) -> Result<Vec<ReportLine>> {
        let sums = query.sums();
        let backend = self.db().backend();
        let select = match sums {
            Some(of) => query.of_sums(of, backend, scope),
            None => query.select(backend, &self.numbers(&ACCOUNTS, query.accounts(scope)).await?),
        };
        let day = |row: &QueryResult, facet: &Facet| {
            let at: i64 = row.try_get("", facet.alias())?;
            Ok::<_, StoreError>(if sums.is_some() { Day::from_number(at) } else { Day::of(UnixMs(at)) })
        };
        let rows = self.db().read(async { Ok(self.db().reader().query_all(&select).await?) }).await?;
        if rows.len() as u64 > MOST {
            return Err(StoreError::Invalid(format!("the report has more than {MOST} lines: ask for less")));
        }
        let mut lines: BTreeMap<(Option<Day>, Vec<String>), Sums> = BTreeMap::new();
        let of_entries = sums.is_none() && query.facets().any(Facet::is_of_way);
        for row in &rows {
            let terms = if of_entries { row::read_terms(row)? } else { Terms::default() };
            let is_meant = |(facet, texts): &(Facet, Vec<String>)| {
                facet.of_terms(&terms).is_none_or(|text| texts.iter().any(|meant| text == meant))
            };
            if of_entries && !query.only.iter().all(is_meant) {
                continue;
            }
            let (mut at, mut of) = (None, Vec::new());
            for facet in &query.by {
                match facet {
                    Facet::Day => at = Some(day(row, facet)?),
                    Facet::Month => at = Some(day(row, facet)?.first_of_month()),
                    _ => of.push(match facet.of_terms(&terms).filter(|_| of_entries) {
                        Some(text) => text.to_string(),
                        None => row.try_get("", facet.alias())?,
                    }),
                }
            }
            lines.entry((at, of)).or_default().add(&Sums::read(row)?);
        }
        if query.by.is_empty() && lines.is_empty() {
            lines.insert((None, Vec::new()), Sums::default());
        }
        let facets = || query.by.iter().copied().filter(|facet| !facet.is_time());
        let line = |((day, of), sums)| ReportLine { day, of: facets().zip(of).collect(), sums };
        let mut lines: Vec<_> = lines.into_iter().map(line).collect();
        // What is equal keeps its order.
        match query.order {
            SumOrder::Groups => lines.sort_by_cached_key(|line| {
                let part = |facet: &Facet| match (facet.is_time(), line.day) {
                    (true, Some(day)) => day.to_string(),
                    _ => line.text(*facet).to_owned(),
                };
                query.by.iter().map(part).collect::<Vec<_>>()
            }),
            SumOrder::Spend => lines.sort_by_key(|line| Reverse(line.sums.spend)),
            SumOrder::Requests => lines.sort_by_key(|line| Reverse(line.sums.requests)),
        }
        if query.most > 0 {
            lines.truncate(usize::try_from(query.most).unwrap_or(usize::MAX));
        }
        Ok(lines)
    }
}

impl ReportQuery {
    /// The same of the days' sums, if these have it.
    fn of_days(&self) -> Option<SumQuery> {
        let mut dimension = None;
        let facets = self.by.iter().chain(self.only.iter().map(|(facet, _)| facet));
        for facet in facets {
            if *facet == Facet::Status || facet.is_of_way() {
                return None;
            }
            let Some(of) = facet.dimension() else { continue };
            if dimension.is_some_and(|known| known != of) {
                return None;
            }
            dimension = Some(of);
        }
        let mut query = SumQuery {
            since: self.since,
            until: self.until,
            order: self.order,
            by: self.by.iter().filter_map(|facet| facet.group()).collect(),
            ..SumQuery::new(dimension.unwrap_or(Dimension::Global))
        };
        if self.most > 0 {
            query.most = Ord::min(self.most, MOST);
        }
        let mut seen = Vec::new();
        for (facet, texts) in &self.only {
            // Said twice, both hold.
            if seen.contains(facet) {
                return None;
            }
            seen.push(*facet);
            match facet {
                Facet::Model => query.models.clone_from(texts),
                Facet::Vendor => query.vendors.clone_from(texts),
                Facet::Deployment => query.deployments.clone_from(texts),
                _ => query.ids.clone_from(texts),
            }
        }
        Some(query)
    }

    /// A line of the days' sums.
    fn line(&self, line: &super::DaySum) -> ReportLine {
        let text = |facet: Facet| match facet {
            Facet::Model => line.model.clone(),
            Facet::Vendor => line.vendor.clone(),
            Facet::Deployment => line.deployment.clone(),
            _ => line.id.clone(),
        };
        let of = self.by.iter().filter(|facet| !facet.is_time());
        let of = of.filter_map(|facet| Some((*facet, text(*facet)?))).collect();
        ReportLine { day: line.day, of, sums: line.sums }
    }

    /// All that it speaks of.
    fn facets(&self) -> impl Iterator<Item = Facet> {
        self.by.iter().copied().chain(self.only.iter().map(|(facet, _)| *facet))
    }

    /// The sums by whose entries they are that have it.
    fn sums(&self) -> Option<Of> {
        if self.facets().any(Facet::is_of_way) {
            return (!self.facets().any(Facet::is_of_entry)).then_some(Of::Ways);
        }
        self.facets().all(|facet| facet.is_time() || facet.is_of_account()).then_some(Of::Accounts)
    }

    /// Those sums.
    fn of_sums(&self, of: Of, backend: DbBackend, scope: &Scope) -> SelectStatement {
        let table = match of {
            Of::Accounts => ACCOUNT_DAYS.table,
            Of::Ways => WAY_DAYS.table,
        };
        let summed = |name: &'static str| Expr::col((Alias::new(table), Alias::new(name)));
        let id_of = |other: &'static str| Expr::col((Alias::new(other), Alias::new("id")));
        let mut select = Query::select();
        select
            .from(Alias::new(table))
            .inner_join(Alias::new(ACCOUNTS.table), id_of(ACCOUNTS.table).equals((table, "account_id")));
        if of == Of::Ways {
            select.inner_join(Alias::new(WAYS.table), id_of(WAYS.table).equals((table, "way_id")));
        }
        for name in SUMMED {
            select.expr_as(sum(backend, summed(name)), Alias::new(name));
        }
        for facet in &self.by {
            // Months are put together of their days.
            let of = if facet.is_time() { summed("day") } else { facet.of_sum() };
            if facet.is_of_account() {
                select.and_where(row::is_said(of.clone()));
            }
            select.expr_as(of.clone(), Alias::new(facet.alias())).add_group_by([of]);
        }
        if let Some(since) = self.since {
            select.and_where(summed("day").gte(since.number()));
        }
        if let Some(until) = self.until {
            select.and_where(summed("day").lte(until.number()));
        }
        let of_ways = |(facet, _): &&(Facet, Vec<String>)| !facet.is_of_account() && !facet.is_time();
        for (facet, texts) in self.only.iter().filter(of_ways) {
            select.and_where(facet.of_sum().is_in(askable(texts)));
        }
        select.cond_where(self.accounts(scope));
        select.limit(MOST + 1);
        select
    }

    /// What holds of the accounts of all entries.
    fn accounts(&self, scope: &Scope) -> Condition {
        let of_accounts = self.only.iter().filter(|(facet, _)| facet.is_of_account());
        let only = of_accounts
            .fold(Condition::all(), |all, (facet, texts)| all.add(facet.of_sum().is_in(askable(texts))));
        reach::within(scope).into_iter().fold(only, Condition::add)
    }

    fn select(&self, backend: DbBackend, accounts: &Numbers) -> SelectStatement {
        let mut select = Query::select();
        select.from(Alias::new(row::TABLE));
        if self.by.contains(&Facet::Tag) {
            select.join(JoinType::InnerJoin, Alias::new(row::TAGS), labels_of_entries());
        }
        for (name, amount) in SUMMED.into_iter().zip(amounts(&of_entry)) {
            select.expr_as(sum(backend, amount), Alias::new(name));
        }
        if self.facets().any(Facet::is_of_way) {
            // Among them is which way it went.
            let terms = of_entry(row::TERMS);
            select.expr_as(terms.clone(), Alias::new(row::TERMS)).add_group_by([terms]);
        }
        for facet in self.by.iter().filter(|facet| !facet.is_of_way()) {
            let of = facet.expression();
            if facet.dimension().is_some() {
                select.and_where(row::is_said(of.clone()));
            }
            select.expr_as(of.clone(), Alias::new(facet.alias())).add_group_by([of]);
        }
        if let Some(since) = self.since {
            select.and_where(of_entry("at_ms").gte(since.start().0));
        }
        if let Some(until) = self.until {
            select.and_where(of_entry("at_ms").lt(until.end().0));
        }
        let of_entries = |(facet, _): &&(Facet, Vec<String>)| !facet.is_of_account() && !facet.is_of_way();
        for (facet, texts) in self.only.iter().filter(of_entries) {
            let texts = askable(texts);
            if *facet == Facet::Tag && !self.by.contains(&Facet::Tag) {
                let labels = Query::select()
                    .expr(Expr::val(1))
                    .from(Alias::new(row::TAGS))
                    .cond_where(labels_of_entries())
                    .and_where(Facet::Tag.expression().is_in(texts))
                    .to_owned();
                select.and_where(Expr::exists(labels));
            } else {
                let of = facet.expression();
                if !facet.is_time() && !texts.contains("") {
                    select.and_where(row::is_said(of.clone()));
                }
                select.and_where(of.is_in(texts));
            }
        }
        accounts.narrow(&mut select, &ACCOUNTS, true);
        select.limit(MOST + 1);
        select
    }
}

fn of_entry(name: &'static str) -> Expr {
    Expr::col((Alias::new(row::TABLE), Alias::new(name)))
}

/// That a label is the entry's.
fn labels_of_entries() -> Condition {
    row::KEY.into_iter().fold(Condition::all(), |all, name| {
        all.add(Expr::col((Alias::new(row::TAGS), Alias::new(name))).eq(of_entry(name)))
    })
}

impl Facet {
    const fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Month)
    }

    const fn is_of_account(self) -> bool {
        matches!(self, Self::Key | Self::User | Self::Team | Self::Organization | Self::Project)
    }

    /// Whether only the sums of ways have it.
    const fn is_of_way(self) -> bool {
        matches!(self, Self::VendorModel | Self::Route)
    }

    /// Whether only entries have it, and sums by themselves.
    const fn is_of_entry(self) -> bool {
        matches!(self, Self::EndUser | Self::Tag | Self::Status)
    }

    /// What of an entry's terms it is.
    fn of_terms(self, terms: &Terms) -> Option<SmolStr> {
        match self {
            Self::VendorModel => Some(row::as_name(&terms.vendor_model)),
            Self::Route => Some(row::as_name(&terms.route)),
            _ => None,
        }
    }

    /// What of an account or a way it is.
    fn of_sum(self) -> Expr {
        let (table, column) = match self {
            Self::Key => (ACCOUNTS.table, "key_id"),
            Self::User => (ACCOUNTS.table, "user_id"),
            Self::Team => (ACCOUNTS.table, "team_id"),
            Self::Organization => (ACCOUNTS.table, "organization_id"),
            Self::Project => (ACCOUNTS.table, "project_id"),
            Self::Model => (WAYS.table, "model"),
            Self::Vendor => (WAYS.table, "vendor"),
            Self::Deployment => (WAYS.table, "deployment"),
            Self::VendorModel => (WAYS.table, "vendor_model"),
            _ => (WAYS.table, "route"),
        };
        Expr::col((Alias::new(table), Alias::new(column)))
    }

    /// By which days are summed for it.
    const fn dimension(self) -> Option<Dimension> {
        match self {
            Self::Key => Some(Dimension::Key),
            Self::User => Some(Dimension::User),
            Self::Team => Some(Dimension::Team),
            Self::Organization => Some(Dimension::Organization),
            Self::Project => Some(Dimension::Project),
            Self::EndUser => Some(Dimension::EndUser),
            Self::Tag => Some(Dimension::Tag),
            Self::Day | Self::Month | Self::Model | Self::Vendor | Self::Deployment => None,
            Self::Status | Self::VendorModel | Self::Route => None,
        }
    }

    /// How the days' sums are grouped by it.
    const fn group(self) -> Option<Group> {
        match self {
            Self::Day => Some(Group::Day),
            Self::Month => Some(Group::Month),
            Self::Model => Some(Group::Model),
            Self::Vendor => Some(Group::Vendor),
            Self::Deployment => Some(Group::Deployment),
            Self::Status | Self::VendorModel | Self::Route => None,
            Self::Key
            | Self::User
            | Self::Team
            | Self::Organization
            | Self::Project
            | Self::EndUser
            | Self::Tag => Some(Group::Id),
        }
    }

    /// Under which name a row has it: not that of the column, of which some databases would take the one for the other.
    const fn alias(self) -> &'static str {
        match self {
            Self::Day | Self::Month => "by_day",
            Self::Key => "by_key",
            Self::User => "by_user",
            Self::Team => "by_team",
            Self::Organization => "by_organization",
            Self::Project => "by_project",
            Self::EndUser => "by_end_user",
            Self::Tag => "by_tag",
            Self::Model => "by_model",
            Self::Vendor => "by_vendor",
            Self::Deployment => "by_deployment",
            Self::Status => "by_status",
            Self::VendorModel => "by_vendor_model",
            Self::Route => "by_route",
        }
    }

    /// What of an entry it is.
    fn expression(self) -> Expr {
        match self {
            // Months are put together of their days. No bound value: in two places it would be two.
            Self::Day | Self::Month => {
                let at = of_entry("at_ms");
                at.clone().sub(at.modulo(Expr::cust(DAY_MS.to_string())))
            }
            Self::Key => of_entry("key_id"),
            Self::User => of_entry("user_id"),
            Self::Team => of_entry("team_id"),
            Self::Organization => of_entry("organization_id"),
            Self::Project => of_entry("project_id"),
            Self::EndUser => of_entry("end_user_id"),
            Self::Tag => Expr::col((Alias::new(row::TAGS), Alias::new("tag"))),
            Self::Model => of_entry("model"),
            Self::Vendor => of_entry("vendor"),
            Self::Deployment => of_entry("deployment"),
            Self::Status => of_entry("status"),
            Self::VendorModel | Self::Route => self.of_sum(),
        }
    }
}
