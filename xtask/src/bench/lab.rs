//! The programs of the benchmark: built, started side by side, loaded in turn.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{
    Effort, load, process,
    report::{Entries, Figures, Footprint, Measure, Round},
    request,
    scenario::{self, Dialect, Scenario},
    service::{Service, free_port},
    stats::{Spread, float},
};
use crate::{
    clock,
    shell::{self, Cmd},
    workspace::Workspace,
};

/// What the client sends and the gateway asks for.
const KEY: &str = "sk-bench";
/// What the upstream is sent.
const UPSTREAM_KEY: &str = "sk-x";

/// What is put between the load generator and the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Subject {
    /// Nothing.
    Direct,
    Minimal,
    Nginx,
    /// With a master key, and without a database.
    Gateway,
    /// With virtual keys, limits, budgets and the ledger, on SQLite.
    Booked,
}

/// The programs, built.
pub(super) struct Lab {
    programs: PathBuf,
    scratch: PathBuf,
    with_gateway: bool,
    watched: Option<Watched>,
}

/// A gateway that tells what of it ran, and where it writes that.
pub(super) struct Watched {
    pub(super) by: Watcher,
    pub(super) program: PathBuf,
    pub(super) profiles: PathBuf,
}

/// Who counts what runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Watcher {
    /// `callgrind`: `NAME.callgrind`.
    Callgrind,
    /// The program itself, built so that it counts: `NAME.profraw`.
    Itself,
}

impl Watched {
    fn command(&self, name: &str) -> Cmd {
        let file = |extension: &str| self.profiles.join(format!("{name}.{extension}"));
        match self.by {
            Watcher::Callgrind => Cmd::new("valgrind")
                .args(["--tool=callgrind", "--demangle=no"])
                .arg(format!("--callgrind-out-file={}", file("callgrind").display()))
                .arg(&self.program),
            Watcher::Itself => Cmd::new(&self.program).env("LLVM_PROFILE_FILE", file("profraw")),
        }
    }
}

/// The programs, running. Fields end in this order: proxies before their upstream.
pub(super) struct Running {
    load: PathBuf,
    gateway: Option<Service>,
    booked: Option<Booked>,
    nginx: Option<Service>,
    minimal: Service,
    upstream: Service,
}

impl Lab {
    pub(super) fn build(workspace: &Workspace, with_gateway: bool) -> anyhow::Result<Self> {
        build(with_gateway).run()?;
        let scratch = workspace.target_directory.join("xtask/bench");
        fs::create_dir_all(&scratch)?;
        Ok(Self {
            programs: workspace.target_directory.join("release"),
            scratch,
            with_gateway,
            watched: None,
        })
    }

    /// The same, with this gateway.
    pub(super) fn watching(self, watched: Watched) -> Self {
        Self { watched: Some(watched), ..self }
    }

    /// Starts the gateway without and with a database, has each answer all of the scenarios, and lets both end in order.
    pub(super) fn run_through(&self, scenarios: &[Scenario], seconds: f64) -> anyhow::Result<()> {
        let upstream = self.upstream()?;
        let load = self.program("bench-load");
        let plain = self.answering_gateway(&upstream)?;
        for scenario in scenarios {
            load::run(&load, plain.address, scenario, (&scenario.model(), KEY), seconds)?;
        }
        plain.end()?;
        let booked = self.booked(&upstream)?;
        for scenario in scenarios {
            load::run(&load, booked.service.address, scenario, (&scenario.model(), &booked.key), seconds)?;
        }
        booked.entries()?;
        booked.service.end()
    }

    pub(super) fn start(&self) -> anyhow::Result<Running> {
        let upstream = self.upstream()?;
        let address = upstream.address.to_string();
        let minimal =
            Cmd::new(self.program("minimal-proxy")).args(["--upstream", &address, "--key", UPSTREAM_KEY]);
        let minimal = renames().into_iter().fold(minimal, |cmd, rename| cmd.args(["--rename", &rename]));
        let nginx = shell::which("nginx").map(|program| self.nginx(&program, &address)).transpose()?;
        if nginx.is_none() {
            println!("nginx is not installed: the minimal proxy is not compared with it");
        }
        let gateway = self.with_gateway.then(|| self.answering_gateway(&upstream)).transpose()?;
        let booked = self.with_gateway.then(|| self.booked(&upstream)).transpose()?;
        Ok(Running {
            load: self.program("bench-load"),
            gateway,
            booked,
            nginx,
            minimal: Service::announced(&minimal)?,
            upstream,
        })
    }

    /// Starts the gateway some times: how long until it answers, how much memory it then holds.
    pub(super) fn footprint(&self, starts: usize) -> anyhow::Result<Footprint> {
        let upstream = self.upstream()?;
        let (mut start_ms, mut idle_kib) = (Vec::new(), Vec::new());
        for _ in 0..starts {
            let began = clock::now();
            let gateway = self.answering_gateway(&upstream)?;
            start_ms.push(began.elapsed().as_secs_f64() * 1000.0);
            std::thread::sleep(Duration::from_millis(300));
            idle_kib.push(float(process::resident_kib(gateway.pid())?));
        }
        Ok(Footprint {
            start_ms: Spread::of(start_ms),
            idle_kib: Spread::of(idle_kib),
            binary_bytes: fs::metadata(self.program("llm-gateway"))?.len(),
        })
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    fn upstream(&self) -> anyhow::Result<Service> {
        Service::announced(&Cmd::new(self.program("bench-upstream")))
    }

    /// The gateway without a database, once it has answered.
    fn answering_gateway(&self, upstream: &Service) -> anyhow::Result<Service> {
        self.configured("gateway", upstream, "llm_gateway:\n  database:\n    enabled: false\n")
    }

    /// The gateway with everything on, once it has answered, and a key whose every level is bounded.
    fn booked(&self, upstream: &Service) -> anyhow::Result<Booked> {
        let folder = self.scratch.join("booked");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let more = format!("llm_gateway:\n  database:\n    data_dir: {}\n", folder.display());
        let service = self.configured("booked", upstream, &more)?;
        Booked::new(service)
    }

    fn configured(&self, name: &str, upstream: &Service, more: &str) -> anyhow::Result<Service> {
        let config = self.scratch.join(format!("{name}.yaml"));
        fs::write(&config, format!("{more}{}", gateway_config(&upstream.address.to_string())))?;
        let port = free_port()?;
        let cmd = match &self.watched {
            None => Cmd::new(self.program("llm-gateway")),
            Some(watched) => watched.command(name),
        };
        let cmd = cmd
            .arg("--config")
            .arg(&config)
            .args(["--port", &port.to_string()])
            .env("TOKIO_WORKER_THREADS", "2");
        let mut service = Service::spawned(&cmd, port)?;
        let address = service.address;
        service
            .wait_for(|| request::is_answered(address, "bench-openai", KEY))
            .map_err(|error| error.context(format!("`{cmd}`")))?;
        Ok(service)
    }

    /// One process, so that its handle ends it whole.
    fn nginx(&self, program: &Path, upstream: &str) -> anyhow::Result<Service> {
        let (port, file) = (free_port()?, self.scratch.join("nginx.conf"));
        fs::write(&file, nginx_config(port, upstream, &self.scratch))?;
        let cmd =
            Cmd::new(program).arg("-p").arg(&self.scratch).arg("-c").arg(&file).args(["-e", "nginx.log"]);
        Service::listening(&cmd, port)
    }
}

impl Running {
    /// Loads everything that can take part, in rounds that begin with another one each time.
    pub(super) fn measure(&self, scenario: &Scenario, effort: &Effort) -> anyhow::Result<Figures> {
        let mut subjects = self.subjects(scenario);
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds {
            let mut round = Round::new();
            for &subject in &subjects {
                round.insert(subject, self.measure_one(scenario, subject, effort.seconds)?);
            }
            rounds.push(round);
            subjects.rotate_left(1);
        }
        Ok(Figures { scenario: *scenario, rounds })
    }

    /// Loads the gateway that has everything on.
    pub(super) fn load_booked(&self, scenario: &Scenario, seconds: f64) -> anyhow::Result<load::Measured> {
        let booked = self.with_everything()?;
        load::run(&self.load, booked.service.address, scenario, (&scenario.model(), &booked.key), seconds)
    }

    /// Entries that the ledger of the gateway with everything on has.
    pub(super) fn booked_entries(&self) -> anyhow::Result<u64> {
        self.with_everything()?.entries()
    }

    /// The process of the gateway that has everything on.
    pub(super) fn booked_pid(&self) -> anyhow::Result<u32> {
        Ok(self.with_everything()?.service.pid())
    }

    fn with_everything(&self) -> anyhow::Result<&Booked> {
        self.booked.as_ref().context("it was not built")
    }

    fn subjects(&self, scenario: &Scenario) -> Vec<Subject> {
        let mut subjects = vec![Subject::Minimal];
        if scenario.compares_latency() {
            subjects.push(Subject::Direct);
        }
        if self.nginx.is_some() && scenario.is_same_dialect() {
            subjects.push(Subject::Nginx);
        }
        if self.gateway.is_some() {
            subjects.push(Subject::Gateway);
        }
        if self.booked.is_some() && scenario.is_booked {
            subjects.push(Subject::Booked);
        }
        subjects
    }

    fn service(&self, subject: Subject) -> Option<&Service> {
        match subject {
            Subject::Direct => Some(&self.upstream),
            Subject::Minimal => Some(&self.minimal),
            Subject::Nginx => self.nginx.as_ref(),
            Subject::Gateway => self.gateway.as_ref(),
            Subject::Booked => self.booked.as_ref().map(|booked| &booked.service),
        }
    }

    fn measure_one(&self, scenario: &Scenario, subject: Subject, seconds: f64) -> anyhow::Result<Measure> {
        let Some(service) = self.service(subject) else { anyhow::bail!("{subject:?} does not run") };
        let model = match subject {
            Subject::Direct | Subject::Nginx => scenario.upstream_model(scenario.client),
            // It cannot translate: in a cross-dialect scenario it stands for the same client, untranslated.
            Subject::Minimal => Scenario { upstream: scenario.client, ..*scenario }.model(),
            Subject::Gateway | Subject::Booked => scenario.model(),
        };
        let booked = self.booked.as_ref().filter(|_| subject == Subject::Booked);
        let key = booked.map_or(KEY, |booked| &booked.key);
        let run = |seconds| load::run(&self.load, service.address, scenario, (&model, key), seconds);
        let entries_before = booked.map(Booked::entries).transpose()?;
        let warmed = run(seconds.min(0.3))?;
        booked.map(Booked::catch_up).transpose()?;
        process::reset_peak(service.pid());
        let before = process::Cpu::of(service.pid())?;
        let measured = run(seconds)?;
        // What the server does after its last answer belongs to the request.
        std::thread::sleep(Duration::from_millis(20));
        booked.map(Booked::catch_up).transpose()?;
        let cpu = process::Cpu::of(service.pid())?.since(&before);
        ensure!(
            measured.requests > 0,
            "{}: {subject:?} answered nothing: {}",
            scenario.name,
            measured.first_error.unwrap_or_default()
        );
        let requests = float(measured.requests);
        let entries = match (booked, entries_before) {
            (Some(booked), Some(before)) => {
                let answered = warmed.requests + measured.requests;
                Some(Entries { answered, booked: booked.entries()? - before })
            }
            _ => None,
        };
        Ok(Measure {
            entries,
            requests: measured.requests,
            errors: measured.errors,
            first_error: measured.first_error,
            requests_per_s: requests / measured.elapsed_s,
            events_per_request: float(measured.events) / requests,
            cpu_us_per_request: cpu.as_secs_f64() * 1e6 / requests,
            p50_us: measured.latency.map_or(f64::NAN, |found| found.p50_us),
            p99_us: measured.latency.map_or(f64::NAN, |found| found.p99_us),
            first_event_p50_us: measured.first_event.map(|found| found.p50_us),
            first_event_p99_us: measured.first_event.map(|found| found.p99_us),
            peak_kib: process::peak_kib(service.pid())?,
        })
    }
}

/// The command that builds the programs, as they are given to users.
pub(super) fn build(with_gateway: bool) -> Cmd {
    let bench = Cmd::cargo("build --quiet --release --bins --package llm-bench");
    if with_gateway { bench.args(["--package", "llm-cli"]) } else { bench }
}

/// Every suffix of the scenarios, once.
fn suffixes() -> Vec<&'static str> {
    let mut suffixes: Vec<_> =
        scenario::ALL.iter().chain(scenario::SOAK).map(|scenario| scenario.suffix).collect();
    suffixes.sort_unstable();
    suffixes.dedup();
    suffixes
}

/// `FROM=TO` for every model, as the minimal proxy takes it.
fn renames() -> Vec<String> {
    let of = |dialect: Dialect, suffix: &str| {
        format!("bench-{}{suffix}={}{suffix}", dialect.name(), dialect.upstream_model())
    };
    let both = |suffix| [of(Dialect::Openai, suffix), of(Dialect::Anthropic, suffix)];
    suffixes().into_iter().flat_map(both).collect()
}

/// The gateway's config: LiteLLM's shape, a master key, one deployment per model, each with prices.
fn gateway_config(upstream: &str) -> String {
    let mut yaml = format!("general_settings:\n  master_key: {KEY}\nmodel_list:\n");
    for suffix in suffixes() {
        for (dialect, base) in [(Dialect::Openai, "/v1"), (Dialect::Anthropic, "")] {
            let (name, model) = (dialect.name(), dialect.upstream_model());
            yaml.push_str(&format!(
                "  - model_name: bench-{name}{suffix}\n    litellm_params:\n      model: {name}/{model}{suffix}\n      \
                 api_base: http://{upstream}{base}\n      api_key: {UPSTREAM_KEY}\n    model_info:\n      \
                 input_cost_per_token: 0.00000015\n      output_cost_per_token: 0.0000006\n"
            ));
        }
    }
    yaml
}

/// A gateway that books, and a key of it.
struct Booked {
    service: Service,
    key: String,
}

/// The ledger has everything after at most this long.
const BOOKED_WITHIN: Duration = Duration::from_secs(60);

impl Booked {
    /// Makes a key with a team, a user and an organisation above it, each with limits and a budget that are never reached.
    fn new(service: Service) -> anyhow::Result<Self> {
        let made = |route: &str, mut record: Value, name: &str| {
            for (limit, most) in [("rpm_limit", 1_000_000_000), ("tpm_limit", 1_000_000_000_000_u64)] {
                record[limit] = most.into();
            }
            record["max_budget"] = 1_000_000.into();
            record["budget_duration"] = "30d".into();
            let made = request::managed(service.address, route, KEY, &record)?;
            let name = made.get(name).and_then(Value::as_str).map(str::to_owned);
            name.with_context(|| format!("{route} answers {made}"))
        };
        let organization = json!({"organization_alias": "bench", "models": []});
        let organization = made("POST /organization/new", organization, "organization_id")?;
        let team = json!({"team_alias": "bench", "organization_id": organization});
        let team = made("POST /team/new", team, "team_id")?;
        let user = made("POST /user/new", json!({"user_id": "bench", "auto_create_key": false}), "user_id")?;
        let key = made("POST /key/generate", json!({"team_id": team, "user_id": user}), "key")?;
        Ok(Self { service, key })
    }

    /// Waits until all that was settled is in the database.
    fn catch_up(&self) -> anyhow::Result<()> {
        let began = clock::now();
        while request::metric(self.service.address, KEY, "llm_gateway_journal_waiting_entries")? > 0 {
            ensure!(began.elapsed() < BOOKED_WITHIN, "the ledger is not complete after {BOOKED_WITHIN:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Entries that the ledger has.
    fn entries(&self) -> anyhow::Result<u64> {
        self.catch_up()?;
        let summary = request::managed(self.service.address, "GET /spend/summary", KEY, &Value::Null)?;
        let entries = summary.pointer("/total/requests").and_then(Value::as_u64);
        entries.with_context(|| format!("/spend/summary answers {summary}"))
    }
}

/// A plain reverse proxy with connections kept open and nothing logged. It cannot rename the model.
fn nginx_config(port: u16, upstream: &str, scratch: &Path) -> String {
    let scratch = scratch.display();
    format!(
        "daemon off;\nmaster_process off;\npid {scratch}/nginx.pid;\nerror_log {scratch}/nginx.log;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n\
         access_log off;\nkeepalive_requests 100000000;\n\
         client_max_body_size 8m;\nclient_body_buffer_size 2m;\n\
         client_body_temp_path {scratch}/body;\nproxy_temp_path {scratch}/proxy;\n\
         fastcgi_temp_path {scratch}/fastcgi;\nuwsgi_temp_path {scratch}/uwsgi;\nscgi_temp_path {scratch}/scgi;\n\
         upstream bench {{ server {upstream}; keepalive 2048; keepalive_requests 100000000; }}\n\
         server {{\nlisten 127.0.0.1:{port} backlog=4096;\n\
         location / {{ proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection \"\"; \
         proxy_buffering off; }}\n}}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_of_a_scenario_is_known_to_both_proxies() {
        let (config, renames) = (gateway_config("127.0.0.1:9"), renames());
        for scenario in scenario::ALL {
            let (from, to) = (scenario.model(), scenario.upstream_model(scenario.upstream));
            assert!(renames.contains(&format!("{from}={to}")), "{from}");
            assert!(config.contains(&format!("model_name: {from}\n")), "{from}");
            assert!(config.contains(&format!("model: {}/{to}\n", scenario.upstream.name())), "{to}");
        }
    }
}
