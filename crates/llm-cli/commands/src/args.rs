//! Arguments of the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use llm_provider_core::Dialect;

use crate::manage;

/// One OpenAI-compatible interface before all your models.
///
/// Without a command it starts the gateway. Without a file it serves the built-in `mock` models and, as
/// `vendor/model`, every vendor whose usual key variable is set.
#[derive(Debug, Parser)]
#[command(name = "llm-gateway", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do; without it, `serve`.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Arguments of `serve`.
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the gateway
    Serve(ServeArgs),
    /// Read a configuration, print its deployments, and say what is wrong with it
    Check(CheckArgs),
    /// Ask a model and print the answer as it comes
    Chat(ChatArgs),
    /// Print what would become of a request, and why, without a network
    Explain(ExplainArgs),
    /// Print what a request or an answer becomes in another dialect, without a network
    Translate(TranslateArgs),
    /// Start a vendor that answers from scripts: OpenAI's and Anthropic's wire
    Mock(MockArgs),
    /// Print the JSON Schema of the configuration
    Schema,
    /// List the models of a configuration, or the vendors that are built in; manage those of a running gateway
    Models(ModelsArgs),
    /// Manage the virtual keys of a running gateway
    Keys(manage::keys::KeysArgs),
    /// Manage the teams of a running gateway
    Teams(manage::teams::TeamsArgs),
    /// Manage the users of a running gateway
    Users(manage::users::UsersArgs),
    /// Say what was spent with a running gateway
    Spend(Box<manage::spend::SpendArgs>),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the generated pages of the documentation
    #[cfg(feature = "schemars")]
    #[command(hide = true)]
    Docs {
        /// Where to
        dir: PathBuf,
    },
}

/// How to start the gateway.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArgs {
    /// Configuration file, in LiteLLM's shape
    #[arg(short, long, value_name = "FILE", env = "LLM_GATEWAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Serve this one model without a file, such as `gpt-4o` or `anthropic/claude-sonnet-4-5`
    #[arg(short, long, conflicts_with = "config")]
    pub(crate) model: Option<String>,
    /// The vendor's address for `--model`
    #[arg(long, visible_alias = "api_base", requires = "model", value_name = "URL")]
    pub(crate) api_base: Option<String>,
    /// Address to listen on
    #[arg(long, env = "LLM_GATEWAY_HOST", value_name = "ADDRESS")]
    pub(crate) host: Option<IpAddr>,
    /// Port to listen on; 0 takes any that is free
    #[arg(long, env = "PORT")]
    pub(crate) port: Option<u16>,
    /// Let other machines in although no master key is set
    #[arg(long)]
    pub(crate) allow_public_without_key: bool,
    /// Threads that serve requests; by default one a core
    #[arg(long, env = "TOKIO_WORKER_THREADS", value_name = "N")]
    pub(crate) workers: Option<usize>,
    /// How log lines look; by default `human` on a terminal and `json` elsewhere
    #[arg(long, value_enum, env = "LLM_GATEWAY_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// What is logged, such as `info` or `llm_gateway=debug`
    #[arg(long, env = "LLM_GATEWAY_LOG", default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Configuration file
    pub(crate) file: PathBuf,
    /// Print JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 1 on warnings too
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Which request to explain.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Configuration file; without it, what `serve` has without one
    #[arg(short, long, value_name = "FILE", env = "LLM_GATEWAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The route that the request is meant for
    #[arg(long, default_value = "/v1/chat/completions", value_name = "PATH")]
    pub(crate) route: String,
    /// A header of the request, such as `x-litellm-tags: eu`; may be given several times
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// The key of the request, with its limits if the database knows it; without it, on behalf of the gateway's owner
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// What chance goes by: the same number makes the same choices
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The time, in milliseconds since 1970; the machine's by default
    #[arg(long, value_name = "MS")]
    pub(crate) now: Option<i64>,
    /// Print JSON, as `POST /v1/explain` answers it
    #[arg(long)]
    pub(crate) json: bool,
    /// The request: a file, `-` for standard input, or JSON itself
    #[arg(value_name = "REQUEST")]
    pub(crate) request: String,
}

/// Whom to ask what.
#[derive(Debug, Args)]
pub(crate) struct ChatArgs {
    /// `vendor/model`, or a well-known bare name
    pub(crate) model: String,
    /// What to say; `-` reads it from standard input
    pub(crate) message: String,
    /// Instructions for the model
    #[arg(short, long)]
    pub(crate) system: Option<String>,
    /// The vendor's address
    #[arg(long, visible_alias = "api_base", value_name = "URL")]
    pub(crate) api_base: Option<String>,
    /// Tokens to write at most
    #[arg(long)]
    pub(crate) max_tokens: Option<u64>,
    /// Print what it took at the end
    #[arg(long)]
    pub(crate) usage: bool,
}

/// What to translate.
#[derive(Debug, Args)]
pub(crate) struct TranslateArgs {
    /// The dialect of the client
    #[arg(long, value_enum, default_value = "openai")]
    pub(crate) from: ClientDialect,
    /// The vendor, or `vendor/model`
    #[arg(long, required_unless_present = "check")]
    pub(crate) to: Option<String>,
    /// FILE is the vendor's answer; print what the client gets
    #[arg(long, conflicts_with = "stream")]
    pub(crate) response: bool,
    /// FILE is the vendor's stream; print what the client gets
    #[arg(long)]
    pub(crate) stream: bool,
    /// The status of the vendor's answer
    #[arg(long, default_value_t = 200, value_name = "CODE")]
    pub(crate) status: u16,
    /// The vendor's address
    #[arg(long, visible_alias = "api_base", value_name = "URL")]
    pub(crate) api_base: Option<String>,
    /// A setting of the vendor, as it stands under `litellm_params`; may be repeated
    #[arg(
        long = "setting",
        value_name = "NAME=VALUE",
        value_parser = setting,
        conflicts_with_all = ["response", "stream", "check"],
    )]
    pub(crate) settings: Vec<(String, String)>,
    /// Print the body alone
    #[arg(long)]
    pub(crate) body: bool,
    /// Refuse what cannot be carried instead of reporting it
    #[arg(long)]
    pub(crate) strict: bool,
    /// Replay the recorded exchanges of a folder and print where they differ
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "response", "stream", "file"])]
    pub(crate) check: Option<PathBuf>,
    /// The request or answer; `-` is standard input
    #[arg(required_unless_present = "check")]
    pub(crate) file: Option<PathBuf>,
}

/// `NAME=VALUE`.
fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    if name.is_empty() {
        Err("expected NAME=VALUE".to_owned())
    } else {
        Ok((name.to_owned(), value.to_owned()))
    }
}

/// The dialect of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientDialect {
    /// Chat completions
    Openai,
    /// Messages
    Anthropic,
    /// OpenAI's Responses
    OpenaiResponses,
    /// Gemini's generateContent
    Gemini,
    /// Bedrock's Converse
    Bedrock,
    /// Cohere's chat, version 2
    Cohere,
    /// Ollama's chat
    Ollama,
    /// Ollama's generate
    OllamaGenerate,
}

impl ClientDialect {
    /// The dialect.
    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::Openai => Dialect::OpenAiChat,
            Self::Anthropic => Dialect::AnthropicMessages,
            Self::OpenaiResponses => Dialect::OpenAiResponses,
            Self::Gemini => Dialect::Gemini,
            Self::Bedrock => Dialect::BedrockConverse,
            Self::Cohere => Dialect::CohereChat,
            Self::Ollama => Dialect::OllamaChat,
            Self::OllamaGenerate => Dialect::OllamaGenerate,
        }
    }
}

/// How to start the mock vendor.
#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// Port to listen on; 0 takes any that is free
    #[arg(long, default_value_t = 4010)]
    pub(crate) port: u16,
    /// The script for requests that bring none: JSON, or the name of a file
    #[arg(long, value_name = "JSON|FILE")]
    pub(crate) script: Option<String>,
    /// Requests that its record holds; the oldest go first
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub(crate) max_records: usize,
}

/// Which models to list.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ModelsArgs {
    /// What to do with those of a running gateway.
    #[command(subcommand)]
    pub(crate) command: Option<manage::models::Command>,
    /// Configuration file
    #[arg(short, long, value_name = "FILE", env = "LLM_GATEWAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// List the vendors that are built in, and what they can do
    #[arg(long)]
    pub(crate) providers: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests;
