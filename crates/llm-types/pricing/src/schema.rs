//! JSON Schemas for what stands in configuration.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{Discounts, Factor, Margin, Margins, Prices, Rate, Share, Since, Usd};

macro_rules! schemas {
    ($($name:ident: $schema:tt)*) => { $(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )* };
}

schemas! {
    Since: {
        "type": "string",
        "description": "A day, `2026-12-01`, which begins at midnight in UTC, or a time with its zone, `2026-12-01T08:00:00+01:00`."
    }
    Usd: {
        "type": ["number", "string"],
        "description": "Dollars, as a number or as decimal text; at most 9 decimals."
    }
    Rate: {
        "type": ["number", "string"],
        "description": "Dollars a unit, as a number or as decimal text; at most 15 decimals, not below zero."
    }
    Factor: {
        "type": ["number", "string"],
        "description": "A factor or a share, as a number or as decimal text; at most 9 decimals, not below zero."
    }
    Share: {
        "type": ["number", "string"],
        "description": "A share of the whole: 0.05 is five per cent."
    }
    Discounts: {
        "type": "object",
        "additionalProperties": { "type": ["number", "string"] },
        "description": "Shares taken off, by vendor or by vendor/pattern of model names: 0.05 is five per cent."
    }
    Margin: {
        "type": ["number", "string", "object"],
        "properties": {
            "percentage": { "type": ["number", "string"] },
            "fixed_amount": { "type": ["number", "string"] }
        },
        "additionalProperties": false,
        "description": "A share of the cost, 0.1 is ten per cent, or an object with `percentage`, which is a share as well, and `fixed_amount`, dollars an answer."
    }
    Margins: {
        "type": "object",
        "additionalProperties": {
            "type": ["number", "string", "object"],
            "properties": {
                "percentage": { "type": ["number", "string"] },
                "fixed_amount": { "type": ["number", "string"] }
            },
            "additionalProperties": false
        },
        "description": "What is put on, by vendor, and under `global` for all others."
    }
    Prices: {
        "type": "object",
        "additionalProperties": { "type": ["number", "string", "array", "object", "null"] },
        "description": "Prices in dollars under LiteLLM's names: <item>[_above_<N>k_tokens][_<tier>], such as input_cost_per_token, and tiered_pricing, off_peak_pricing, search_context_cost_per_query."
    }
}
