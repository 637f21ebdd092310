//! Keys are made.

use axum::Json;
use axum::routing::post;
use llm_tenancy::management::{Place, Rank};
use llm_tenancy::{Document, PlainKey, Role, Team, Usd, VirtualKey};

use super::bounds;
use super::check::{self, Above};
use super::members::Gallery;
use super::{due, handed, read, settable};
use crate::desk::Desk;
use crate::endpoint::{Endpoint, Param};
use crate::fault::Fault;
use crate::host::Host;
use crate::said::Said;
use crate::shape::Shape;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const TEXT: Param = Param::new(
        "key",
        Shape::Text,
        "Its text, if it should be a certain one: `sk-` and at least 13 characters more",
    );
    vec![
        Endpoint::post("/key/generate", "Makes a key", post(generate))
            .takes([TEXT])
            .takes(settable())
            .gives(handed()),
        Endpoint::post("/key/service-account/generate", "Makes a key for a machine of a team", post(serve))
            .takes([TEXT])
            .takes(settable())
            .gives(handed()),
    ]
}

async fn generate(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    make(&desk, said.members, false).await.map(Json)
}

async fn serve(desk: Desk, said: Said) -> Result<Json<Document>, Fault> {
    make(&desk, said.members, true).await.map(Json)
}

async fn make(desk: &Desk, said: Document, for_machine: bool) -> Result<Document, Fault> {
    let mut draft = Draft::begin(desk, said, if for_machine { &["user_id"] } else { &[] })?;
    let key = &mut draft.key;
    if for_machine {
        // Machines have no user.
        if key.user_id.take().is_some() {
            draft.asked.shift_remove("user_id");
            desk.ignores(["user_id".to_owned()]);
        }
        name_machine(desk, key)?;
    } else if key.user_id.is_none() && desk.manager.role != Some(Role::ProxyAdmin) {
        key.user_id.clone_from(&desk.manager.user_id);
    }
    let above = Above::of(desk, key).await?;
    let place = above.place(key);
    desk.check_place(&place)?;
    read::check(desk, &draft.asked, None, &place)?;
    draft.bound(desk, above.team.as_ref())?;
    let Draft { mut key, text, left, .. } = draft;
    check::allow(desk, &mut key, None, &above, &desk.scope).await?;
    let made = desk.store.create(&key, &desk.by).await?.value;
    due::hand_over(desk, &made, &text).await;
    desk.ignores(left.keys().cloned());
    Ok(Gallery::of(desk, [&made]).await?.hand_out(&made, &text))
}

/// A key that is being made: whoever makes one, it begins here.
pub(crate) struct Draft {
    pub(crate) key: VirtualKey,
    pub(crate) text: PlainKey,
    /// What is said of it.
    asked: Document,
    /// What nothing was made of.
    left: Document,
}

impl Draft {
    /// Begins a key by what is said of it, and else as the configuration has new keys, but for the members of `own`.
    ///
    /// # Errors
    /// 400, with the member that cannot be so.
    pub(crate) fn begin(desk: &Desk, mut said: Document, own: &[&str]) -> Result<Self, Fault> {
        let has_no_reset = said.get("budget_duration").is_some_and(serde_json::Value::is_null);
        read::tidy(desk, &mut said, true);
        if said.get("spend").is_some_and(|spend| spend.as_f64() == Some(0.0)) {
            said.shift_remove("spend");
        }
        let asked = said.clone();
        bounds::fill(desk, &mut said, has_no_reset, own);
        let text = match read::take::<String>(&mut said, "key")? {
            Some(text) => {
                PlainKey::chosen(&text).map_err(|error| Fault::invalid("key", error.to_string()))?
            }
            None => random(&*desk.host),
        };
        let mut key = VirtualKey::new(text.hash(), text.name(), desk.stamp());
        key.spending.spend = read::take::<Usd>(&mut said, "spend")?.unwrap_or_default();
        read::apply(desk, &mut said, &mut key, &Place::default())?;
        Ok(Self { key, text, asked, left: said })
    }

    /// Gives it no more than keys may have, now that it is said whose it is.
    ///
    /// # Errors
    /// 400, with the first of what was asked that is more.
    pub(crate) fn bound(&mut self, desk: &Desk, team: Option<&Team>) -> Result<(), Fault> {
        let is_members = desk.manager.rank(&Place::of_key(&self.key, team)) == Rank::Own;
        if let Some(team) = team.filter(|_| is_members)
            && !self.asked.contains_key("duration")
            && !self.asked.contains_key("expires")
        {
            self.key.expires_at = team.member_defaults.key_duration.map(|period| period.after(desk.now()));
        }
        bounds::complete(desk, &mut self.key, &self.asked);
        bounds::check(desk, &self.key, &self.asked)
    }
}

/// A new text.
pub(super) fn random(host: &dyn Host) -> PlainKey {
    let mut random = [0; 32];
    host.fill(&mut random);
    PlainKey::generate(&random)
}

/// A machine has a name, and a team.
fn name_machine(desk: &Desk, key: &mut VirtualKey) -> Result<(), Fault> {
    if key.team_id.is_none() {
        return Err(Fault::missing("team_id"));
    }
    if key.service_account_id().is_none() {
        let name = key.key_alias.clone().unwrap_or_else(|| desk.new_id());
        key.metadata.insert("service_account_id".to_owned(), name.into());
    }
    Ok(())
}
