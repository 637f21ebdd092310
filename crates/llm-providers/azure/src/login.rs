//! Logins with Entra ID, and which of them the settings ask for.
//!
//! Source: Microsoft Learn, "OAuth 2.0 client credentials flow", "Certificate credentials", "Managed identities: how to
//! get a token", "App Service managed identity", "Workload identity", read 2026-11.

mod method;
mod run;

use std::path::PathBuf;

use llm_provider_core::{Credential, Login, LoginRun, ParameterInfo, Parameters, Secret};

use self::method::Method;
use self::run::Run;

/// What tokens are for, where nobody says otherwise.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// The public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";
/// The machine's own metadata server.
const METADATA: &str = "http://169.254.169.254";

/// The settings of both vendors; `versions` are the variables that may hold the version.
pub(crate) fn parameters(versions: &[&'static str]) -> Vec<ParameterInfo> {
    let info = ParameterInfo::new;
    vec![
        info("api_version", versions, "dated version of the API; `v1` for the form without"),
        info("base_model", &[], "the model behind the deployment, such as `gpt-5`"),
        info("azure_ad_token", &["AZURE_AD_TOKEN"], "a token of Entra ID, or `oidc/file/PATH`"),
        info("tenant_id", &["AZURE_TENANT_ID"], "tenant of Entra ID"),
        info("client_id", &["AZURE_CLIENT_ID"], "application or managed identity"),
        info("client_secret", &["AZURE_CLIENT_SECRET"], "the application's secret"),
        info(
            "azure_client_certificate_path",
            &["AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CERTIFICATE_PATH"],
            "PEM file with the application's certificate and private RSA key",
        ),
        info("azure_username", &["AZURE_USERNAME"], "a user's name"),
        info("azure_password", &["AZURE_PASSWORD"], "a user's password"),
        info("azure_federated_token_file", &["AZURE_FEDERATED_TOKEN_FILE"], "file of a workload's identity"),
        info("azure_authority_host", &["AZURE_AUTHORITY_HOST"], "address of Entra ID"),
        info("azure_scope", &["AZURE_SCOPE"], "what tokens are for"),
        info(
            "azure_credential",
            &["AZURE_CREDENTIAL"],
            "one way to log in by its name in Azure's SDKs, such as `ManagedIdentityCredential`",
        ),
        info("azure_identity_endpoint", &["IDENTITY_ENDPOINT"], "tokens of App Service"),
        info("azure_identity_header", &["IDENTITY_HEADER"], "what App Service wants to hear"),
        info(
            "azure_metadata_host",
            &["AZURE_POD_IDENTITY_AUTHORITY_HOST"],
            "the machine's metadata server, where it is not the usual one",
        ),
    ]
}

/// A way to a token, or several that are tried in turn.
#[derive(Debug, Clone)]
struct EntraLogin(Vec<Method>);

impl Login for EntraLogin {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(Run::new(self.0.clone()))
    }
}

/// The login that the settings ask for; `None` where a key is the credential, or nothing is set.
pub(crate) fn login(parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
    let methods = match parameters.get("azure_ad_token") {
        Some(token) => vec![given(parameters, token)?],
        None if key.is_some_and(|key| !key.expose().is_empty()) => return Ok(None),
        None => match parameters.get("azure_credential") {
            Some(name) => named(parameters, name)?,
            None => by_settings(parameters)?.into_iter().collect(),
        },
    };
    Ok((!methods.is_empty()).then(|| Box::new(EntraLogin(methods)) as Box<dyn Login>))
}

/// A token, or where one of another issuer stands that Entra ID exchanges.
fn given(parameters: &Parameters, token: &str) -> Result<Method, String> {
    match token.strip_prefix("oidc/") {
        None => Ok(Method::Given(Credential::Token(Secret::new(token)))),
        Some(reference) => {
            let file = reference.strip_prefix("file/").ok_or_else(|| {
                format!(
                    "`azure_ad_token` names `oidc/{reference}`: of those forms only `oidc/file/PATH` is known"
                )
            })?;
            workload(parameters, file)
        }
    }
}

/// The first way for which everything is set.
fn by_settings(parameters: &Parameters) -> Result<Option<Method>, String> {
    let has = |name: &str| parameters.get(name).is_some();
    let application = has("tenant_id") && has("client_id");
    Ok(if application && has("client_secret") && !has("azure_username") {
        Some(client_secret(parameters)?)
    } else if application && has("azure_client_certificate_path") {
        Some(certificate(parameters)?)
    } else if has("client_id") && has("azure_username") && has("azure_password") {
        Some(password(parameters)?)
    } else if application && has("azure_federated_token_file") {
        Some(workload(parameters, need(parameters, "azure_federated_token_file")?)?)
    } else if has("azure_identity_endpoint") && has("azure_identity_header") {
        Some(app_service(parameters)?)
    } else if has("client_secret") {
        return Err("a login with `client_secret` needs `tenant_id` and `client_id`".to_owned());
    } else {
        None
    })
}

/// A way by its name in Azure's SDKs.
fn named(parameters: &Parameters, name: &str) -> Result<Vec<Method>, String> {
    let has = |name: &str| parameters.get(name).is_some();
    let managed = || {
        if has("azure_identity_endpoint") { app_service(parameters) } else { Ok(machine(parameters)) }
    };
    Ok(match name {
        "ClientSecretCredential" => vec![client_secret(parameters)?],
        "CertificateCredential" | "ClientCertificateCredential" => vec![certificate(parameters)?],
        "UsernamePasswordCredential" => vec![password(parameters)?],
        "WorkloadIdentityCredential" => {
            vec![workload(parameters, need(parameters, "azure_federated_token_file")?)?]
        }
        "ManagedIdentityCredential" => vec![managed()?],
        "DefaultAzureCredential" => {
            let first = by_settings(parameters)?;
            let last = managed()?;
            first.into_iter().filter(|first| *first != last).chain([last.clone()]).collect()
        }
        other => return Err(format!("`azure_credential` names `{other}`, which is not known")),
    })
}

fn need<'p>(parameters: &'p Parameters, name: &str) -> Result<&'p str, String> {
    parameters.get(name).ok_or_else(|| format!("a login with Entra ID needs `{name}`"))
}

fn scope(parameters: &Parameters) -> String {
    parameters.get("azure_scope").unwrap_or(SCOPE).to_owned()
}

/// What managed identities are asked for: a scope without its end.
fn resource(parameters: &Parameters) -> String {
    let scope = scope(parameters);
    scope.strip_suffix("/.default").map_or(scope.clone(), str::to_owned)
}

fn token_url(parameters: &Parameters, tenant: &str) -> String {
    let host = parameters.get("azure_authority_host").unwrap_or(AUTHORITY).trim_end_matches('/');
    let scheme = if host.contains("://") { "" } else { "https://" };
    format!("{scheme}{host}/{tenant}/oauth2/v2.0/token")
}

fn client_secret(parameters: &Parameters) -> Result<Method, String> {
    Ok(Method::Secret {
        token_url: token_url(parameters, need(parameters, "tenant_id")?),
        client_id: need(parameters, "client_id")?.to_owned(),
        client_secret: Secret::new(need(parameters, "client_secret")?),
        scope: scope(parameters),
    })
}

fn certificate(parameters: &Parameters) -> Result<Method, String> {
    Ok(Method::Certificate {
        token_url: token_url(parameters, need(parameters, "tenant_id")?),
        client_id: need(parameters, "client_id")?.to_owned(),
        file: PathBuf::from(need(parameters, "azure_client_certificate_path")?),
        scope: scope(parameters),
    })
}

fn password(parameters: &Parameters) -> Result<Method, String> {
    Ok(Method::Password {
        token_url: token_url(parameters, parameters.get("tenant_id").unwrap_or("organizations")),
        client_id: need(parameters, "client_id")?.to_owned(),
        client_secret: parameters.get("client_secret").map(Secret::new),
        username: need(parameters, "azure_username")?.to_owned(),
        password: Secret::new(need(parameters, "azure_password")?),
        scope: scope(parameters),
    })
}

fn workload(parameters: &Parameters, file: &str) -> Result<Method, String> {
    Ok(Method::Workload {
        token_url: token_url(parameters, need(parameters, "tenant_id")?),
        client_id: need(parameters, "client_id")?.to_owned(),
        file: PathBuf::from(file),
        scope: scope(parameters),
    })
}

fn app_service(parameters: &Parameters) -> Result<Method, String> {
    Ok(Method::AppService {
        endpoint: need(parameters, "azure_identity_endpoint")?.to_owned(),
        header: Secret::new(need(parameters, "azure_identity_header")?),
        client_id: parameters.get("client_id").map(str::to_owned),
        resource: resource(parameters),
    })
}

fn machine(parameters: &Parameters) -> Method {
    let host = parameters.get("azure_metadata_host").unwrap_or(METADATA).trim_end_matches('/');
    Method::Machine {
        host: host.to_owned(),
        client_id: parameters.get("client_id").map(str::to_owned),
        resource: resource(parameters),
    }
}

#[cfg(test)]
mod tests;
