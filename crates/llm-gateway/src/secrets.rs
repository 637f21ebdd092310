//! The secret manager of a configuration: asked before the configuration is read, and again while it holds.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use llm_gateway_config::KeyManagement;
use llm_provider_core::{Parameters, Secret};
use llm_secrets::{KeyManagementSettings, Place, SecretManager, System, VaultLogin};
use llm_transport::{CredentialSource, HttpService, login_source};

use crate::boot::Reloader;
use crate::runtime::Runtime;

/// How often secrets are read again where nobody says.
const REFRESH: Duration = Duration::from_secs(86_400);

/// A secret manager that the configuration names.
pub(crate) struct Secrets {
    manager: Arc<SecretManager>,
    /// The file that refers to secrets.
    file: PathBuf,
    interval: Duration,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("manager", &self.manager).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Asks the secret manager that a file names for all that the file refers to. `None` if it names none.
    ///
    /// # Errors
    /// In words: settings or variables that lead to no secret manager. What it does not tell is looked for in the
    /// environment, and told of in the log.
    pub(crate) async fn begin(
        file: &Path,
        runtime: &Runtime,
        service: impl FnOnce() -> Result<Arc<dyn HttpService>, String>,
    ) -> Result<Option<Self>, String> {
        let Some(wanted) = wanted(file).await else { return Ok(None) };
        let place = Place::new(wanted.system, &wanted.settings, &|name| runtime.variable(name))
            .map_err(|error| format!("general_settings.key_management_system: {error}"))?;
        let service = service()?;
        let clock = runtime.clone();
        let clock: llm_secrets::Clock = Arc::new(move || clock.now());
        let credentials = credentials(&place, &wanted, runtime, &service, &clock)
            .map_err(|why| format!("general_settings.key_management_system: {why}"))?;
        let manager = SecretManager::new(place, wanted.settings.clone(), credentials, service, clock);
        let interval = interval(wanted.system, &wanted.settings, runtime);
        let secrets = Self { manager: Arc::new(manager), file: file.to_path_buf(), interval };
        secrets.ask(&wanted).await;
        Ok(Some(secrets))
    }

    /// The runtime with these secrets in front of its environment.
    pub(crate) fn before(&self, runtime: &Runtime) -> Runtime {
        runtime.clone().with_environment(self.manager.lookup(runtime.environment().clone()))
    }

    /// Asks again, also for names that the file did not have before. Answers whether anything is another than before.
    pub(crate) async fn refresh(&self) -> bool {
        match wanted(&self.file).await {
            Some(wanted) => self.ask(&wanted).await,
            None => false,
        }
    }

    /// Whether texts of virtual keys are written there.
    pub(crate) fn keeps_keys(&self) -> bool {
        self.manager.writes_keys()
    }

    /// Writes the text of the virtual key with this alias.
    ///
    /// # Errors
    /// In words; the log has them as well.
    pub(crate) async fn keep_key(&self, alias: &str, text: &Secret) -> Result<(), String> {
        self.manager.write_key(alias, text).await.map_err(|error| {
            tracing::warn!(key.alias = alias, %error, "a key was not written to the secret manager");
            error.to_string()
        })
    }

    async fn ask(&self, wanted: &KeyManagement) -> bool {
        let refreshed = self.manager.refresh(&wanted.names).await;
        for (name, error) in &refreshed.failed {
            tracing::warn!(secret = %name, %error, "a secret could not be read; what was known of it counts on");
        }
        if !refreshed.missing.is_empty() {
            let names = refreshed.missing.join(", ");
            tracing::debug!(secrets = names, "not in the secret manager, so looked for in the environment");
        }
        refreshed.changed
    }

    /// Reads the secrets again and again, and the configuration whenever one is another. Never ends.
    pub(crate) async fn watch(&self, reloader: &Reloader) -> Infallible {
        loop {
            tokio::time::sleep(self.interval).await;
            if self.refresh().await {
                let _told_in_the_log = reloader.reload().await;
            }
        }
    }
}

async fn wanted(file: &Path) -> Option<KeyManagement> {
    let file = file.to_path_buf();
    tokio::task::spawn_blocking(move || KeyManagement::of_file(&file)).await.ok().flatten()
}

fn interval(system: System, settings: &KeyManagementSettings, runtime: &Runtime) -> Duration {
    let variable = |name: &str| runtime.variable(name)?.trim().parse::<u64>().ok();
    let of_vault =
        (system == System::HashicorpVault).then(|| variable("HCP_VAULT_REFRESH_INTERVAL")).flatten();
    let seconds = settings
        .refresh_interval
        .or(of_vault)
        .or_else(|| variable("SECRET_MANAGER_REFRESH_INTERVAL"))
        // Nobody means to ask without a pause.
        .map(|seconds| seconds.max(10));
    seconds.map_or(REFRESH, Duration::from_secs)
}

/// The credentials to ask with: Vault's own login, or that of the vendor from the same house.
fn credentials(
    place: &Place,
    wanted: &KeyManagement,
    runtime: &Runtime,
    service: &Arc<dyn HttpService>,
    clock: &llm_secrets::Clock,
) -> Result<Arc<dyn CredentialSource>, String> {
    let vendor = match wanted.system {
        System::AwsSecretManager => "bedrock",
        System::GoogleSecretManager => "vertex_ai",
        System::AzureKeyVault => "azure",
        System::HashicorpVault => {
            let login = VaultLogin::with(place).ok_or("the place is no Vault")?;
            return Ok(login_source(Box::new(login), Arc::clone(service), Arc::clone(clock)));
        }
    };
    let provider = llm_providers::find(vendor).ok_or_else(|| format!("this build lacks {vendor}"))?;
    let mut parameters = Parameters::default();
    for info in &provider.info().parameters {
        if let Some(value) = info.variables.iter().find_map(|name| runtime.variable(name)) {
            parameters.set(info.name.clone(), value);
        }
    }
    for (name, value) in wanted.settings.aws_parameters() {
        parameters.set(name, value);
    }
    if let Some(scope) = place.azure_scope() {
        parameters.set("azure_scope", scope);
    }
    let login = provider.login(&parameters, None)?;
    let login = login.ok_or_else(|| format!("the environment has no login for {vendor}"))?;
    Ok(login_source(login, Arc::clone(service), Arc::clone(clock)))
}
