//! LiteLLM's groups of routes.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::management;

/// A set of groups.
///
/// Source: LiteLLM docs, "Control model and route access", `allowed_routes`, read 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RouteGroups(u16);

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)+) => {
        impl RouteGroups {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)+
            const NAMES: &'static [(&'static str, Self)] = &[$(($text, Self::$name)),+];
        }
    };
}

groups! {
    /// What speaks as OpenAI does.
    OPENAI = 0, "openai_routes";
    /// What speaks as Anthropic does.
    ANTHROPIC = 1, "anthropic_routes";
    /// What speaks as Google does.
    GOOGLE = 2, "google_routes";
    /// Everything by which models and tools are asked.
    LLM_API = 3, "llm_api_routes";
    /// Tool servers.
    MCP = 4, "mcp_routes";
    /// Agents.
    AGENT = 5, "agent_routes";
    /// What is handed on to vendors as it is.
    PASS_THROUGH = 6, "mapped_pass_through_routes";
    /// What only looks things up.
    INFO = 7, "info_routes";
    /// Keys.
    KEY_MANAGEMENT = 8, "key_management_routes";
    /// Keys, users, teams, models.
    MANAGEMENT = 9, "management_routes";
    /// Spend of one's own.
    SPEND = 10, "spend_tracking_routes";
    /// Spend of all.
    GLOBAL_SPEND = 11, "global_spend_tracking_routes";
    /// What needs no key.
    PUBLIC = 12, "public_routes";
}

impl RouteGroups {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// Both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have one in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// By which models, tools and agents are asked, and nothing is managed or looked up.
    pub const ASKING: Self = Self::OPENAI
        .or(Self::ANTHROPIC)
        .or(Self::GOOGLE)
        .or(Self::LLM_API)
        .or(Self::MCP)
        .or(Self::AGENT)
        .or(Self::PASS_THROUGH);

    /// The group of this name.
    pub fn named(name: &str) -> Option<Self> {
        let name = match name {
            "passthrough_routes_wildcard" | "llm_passthrough_routes" => "mapped_pass_through_routes",
            name => name,
        };
        Self::NAMES.iter().find(|(text, _)| *text == name).map(|(_, group)| *group)
    }

    /// The names of the groups in this set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().filter(move |(_, group)| self.meets(*group)).map(|(name, _)| *name)
    }
}

const LLM: RouteGroups = RouteGroups::LLM_API;
const OPENAI: RouteGroups = LLM.or(RouteGroups::OPENAI);
const ANTHROPIC: RouteGroups = LLM.or(RouteGroups::ANTHROPIC);
const GOOGLE: RouteGroups = LLM.or(RouteGroups::GOOGLE);
const PASS_THROUGH: RouteGroups = LLM.or(RouteGroups::PASS_THROUGH);
const LOOK_UP: RouteGroups = OPENAI.or(RouteGroups::INFO);

/// Paths by which models and tools are asked, and those that need no key, with their groups. A path stands for all below it as well; those under `/v1`
/// are there without it too. The first one that fits counts.
const DATA_PLANE: &[(&str, RouteGroups)] = &[
    ("/v1/chat/completions", OPENAI),
    ("/v1/completions", OPENAI),
    ("/v1/embeddings", OPENAI),
    ("/v1/moderations", OPENAI),
    ("/v1/audio", OPENAI),
    ("/v1/images", OPENAI),
    ("/v1/videos", OPENAI),
    ("/v1/files", OPENAI),
    ("/v1/batches", OPENAI),
    ("/v1/fine_tuning", OPENAI),
    ("/v1/assistants", OPENAI),
    ("/v1/threads", OPENAI),
    ("/v1/responses", OPENAI),
    ("/openai/v1/responses", OPENAI),
    ("/v1/realtime", OPENAI),
    ("/v1/vector_stores", OPENAI),
    ("/v1/vector_store", OPENAI),
    ("/v1/containers", OPENAI),
    ("/v1/conversations", OPENAI),
    ("/v1/search", OPENAI),
    ("/v1/ocr", OPENAI),
    ("/v1/rag", OPENAI),
    ("/v1/rerank", OPENAI),
    ("/v2/rerank", OPENAI),
    ("/v2/chat", LLM),
    ("/v2/embed", LLM),
    ("/v1/explain", LLM),
    ("/v1/messages", ANTHROPIC),
    ("/v1/skills", ANTHROPIC),
    ("/v1/models", LOOK_UP),
    ("/engines", OPENAI),
    ("/openai/deployments", OPENAI),
    ("/utils/token_counter", OPENAI),
    ("/utils/transform_request", OPENAI),
    ("/utils/supported_openai_params", LOOK_UP),
    ("/v1beta", GOOGLE),
    ("/v1beta1", GOOGLE),
    ("/v1/projects", GOOGLE),
    ("/interactions", GOOGLE),
    ("/model/{model}", LLM),
    ("/api/chat", LLM),
    ("/api/generate", LLM),
    ("/api/embed", LLM),
    ("/api/embeddings", LLM),
    ("/api/tags", LOOK_UP),
    ("/api/version", LOOK_UP),
    ("/api/show", LOOK_UP),
    ("/mcp-rest", LLM.or(RouteGroups::MCP)),
    ("/mcp", LLM.or(RouteGroups::MCP)),
    ("/a2a", LLM.or(RouteGroups::AGENT)),
    ("/v1/agents", LLM.or(RouteGroups::AGENT)),
    ("/guardrails/apply_guardrail", LLM),
    ("/health/liveliness", RouteGroups::PUBLIC),
    ("/health/liveness", RouteGroups::PUBLIC),
    ("/health/readiness", RouteGroups::PUBLIC),
    ("/public", RouteGroups::PUBLIC),
    ("/routes", RouteGroups::PUBLIC),
    ("/bedrock", PASS_THROUGH),
    ("/vertex_ai", PASS_THROUGH),
    ("/vertex-ai", PASS_THROUGH),
    ("/cohere", PASS_THROUGH),
    ("/gemini", PASS_THROUGH),
    ("/anthropic", PASS_THROUGH),
    ("/azure", PASS_THROUGH),
    ("/azure_ai", PASS_THROUGH),
    ("/openai", PASS_THROUGH),
    ("/openai_passthrough", PASS_THROUGH),
    ("/vllm", PASS_THROUGH),
    ("/mistral", PASS_THROUGH),
    ("/cursor", PASS_THROUGH),
    ("/assemblyai", PASS_THROUGH),
    ("/langfuse", PASS_THROUGH),
    ("/milvus", PASS_THROUGH),
];

/// The groups of one of the gateway's routes: `/v1/models/{*id}`.
///
/// A route that is in no group is in none: only a rule that names it allows it.
pub fn groups_of(method: &str, template: &str) -> RouteGroups {
    management::route(method, template)
        .map_or_else(|| groups_beside(method, template), management::ManagementRoute::groups)
}

/// The same of a route that manages nothing.
pub fn groups_beside(method: &str, template: &str) -> RouteGroups {
    /// Routes as the table names them, which nearly all requests are for.
    static EXACT: LazyLock<HashMap<&'static str, RouteGroups>> = LazyLock::new(|| {
        let names = DATA_PLANE.iter().flat_map(|(path, _)| [Some(*path), path.strip_prefix("/v1")]);
        names.flatten().map(|path| (path, by_table(path))).collect()
    });
    // Google's clients ask models where others look them up: `POST /v1/models/{model}:generateContent`.
    if method == "POST" && is_at(template, "/v1/models") {
        return GOOGLE;
    }
    EXACT.get(template).copied().unwrap_or_else(|| by_table(template))
}

/// The groups of the first line that fits.
fn by_table(template: &str) -> RouteGroups {
    DATA_PLANE.iter().find(|(path, _)| is_at(template, path)).map_or(RouteGroups::NONE, |(_, groups)| *groups)
}

/// Whether a route is this one, or one below it, with or without the version before it.
fn is_at(template: &str, path: &str) -> bool {
    let below = |path: &str| template.strip_prefix(path);
    let rest = below(path).or_else(|| below(path.strip_prefix("/v1")?));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
