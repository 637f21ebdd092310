//! The built-in table.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::VendorRow;

/// A vendor that many would look for here, and why it is not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absent {
    /// The name that it would have.
    pub id: String,
    /// Why.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    vendor: Vec<VendorRow>,
    absent: Vec<Absent>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the table is part of the program, and a test reads it")]
    toml::from_str(include_str!("../vendors.toml")).expect("vendors.toml is a table of vendors")
});

/// All built-in rows, in the order of the table.
pub fn rows() -> &'static [VendorRow] {
    &TABLE.vendor
}

/// The built-in row with this id, or with this alias.
pub fn find(id: &str) -> Option<&'static VendorRow> {
    let named = rows().iter().find(|row| row.id == id);
    named.or_else(|| rows().iter().find(|row| row.aliases.iter().any(|alias| alias == id)))
}

/// Vendors that have no row, and why.
pub fn absent() -> &'static [Absent] {
    &TABLE.absent
}
