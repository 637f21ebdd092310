//! Whose models are, and what else decides who may ask them.

use std::borrow::Cow;
use std::collections::HashMap;

use llm_router::DeploymentId;
use llm_tenancy::{Access, ModelView, Owner, Refusal, Wanted};
use serde_json::Value;

use crate::config::{ConfigSnapshot, Resolved, ResolvedDeployment, Route, VendorChoice};

/// Whose the models are that were added over the API, by the ids of their deployments; those of everybody are not here.
pub type Owners = HashMap<DeploymentId, Owner>;

/// What decides who may ask a model, for every group of the configuration.
#[derive(Debug, Default)]
pub struct Catalog {
    groups: HashMap<String, Facts>,
    /// Names of virtual models, their tiers, and routing groups, which belong to everybody.
    virtual_names: Vec<String>,
}

#[derive(Debug, Default)]
struct Facts {
    owner: Option<Owner>,
    access_groups: Vec<String>,
    /// Each once; none if requests name them.
    vendors: Vec<String>,
}

impl Facts {
    fn add(&mut self, deployment: &ResolvedDeployment) {
        let named = deployment.model_info.extra.get("access_groups").and_then(Value::as_array);
        for group in named.into_iter().flatten().filter_map(Value::as_str) {
            if !self.access_groups.iter().any(|own| own == group) {
                self.access_groups.push(group.to_owned());
            }
        }
        if let VendorChoice::Named(vendor) = &deployment.vendor
            && !self.vendors.contains(vendor)
        {
            self.vendors.push(vendor.clone());
        }
    }
}

impl Catalog {
    /// The catalogue of a configuration whose models have these owners.
    pub fn new(config: &ConfigSnapshot, owners: &Owners) -> Self {
        let mut groups: HashMap<String, Facts> = HashMap::new();
        for deployment in config.resolved.deployments() {
            let facts = groups.entry(deployment.model_name.clone()).or_default();
            facts.add(deployment);
            if let Some(owner) = owners.get(&deployment.id) {
                facts.owner = Some(owner.clone());
            }
        }
        let router = &config.settings.router;
        let by_class = router.virtual_models.iter().filter(|(_, model)| !model.chooses());
        let virtual_names = by_class.map(|(name, _)| name.clone());
        Self { groups, virtual_names: virtual_names.chain(router.joined().map(Cow::into_owned)).collect() }
    }

    /// Whose a group is; everybody's if nobody's.
    pub fn owner(&self, group: &str) -> Option<&Owner> {
        self.groups.get(group)?.owner.as_ref()
    }

    /// The access groups that the deployments of a group name.
    pub fn access_groups(&self, group: &str) -> &[String] {
        self.groups.get(group).map(|facts| facts.access_groups.as_slice()).unwrap_or_default()
    }

    /// Where a name leads for somebody to whom the models of others are not there.
    pub fn route<'a>(&self, resolved: &'a Resolved, name: &'a str, access: &Access) -> Option<Route<'a>> {
        resolved.route_among(name, |group| access.owns(self.owner(group)))
    }

    /// Which model somebody means by a name, if it may be asked.
    ///
    /// # Errors
    /// Why it may not. [`Refusal::NoSuchModel`] for names that nothing stands behind, and for the models of others.
    pub fn admit<'a>(
        &self,
        resolved: &Resolved,
        name: &'a str,
        access: &'a Access,
    ) -> Result<&'a str, Refusal> {
        let meant = access.meant_by(name);
        self.with_view(resolved, meant, access, |view| {
            access.check_model(&Wanted { name, view }).map(|_| ())
        })?;
        Ok(meant)
    }

    /// Whether a model belongs into the lists that somebody is shown.
    pub fn is_shown(&self, resolved: &Resolved, name: &str, access: &Access) -> bool {
        self.with_view(resolved, name, access, |view| view.is_some_and(|view| access.sees(name, view)))
    }

    fn with_view<T>(
        &self,
        resolved: &Resolved,
        name: &str,
        access: &Access,
        see: impl FnOnce(Option<ModelView<'_>>) -> T,
    ) -> T {
        if self.virtual_names.iter().any(|own| own == name) {
            return see(Some(ModelView::default()));
        }
        // A pattern is listed under its own name, which leads to itself.
        let group = match self.groups.get_key_value(name) {
            Some((group, facts)) if access.owns(facts.owner.as_ref()) => Some(group.as_str()),
            _ => self.route(resolved, name, access).map(|route| route.group),
        };
        let Some(facts) = group.and_then(|group| self.groups.get(group)) else { return see(None) };
        let vendors: smallvec::SmallVec<[&str; 4]> = facts.vendors.iter().map(String::as_str).collect();
        see(Some(ModelView {
            owner: facts.owner.as_ref(),
            access_groups: &facts.access_groups,
            vendors: &vendors,
        }))
    }
}
