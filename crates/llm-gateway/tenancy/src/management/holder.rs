//! Whose keys one may come to hold.

use super::{Forbidden, Manager};
use crate::{Role, RouteGroups, VirtualKey};

impl Manager {
    /// Whether whoever asks may come to know the text of a key, which is made or gets another text, or change it from what
    /// it was `before` while the text may be known already.
    ///
    /// A key speaks for its user, and may manage what the user may. Somebody else's therefore opens models and tools
    /// alone, as LiteLLM's `llm_api` keys do: else an admin of a team would become whoever is in it.
    ///
    /// # Errors
    /// [`Forbidden`]
    pub fn check_holder(&self, key: &VirtualKey, before: Option<&VirtualKey>) -> Result<(), Forbidden> {
        let is_others = key.user_id.is_some() && key.user_id != self.user_id;
        if !is_others || self.role == Some(Role::ProxyAdmin) {
            return Ok(());
        }
        let routes = &key.grants.allowed_routes;
        let speaks_as_before =
            |before: &VirtualKey| before.user_id == key.user_id && before.grants.allowed_routes == *routes;
        let asks =
            |rule: &String| RouteGroups::named(rule).is_some_and(|group| group.meets(RouteGroups::ASKING));
        let only_asks = !routes.is_empty() && routes.iter().all(asks);
        if only_asks || before.is_some_and(speaks_as_before) {
            return Ok(());
        }
        Err(Forbidden::Field {
            field: "allowed_routes".to_owned(),
            why: "must be groups such as llm_api_routes alone: another's key manages nothing for you",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyHash, Stamp, UserId};

    fn key(user: Option<&str>, routes: &[&str]) -> VirtualKey {
        let mut key = VirtualKey::new(KeyHash::of("sk-1"), "sk-...", Stamp::default());
        key.user_id = user.map(UserId::from);
        key.grants.allowed_routes = routes.iter().map(|route| (*route).to_owned()).collect();
        key
    }

    #[test]
    fn anothers_key_only_asks() {
        let me = Manager { role: Some(Role::InternalUser), user_id: Some("me".into()), ..Manager::default() };
        for (user, routes, is_fine) in [
            (Some("me"), &[][..], true),
            (None, &[], true),
            (Some("you"), &[], false),
            (Some("you"), &["llm_api_routes"], true),
            (Some("you"), &["openai_routes", "mcp_routes"], true),
            (Some("you"), &["llm_api_routes", "management_routes"], false),
            (Some("you"), &["info_routes"], false),
            (Some("you"), &["*"], false),
            (Some("you"), &["/v1/chat/completions"], false),
            (Some("you"), &["/model/{model}"], false),
        ] {
            let made = key(user, routes);
            assert_eq!(me.check_holder(&made, None).is_ok(), is_fine, "{user:?} {routes:?}");
            assert!(Manager::master().check_holder(&made, None).is_ok());
        }
        let yours = key(Some("you"), &[]);
        assert!(me.check_holder(&yours, Some(&yours)).is_ok(), "what speaks as before may change otherwise");
        assert!(me.check_holder(&yours, Some(&key(Some("you"), &["llm_api_routes"]))).is_err());
        assert!(me.check_holder(&yours, Some(&key(None, &[]))).is_err(), "nobody's becomes yours");
    }
}
