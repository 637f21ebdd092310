//! Which members of documents hold secrets, by their names.

/// What the name of a secret holds.
const WITHIN: [&str; 7] =
    ["secret", "password", "passphrase", "private_key", "api_key", "apikey", "authorization"];
/// How the name of a secret ends.
const ENDS: [&str; 4] = ["token", "credentials", "access_key", "connection_string"];
/// What the name of a price holds, which is none.
const PRICE: &str = "cost_per_";

/// Whether a member of this name holds a secret, such as `api_key`, `aws_secret_access_key` or `Authorization`.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    let ends = || ENDS.iter().any(|end| name.ends_with(end));
    WITHIN.iter().any(|part| name.contains(part)) || ends() && !name.contains(PRICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for (name, expected) in [
            ("api_key", true),
            ("X-Api-Key", true),
            ("vertex_credentials", true),
            ("aws_secret_access_key", true),
            ("aws_session_token", true),
            ("azure_ad_token", true),
            ("azure_password", true),
            ("aws_access_key_id", false),
            ("max_tokens", false),
            ("input_cost_per_token", false),
            ("output_cost_per_reasoning_token", false),
            ("api_base", false),
        ] {
            assert_eq!(is_secret_name(name), expected, "{name}");
        }
    }
}
