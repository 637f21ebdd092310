//! Lists, page by page.

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::manage::api::Api;
use crate::manage::fields::Object;

/// Which part of a list.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pages")]
pub(crate) struct Paging {
    /// All pages, one after the other
    #[arg(long, conflicts_with = "page")]
    all: bool,
    /// Which page
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    page: Option<u64>,
    /// Entries of a page
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    size: Option<u64>,
    /// What they are sorted by, such as `created_at`
    #[arg(long, value_name = "MEMBER")]
    sort_by: Option<String>,
    /// In which direction they are sorted
    #[arg(long, value_enum, value_name = "WAY")]
    sort_order: Option<Order>,
}

impl Paging {
    /// All pages.
    pub(crate) const fn all() -> Self {
        Self { all: true, page: None, size: None, sort_by: None, sort_order: None }
    }
}

/// In which direction a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// The least first
    Asc,
    /// The greatest first
    Desc,
}

/// Entries of a page that every list of the API allows.
const MOST: u64 = 100;
/// Entries of a page when nothing is said.
const USUAL: u64 = 50;

/// How the API has a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    pub(crate) path: &'static str,
    /// The answer's member with the entries.
    pub(crate) entries: &'static str,
    /// What it calls the size of a page, the sorting and its direction.
    pub(crate) query: [&'static str; 3],
    /// The answer's member with the number of entries on all pages.
    pub(crate) total: &'static str,
}

/// A page of a list, or all of it.
pub(crate) struct Page {
    pub(crate) entries: Vec<Value>,
    /// How many there are on all pages.
    pub(crate) total: Option<u64>,
    /// How many pages there are.
    pages: u64,
    /// The answer without the entries.
    answer: Object,
    list: List,
}

/// Fetches a page, or all.
///
/// # Errors
/// As [`Api::get`].
pub(crate) async fn fetch(
    api: &Api,
    list: List,
    filters: &[(&'static str, Option<String>)],
    paging: &Paging,
) -> anyhow::Result<Page> {
    let [size_name, sort_name, order_name] = list.query;
    let size = paging.size.unwrap_or(if paging.all { MOST } else { USUAL });
    let order = paging.sort_order.map(|order| if order == Order::Asc { "asc" } else { "desc" }.to_owned());
    let said =
        [(size_name, Some(size.to_string())), (sort_name, paging.sort_by.clone()), (order_name, order)];
    let query = filters.iter().chain(&said).filter_map(|(name, value)| Some((*name, value.clone()?)));
    let query: Vec<(&str, String)> = query.collect();
    let mut number = paging.page.unwrap_or(1);
    let mut page = one(api, list, &query, number).await?;
    while paging.all && number < page.pages {
        number += 1;
        let next = one(api, list, &query, number).await?;
        if next.entries.is_empty() {
            break;
        }
        page.pages = next.pages;
        page.entries.extend(next.entries);
    }
    if paging.all && page.answer.contains_key("total_pages") {
        page.answer.insert("total_pages".to_owned(), 1.into());
    }
    Ok(page)
}

async fn one(api: &Api, list: List, query: &[(&str, String)], number: u64) -> anyhow::Result<Page> {
    let asked = [query, &[("page", number.to_string())]].concat();
    let Value::Object(mut answer) = api.get(list.path, &asked).await? else {
        bail!("{} does not answer with a page", list.path)
    };
    let entries = match answer.get_mut(list.entries).map(Value::take) {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let count = |name: &str| answer.get(name).and_then(Value::as_u64);
    let (total, pages) = (count(list.total), count("total_pages").unwrap_or(1));
    Ok(Page { entries, total, pages, answer, list })
}

impl Page {
    /// How many entries the page leaves to others.
    pub(crate) fn rest(&self) -> u64 {
        self.total.unwrap_or(0).saturating_sub(self.entries.len() as u64)
    }

    /// The answer as it came; of several pages, the first with the entries of all.
    pub(crate) fn into_answer(self) -> Value {
        let Self { entries, mut answer, list, .. } = self;
        answer.insert(list.entries.to_owned(), entries.into());
        answer.into()
    }
}
