//! Items of OpenAI's own tools.

use llm_types::wire_struct;
use serde_json::Value;

use crate::responses::wire::tools::Tool;

wire_struct! {
    /// A search of the web.
    pub struct WebSearchCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// What was done: `search`, `open_page` or `find_in_page`.
            action: Value,
            /// `in_progress`, `searching`, `completed`, `incomplete` or `failed`.
            status: String,
        }
    }
}

wire_struct! {
    /// A search of files.
    pub struct FileSearchCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// What was looked for.
            queries: Vec<String>,
            /// What was found.
            results: Vec<Value>,
            /// `in_progress`, `searching`, `completed`, `incomplete` or `failed`.
            status: String,
        }
    }
}

wire_struct! {
    /// An act at a screen.
    pub struct ComputerCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// Name by which the result refers to it.
            call_id: String,
            /// What to do.
            action: Value,
            /// What to do, step by step.
            actions: Vec<Value>,
            /// What the client should ask a person first.
            pending_safety_checks: Vec<Value>,
            /// `in_progress`, `completed` or `incomplete`.
            status: String,
        }
    }
}

wire_struct! {
    /// Code that ran at the vendor.
    pub struct CodeInterpreterCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// The code.
            code: String,
            /// Where it ran.
            container_id: String,
            /// What came of it.
            outputs: Vec<Value>,
            /// `in_progress`, `interpreting`, `completed`, `incomplete` or `failed`.
            status: String,
        }
    }
}

wire_struct! {
    /// An image that was made.
    pub struct ImageGenerationCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// Base64.
            result: String,
            /// `in_progress`, `generating`, `completed` or `failed`.
            status: String,
        }
    }
}

wire_struct! {
    /// Commands for a shell.
    pub struct ShellCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// Name by which the result refers to it.
            call_id: String,
            /// The commands, and how to run them.
            action: Value,
            /// `in_progress`, `completed` or `incomplete`.
            status: String,
        }
    }
}

wire_struct! {
    /// A change to a file.
    pub struct ApplyPatchCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// Name by which the result refers to it.
            call_id: String,
            /// What to change: `create_file`, `update_file` or `delete_file`.
            operation: Value,
            /// `in_progress` or `completed`.
            status: String,
        }
    }
}

wire_struct! {
    /// The tools of an MCP server.
    pub struct McpListTools {
        required {}
        optional {
            /// Its name.
            id: String,
            /// The server.
            server_label: String,
            /// Its tools.
            tools: Vec<Value>,
            /// Why there are none.
            error: Value,
        }
    }
}

wire_struct! {
    /// A call at an MCP server.
    pub struct McpCall {
        required {}
        optional {
            /// Its name.
            id: String,
            /// The server.
            server_label: String,
            /// The tool.
            name: String,
            /// JSON text.
            arguments: String,
            /// What came of it.
            output: String,
            /// What went wrong.
            error: Value,
            /// `in_progress`, `calling`, `completed`, `incomplete` or `failed`.
            status: String,
        }
    }
}

wire_struct! {
    /// Whether a call at an MCP server is allowed.
    pub struct ApprovalRequest {
        required {}
        optional {
            /// Its name.
            id: String,
            /// The server.
            server_label: String,
            /// The tool.
            name: String,
            /// JSON text.
            arguments: String,
        }
    }
}

wire_struct! {
    /// The answer to a request for approval.
    pub struct ApprovalResponse {
        required {}
        optional {
            /// The request.
            approval_request_id: String,
            /// Whether it is allowed.
            approve: bool,
            /// Why.
            reason: String,
            /// Its name.
            id: String,
        }
    }
}

wire_struct! {
    /// A search for tools, the tools that were found, or more tools.
    pub struct ToolSearchItem {
        required {}
        optional {
            /// Its name.
            id: String,
            /// Name by which the result refers to it.
            call_id: String,
            /// What was looked for.
            arguments: Value,
            /// The tools.
            tools: Vec<Tool>,
            /// Who searches: `server` or `client`.
            execution: String,
            /// Who adds them.
            role: String,
            /// `in_progress`, `completed` or `incomplete`.
            status: String,
        }
    }
}

wire_struct! {
    /// A program that calls tools, or what came of it.
    pub struct Program {
        required {}
        optional {
            /// Its name.
            id: String,
            /// Name by which the result refers to it.
            call_id: String,
            /// The program.
            code: String,
            /// What it is told from others by.
            fingerprint: String,
            /// What came of it.
            result: String,
            /// `completed` or `incomplete`.
            status: String,
        }
    }
}

wire_struct! {
    /// A long conversation made short.
    pub struct CompactionItem {
        required {}
        optional {
            /// Its name.
            id: String,
            /// For the vendor's eyes only.
            encrypted_content: String,
        }
    }
}
