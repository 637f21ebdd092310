//! `rules`: some requests go to some deployments.

use super::Narrowing;
use crate::cel::Program;
use crate::{Inquiry, Needs, PlanFault, RouterSettings};

/// What a rule may speak of.
const VARIABLES: [&str; 8] = ["model", "stream", "input_tokens", "tags", "key", "user", "team", "request"];

/// A rule, made ready.
#[derive(Debug)]
pub(super) struct Rule {
    name: String,
    #[cfg_attr(not(feature = "cel"), expect(dead_code, reason = "nothing is compiled without it"))]
    when: Program,
    model: Option<String>,
    narrowing: Option<Narrowing>,
}

impl Rule {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    pub(super) fn narrowing(&self) -> Option<&Narrowing> {
        self.narrowing.as_ref()
    }

    #[cfg(not(feature = "cel"))]
    pub(super) fn needs(&self) -> Needs {
        Needs::NONE
    }

    #[cfg(feature = "cel")]
    pub(super) fn needs(&self) -> Needs {
        let facts = ["key", "user", "team", "request"].into_iter().any(|name| self.when.mentions(name));
        Needs::FACTS.when(facts)
            | Needs::INPUT_TOKENS.when(self.when.mentions("input_tokens"))
            | Needs::TAGS.when(self.when.mentions("tags"))
    }

    #[cfg(not(feature = "cel"))]
    pub(super) fn applies(&self, _inquiry: &Inquiry<'_>) -> bool {
        false
    }

    /// Whether the rule applies. It does not where its condition asks for what the request does not have.
    #[cfg(feature = "cel")]
    pub(super) fn applies(&self, inquiry: &Inquiry<'_>) -> bool {
        matches!(run(&self.when, inquiry), Ok(cel::objects::Value::Bool(true)))
    }
}

/// What a condition comes to.
#[cfg(feature = "cel")]
fn run(when: &Program, inquiry: &Inquiry<'_>) -> Result<cel::objects::Value, cel::ExecutionError> {
    use cel::objects::Value;

    let fact = |name: &str| {
        let fact = inquiry.facts.and_then(|facts| facts.get(name))?;
        cel::to_value(fact).ok()
    };
    let value = |name: &str| match name {
        "model" => Value::from(inquiry.model),
        "stream" => Value::Bool(inquiry.stream),
        "input_tokens" => Value::Int(i64::try_from(inquiry.input_tokens).unwrap_or(i64::MAX)),
        "tags" => Value::from(inquiry.tags.0.iter().copied().map(Value::from).collect::<Vec<_>>()),
        _ => fact(name).unwrap_or(Value::Null),
    };
    when.run(value)
}

/// What is wrong with a condition that can be compiled, by what it comes to for a usual request. `None` as well where it asks
/// for what only some requests have.
#[cfg(feature = "cel")]
pub(crate) fn rehearse(when: &str) -> Option<String> {
    use cel::ExecutionError;
    use cel::objects::Value;

    let when = Program::new(when, &VARIABLES).ok()?;
    let facts = serde_json::json!({
        "key": {
            "alias": "app", "metadata": {}, "user_id": "anna", "organization_id": "acme", "project_id": "search",
            "tags": ["blue"],
        },
        "user": {"id": "anna"},
        "team": {"id": "core", "metadata": {}},
        "request": {"model": "gpt-4o", "max_tokens": 100, "temperature": 0.5, "stream": false, "user": "anna"},
    });
    let inquiry = Inquiry {
        model: "gpt-4o",
        input_tokens: 100,
        tags: crate::Tags(&["blue"]),
        facts: Some(&facts),
        ..Inquiry::default()
    };
    match run(&when, &inquiry) {
        Ok(Value::Bool(_)) | Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => None,
        Ok(_) => Some("for a usual request this is neither true nor false".to_owned()),
        Err(error) => Some(format!("fails for a usual request ({error})")),
    }
}

pub(super) fn compile(
    settings: &RouterSettings,
    known: &dyn Fn(&str) -> bool,
    faults: &mut Vec<PlanFault>,
) -> Vec<Rule> {
    let mut rules = Vec::with_capacity(settings.rules.len());
    for (place, rule) in settings.rules.iter().enumerate() {
        let path = format!("router_settings.rules[{place}]");
        if settings.rules[..place].iter().any(|other| other.name == rule.name) {
            faults.push(PlanFault::error(
                format!("{path}.name"),
                format!("`{}` names another rule too", rule.name),
            ));
        }
        if let Some(model) = rule.model.as_deref().filter(|model| !known(model)) {
            faults.push(PlanFault::unknown(format!("{path}.model"), model));
        }
        if rule.model.is_none()
            && rule.deployments.is_empty()
            && rule.tags.is_empty()
            && rule.regions.is_empty()
        {
            faults.push(PlanFault::error(
                &path,
                "expected at least one of deployments, tags, regions and model",
            ));
        }
        let narrowing = Narrowing {
            deployments: rule.deployments.clone(),
            tags: rule.tags.clone(),
            regions: rule.regions.clone(),
        };
        match Program::new(&rule.when, &VARIABLES) {
            Ok(when) => rules.push(Rule {
                name: rule.name.clone(),
                when,
                model: rule.model.clone(),
                narrowing: (narrowing != Narrowing::default()).then_some(narrowing),
            }),
            Err(what) => faults.push(PlanFault::error(format!("{path}.when"), what)),
        }
    }
    rules
}
