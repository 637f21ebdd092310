//! What entries have in common: whose they are, what they were for, on which terms. Each combination is kept once, and
//! entries have its number.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use llm_ledger::{Charge, Entry, SmolStr};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Order, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait as _, DatabaseTransaction, Value};
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::days::Sums;
use super::row;
use super::upsert::{Target, Values, absent, slices};
use crate::db::transaction;
use crate::error::{Result, StoreError};
use crate::{By, Store};

/// Combinations whose numbers are remembered, at most. They are looked up again after that.
const REMEMBERED: usize = 100_000;
/// So many families that were met last are looked at before all.
const LAST: usize = 4;
/// So many are named by their numbers; of more it is said what holds of them.
const NAMED: u64 = 1_000;
/// The most combinations that one statement asks for.
const LOOKED_FOR: usize = 64;

/// Whose entries are.
pub(super) const OWNERS: [&str; 5] = ["key_id", "user_id", "team_id", "organization_id", "project_id"];

pub(super) const ACCOUNTS: Target =
    Target { table: "ledger_accounts", key: &["id"], raised: &[], replaced: &[], fresh: &OWNERS };
pub(super) const TARGETS: Target = Target {
    table: "ledger_targets",
    key: &["id"],
    raised: &[],
    replaced: &[],
    fresh: &["model", "vendor", "deployment"],
};
pub(super) const WAYS: Target = Target {
    table: "ledger_ways",
    key: &["id"],
    raised: &[],
    replaced: &[],
    fresh: &["model", "vendor", "deployment", "vendor_model", "route"],
};
pub(super) const TERMS: Target =
    Target { table: "ledger_terms", key: &["id"], raised: &[], replaced: &[], fresh: &["day", "body"] };

/// Which combination of which kind, by the hash of all that it says.
type Name = (u8, [u8; 32]);

/// Numbers of combinations that are known to be in the database.
#[derive(Debug, Default)]
pub(crate) struct Known {
    numbers: Mutex<HashMap<Name, i64>>,
}

impl Known {
    fn get(&self, name: &Name) -> Option<i64> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn learn(&self, found: impl IntoIterator<Item = (Name, i64)>) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if numbers.len() > REMEMBERED {
            numbers.clear();
        }
        numbers.extend(found);
    }

    pub(super) fn forget(&self) {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The numbers that an entry has for what it shares. Its way is only summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Kin {
    pub(super) account: i64,
    pub(super) target: i64,
    pub(super) terms: i64,
    pub(super) way: i64,
}

/// Entries of one day, accounts, target and terms.
#[derive(Debug)]
pub(super) struct Family<'a> {
    /// One of them.
    pub(super) one: &'a Entry,
    pub(super) day: Day,
    pub(super) kin: Kin,
    /// What they come to.
    pub(super) sums: Sums,
}

/// What of an entry stands in the terms.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Terms {
    #[serde(rename = "why", skip_serializing_if = "str::is_empty")]
    pub(super) reason: SmolStr,
    #[serde(rename = "rt", skip_serializing_if = "str::is_empty")]
    pub(super) route: SmolStr,
    #[serde(rename = "ka", skip_serializing_if = "str::is_empty")]
    pub(super) key_alias: SmolStr,
    #[serde(rename = "vm", skip_serializing_if = "str::is_empty")]
    pub(super) vendor_model: SmolStr,
    #[serde(rename = "ch", skip_serializing_if = "Vec::is_empty")]
    pub(super) charges: Vec<Charge>,
}

/// A batch's entries in their order, each with the place of its family.
pub(super) struct Kinship<'a> {
    pub(super) entries: Vec<(&'a Entry, usize)>,
    pub(super) families: Vec<Family<'a>>,
}

/// Members of one family are the same in all of this.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Trait<'a> {
    day: Day,
    texts: [&'a str; 12],
    charges: &'a [Charge],
}

impl<'a> Trait<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            day: Day::of(entry.at()),
            texts: [
                &entry.key,
                &entry.user,
                &entry.team,
                &entry.organization,
                &entry.project,
                &entry.model,
                &entry.vendor,
                &entry.deployment,
                &entry.reason,
                &entry.route,
                &entry.key_alias,
                &entry.vendor_model,
            ],
            charges: &entry.charges,
        }
    }
}

impl<'a> Kinship<'a> {
    /// Sorts entries into families, whose numbers are not known yet.
    pub(super) fn of(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut places: HashMap<Trait<'a>, usize> = HashMap::new();
        let mut families: Vec<Family<'a>> = Vec::new();
        let mut last: [Option<(Trait<'a>, usize)>; LAST] = [None; LAST];
        let mut turn = 0;
        let entries = entries.map(|entry| {
            let of = Trait::of(entry);
            // Most often it is like one of those before.
            let known = last.iter().flatten().find(|(known, _)| *known == of).map(|(_, place)| *place);
            let place = known.unwrap_or_else(|| {
                turn = (turn + 1) % LAST;
                let place = *places.entry(of).or_insert_with(|| {
                    let (kin, sums) = (Kin::default(), Sums::default());
                    families.push(Family { one: entry, day: of.day, kin, sums });
                    families.len() - 1
                });
                last[turn] = Some((of, place));
                place
            });
            families[place].sums.add(&Sums::of(entry));
            (entry, place)
        });
        Self { entries: entries.collect(), families }
    }

    /// The same of some of its entries.
    pub(super) fn of_some(&self, keep: impl Fn(&Entry) -> bool) -> Self {
        let mut some = Self::of(self.entries.iter().map(|(entry, _)| *entry).filter(|entry| keep(entry)));
        let kin: HashMap<_, _> =
            self.families.iter().map(|family| (Trait::of(family.one), family.kin)).collect();
        for family in &mut some.families {
            family.kin = kin.get(&Trait::of(family.one)).copied().unwrap_or_default();
        }
        some
    }
}

impl Store {
    /// Gives families the numbers of what they share, and writes down what is not there yet.
    pub(super) async fn name_kin(&self, families: &mut [Family<'_>], now: UnixMs) -> Result<()> {
        let (mut wanted, mut known) = (BTreeMap::new(), HashMap::new());
        let mut told = Vec::with_capacity(families.len());
        for family in &*families {
            told.push(Part::of(family)?.map(|part| {
                let name = part.name();
                match self.kin().get(&name) {
                    Some(number) => _ = known.insert(name, number),
                    None => _ = wanted.insert(name, part),
                }
                name
            }));
        }
        if !wanted.is_empty() {
            let by = By::gateway(now);
            // By themselves: nobody else waits for it, and what nobody has come to use does no harm.
            let found =
                transaction!(self, self.db().patience(), &by, |db, _journal| { settle(db, &wanted).await })?;
            known.extend(found.iter().copied());
            self.kin().learn(found);
        }
        for (family, names) in families.iter_mut().zip(told) {
            let [account, target, terms, way] =
                names.map(|name| known.get(&name).copied().unwrap_or_default());
            family.kin = Kin { account, target, terms, way };
        }
        Ok(())
    }
}

/// One combination: its kind, and the values of its columns but for the number.
struct Part {
    kind: u8,
    values: Vec<Value>,
}

impl Part {
    const TARGETS: [Target; 4] = [ACCOUNTS, TARGETS, TERMS, WAYS];

    /// What a family shares: accounts, target, terms, way.
    fn of(family: &Family<'_>) -> Result<[Self; 4]> {
        let Family { one, day, .. } = family;
        let terms = Terms {
            reason: one.reason.clone(),
            route: one.route.clone(),
            key_alias: one.key_alias.clone(),
            vendor_model: one.vendor_model.clone(),
            charges: one.charges.clone(),
        };
        let body = serde_json::to_string(&terms).map_err(|error| absent(&error.to_string()))?;
        let account = [&one.key, &one.user, &one.team, &one.organization, &one.project];
        let target = [&one.model, &one.vendor, &one.deployment];
        let [model, vendor, deployment] = target.map(SmolStr::clone);
        let way = [model, vendor, deployment, row::as_name(&one.vendor_model), row::as_name(&one.route)];
        Ok([
            Self { kind: 0, values: account.map(|text| Value::from(&**text)).to_vec() },
            Self { kind: 1, values: target.map(|text| Value::from(&**text)).to_vec() },
            Self { kind: 2, values: vec![day.number().into(), body.into()] },
            Self { kind: 3, values: way.map(|text| Value::from(text.as_str())).to_vec() },
        ])
    }

    fn name(&self) -> Name {
        let mut said = Vec::new();
        for value in &self.values {
            match value {
                Value::String(Some(text)) => {
                    said.extend_from_slice(&(text.len() as u64).to_le_bytes());
                    said.extend_from_slice(text.as_bytes());
                }
                Value::BigInt(Some(number)) => said.extend_from_slice(&number.to_le_bytes()),
                _ => {}
            }
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &said).as_ref());
        (self.kind, hash)
    }

    fn target(&self) -> &'static Target {
        &Self::TARGETS[usize::from(self.kind)]
    }
}

/// The numbers that a combination may have, the first first: another one's may be the same.
fn numbers(name: &Name) -> impl Iterator<Item = i64> {
    name.1.array_windows().map(|bytes| i64::from_be_bytes(*bytes))
}

/// Writes down combinations that are not there, and gives the numbers of all.
async fn settle(db: &DatabaseTransaction, wanted: &BTreeMap<Name, Part>) -> Result<Vec<(Name, i64)>> {
    let mut found = Vec::with_capacity(wanted.len());
    let mut left: Vec<(&Name, &Part)> = wanted.iter().collect();
    for turn in 0.. {
        if left.is_empty() {
            return Ok(found);
        }
        let mut others = Vec::new();
        for target in &Part::TARGETS {
            let mut of: Vec<(i64, &Name, &Part)> = left
                .iter()
                .filter(|(_, part)| part.target().table == target.table)
                .map(|(name, part)| Ok((numbers(name).nth(turn).ok_or_else(exhausted)?, *name, *part)))
                .collect::<Result<_>>()?;
            // In one order, so that two who write the same do not wait for each other.
            of.sort_unstable_by_key(|(number, name, _)| (*number, **name));
            let rows = of.iter().map(|(number, _, part)| row(*number, part));
            target.add(db, rows.collect()).await?;
            let there = read(db, target, &of.iter().map(|(number, ..)| *number).collect::<Vec<_>>()).await?;
            for (number, name, part) in of {
                if there.get(&number) == Some(&part.values) {
                    found.push((*name, number));
                } else {
                    others.push((name, part));
                }
            }
        }
        left = others;
    }
    Ok(found)
}

fn exhausted() -> StoreError {
    absent("as many combinations with the same number as cannot be")
}

fn row(number: i64, part: &Part) -> Values {
    [number.into()].into_iter().chain(part.values.iter().cloned()).collect()
}

/// What is there under these numbers.
async fn read(
    db: &DatabaseTransaction,
    target: &Target,
    numbers: &[i64],
) -> Result<BTreeMap<i64, Vec<Value>>> {
    let mut there = BTreeMap::new();
    for numbers in slices(numbers, LOOKED_FOR) {
        let mut select = Query::select();
        select
            .columns(target.key.iter().chain(target.fresh).map(|name| Alias::new(*name)))
            .from(Alias::new(target.table))
            .and_where(Expr::col(Alias::new("id")).is_in(numbers.iter().copied()));
        for row in db.query_all(&select).await? {
            let values = target.fresh.iter().map(|name| {
                Ok(match *name {
                    "day" => row.try_get::<i64>("", name)?.into(),
                    _ => row.try_get::<String>("", name)?.into(),
                })
            });
            there.insert(row.try_get("", "id")?, values.collect::<Result<_>>()?);
        }
    }
    Ok(there)
}

/// Which accounts or targets are asked for.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    /// All of them.
    All,
    /// Those with these numbers.
    These(Vec<i64>),
    /// Many, of which this holds.
    Many(Condition),
}

impl Numbers {
    pub(super) const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Narrows entries to them, found by the index over the numbers or, if that is not wanted, by looking at each entry.
    pub(super) fn narrow(&self, select: &mut SelectStatement, target: &'static Target, is_found_by: bool) {
        let name = if target.table == ACCOUNTS.table { "account_id" } else { "target_id" };
        let mut number = Expr::col((Alias::new(row::TABLE), Alias::new(name)));
        if !is_found_by {
            number = number.add(Expr::cust("0"));
        }
        match self {
            Self::All => {}
            Self::These(numbers) => _ = select.and_where(number.is_in(numbers.iter().copied())),
            Self::Many(condition) => {
                let mut numbers = Query::select();
                numbers.column(Alias::new("id")).from(Alias::new(target.table)).cond_where(condition.clone());
                select.and_where(number.in_subquery(numbers));
            }
        }
    }
}

impl Store {
    /// Finds out which accounts or targets hold a condition, so that the database knows how many entries it is about.
    pub(super) async fn numbers(&self, target: &'static Target, condition: Condition) -> Result<Numbers> {
        if condition.is_empty() {
            return Ok(Numbers::All);
        }
        let mut select = Query::select();
        select
            .column(Alias::new("id"))
            .from(Alias::new(target.table))
            .cond_where(condition.clone())
            .limit(NAMED + 1);
        let rows = self.db().read(async { Ok(self.db().reader().query_all(&select).await?) }).await?;
        if rows.len() as u64 > NAMED {
            return Ok(Numbers::Many(condition));
        }
        let numbers = rows.iter().map(|row| row.try_get("", "id"));
        Ok(Numbers::These(numbers.collect::<Result<_, _>>()?))
    }
}

impl Store {
    /// Deletes terms of days that are wholly before an instant, day by day.
    pub(super) async fn prune_terms(&self, before: UnixMs) -> Result<()> {
        let day = || Expr::col(Alias::new("day"));
        let mut first = Query::select();
        first
            .column(Alias::new("day"))
            .from(Alias::new(TERMS.table))
            .and_where(day().lt(Day::of(before).number()))
            .order_by(Alias::new("day"), Order::Asc)
            .limit(1);
        let by = By::gateway(before);
        loop {
            let gone = transaction!(self, self.db().patience(), &by, |db, _journal| {
                let Some(row) = db.query_one(&first).await? else { return Ok(0) };
                let oldest: i64 = row.try_get("", "day")?;
                let mut delete = Query::delete();
                delete.from_table(Alias::new(TERMS.table)).and_where(day().eq(oldest));
                Ok(db.execute(&delete).await?.rows_affected())
            })?;
            if gone == 0 {
                return Ok(());
            }
            self.kin().forget();
        }
    }
}
