//! The events of a streamed answer.

use llm_types::wire_struct;
use serde_json::{Number, Value};

use super::content::Part;
use super::item::Item;
use super::response::Response;
use super::tagged::tagged_enum;

tagged_enum! {
    /// One event.
    pub enum StreamEvent: "an event (an object with a `type`)" {
        /// The answer has a name.
        Created(ResponseEvent) = "response.created",
        /// It waits.
        Queued(ResponseEvent) = "response.queued",
        /// It is being written.
        InProgress(ResponseEvent) = "response.in_progress",
        /// It is done.
        Completed(ResponseEvent) = "response.completed",
        /// It was broken off.
        Incomplete(ResponseEvent) = "response.incomplete",
        /// It failed.
        Failed(ResponseEvent) = "response.failed",
        /// An item begins.
        ItemAdded(ItemEvent) = "response.output_item.added",
        /// An item is whole.
        ItemDone(ItemEvent) = "response.output_item.done",
        /// A part of a message begins.
        PartAdded(PartEvent) = "response.content_part.added",
        /// A part of a message is whole.
        PartDone(PartEvent) = "response.content_part.done",
        /// More text.
        TextDelta(DeltaEvent) = "response.output_text.delta",
        /// The text is whole.
        TextDone(DoneEvent) = "response.output_text.done",
        /// A source of the text.
        AnnotationAdded(AnnotationEvent) = "response.output_text.annotation.added",
        /// More words of refusal.
        RefusalDelta(DeltaEvent) = "response.refusal.delta",
        /// The refusal is whole.
        RefusalDone(DoneEvent) = "response.refusal.done",
        /// A part of a summary begins.
        SummaryPartAdded(PartEvent) = "response.reasoning_summary_part.added",
        /// A part of a summary is whole.
        SummaryPartDone(PartEvent) = "response.reasoning_summary_part.done",
        /// More of a summary.
        SummaryDelta(DeltaEvent) = "response.reasoning_summary_text.delta",
        /// The summary's part is whole.
        SummaryDone(DoneEvent) = "response.reasoning_summary_text.done",
        /// More thinking.
        ReasoningDelta(DeltaEvent) = "response.reasoning_text.delta",
        /// The thinking is whole.
        ReasoningDone(DoneEvent) = "response.reasoning_text.done",
        /// More arguments.
        ArgumentsDelta(DeltaEvent) = "response.function_call_arguments.delta",
        /// The arguments are whole.
        ArgumentsDone(DoneEvent) = "response.function_call_arguments.done",
        /// More input of a custom tool.
        CustomInputDelta(DeltaEvent) = "response.custom_tool_call_input.delta",
        /// The input is whole.
        CustomInputDone(DoneEvent) = "response.custom_tool_call_input.done",
        /// More code.
        CodeDelta(DeltaEvent) = "response.code_interpreter_call_code.delta",
        /// The code is whole.
        CodeDone(DoneEvent) = "response.code_interpreter_call_code.done",
        /// Code runs soon.
        CodeInProgress(ProgressEvent) = "response.code_interpreter_call.in_progress",
        /// Code runs.
        CodeInterpreting(ProgressEvent) = "response.code_interpreter_call.interpreting",
        /// Code has run.
        CodeCompleted(ProgressEvent) = "response.code_interpreter_call.completed",
        /// A search of the web begins.
        WebSearchInProgress(ProgressEvent) = "response.web_search_call.in_progress",
        /// A search of the web runs.
        WebSearchSearching(ProgressEvent) = "response.web_search_call.searching",
        /// A search of the web is over.
        WebSearchCompleted(ProgressEvent) = "response.web_search_call.completed",
        /// A search of files begins.
        FileSearchInProgress(ProgressEvent) = "response.file_search_call.in_progress",
        /// A search of files runs.
        FileSearchSearching(ProgressEvent) = "response.file_search_call.searching",
        /// A search of files is over.
        FileSearchCompleted(ProgressEvent) = "response.file_search_call.completed",
        /// An image is asked for.
        ImageInProgress(ProgressEvent) = "response.image_generation_call.in_progress",
        /// An image is being made.
        ImageGenerating(ProgressEvent) = "response.image_generation_call.generating",
        /// An image so far.
        ImagePartial(ImageEvent) = "response.image_generation_call.partial_image",
        /// An image is done.
        ImageCompleted(ProgressEvent) = "response.image_generation_call.completed",
        /// More arguments of a call at an MCP server.
        McpArgumentsDelta(DeltaEvent) = "response.mcp_call_arguments.delta",
        /// The arguments are whole.
        McpArgumentsDone(DoneEvent) = "response.mcp_call_arguments.done",
        /// A call at an MCP server runs.
        McpCallInProgress(ProgressEvent) = "response.mcp_call.in_progress",
        /// It is over.
        McpCallCompleted(ProgressEvent) = "response.mcp_call.completed",
        /// It failed.
        McpCallFailed(ProgressEvent) = "response.mcp_call.failed",
        /// An MCP server is asked for its tools.
        McpListInProgress(ProgressEvent) = "response.mcp_list_tools.in_progress",
        /// It has told them.
        McpListCompleted(ProgressEvent) = "response.mcp_list_tools.completed",
        /// It has not.
        McpListFailed(ProgressEvent) = "response.mcp_list_tools.failed",
        /// A command for a shell begins.
        ShellCommandAdded(ShellEvent) = "response.shell_call_command.added",
        /// More of the command.
        ShellCommandDelta(ShellEvent) = "response.shell_call_command.delta",
        /// The command is whole.
        ShellCommandDone(ShellEvent) = "response.shell_call_command.done",
        /// More of what a command wrote.
        ShellOutputDelta(ShellEvent) = "response.shell_call_output_content.delta",
        /// What it wrote is whole.
        ShellOutputDone(ShellEvent) = "response.shell_call_output_content.done",
        /// The conversation is being made short.
        Compacting(ProgressEvent) = "response.compaction.compacting",
        /// More sound.
        AudioDelta(DeltaEvent) = "response.audio.delta",
        /// The sound is whole.
        AudioDone(DoneEvent) = "response.audio.done",
        /// More of what the sound says.
        TranscriptDelta(DeltaEvent) = "response.audio.transcript.delta",
        /// What the sound says is whole.
        TranscriptDone(DoneEvent) = "response.audio.transcript.done",
        /// A failure.
        Error(ErrorEvent) = "error",
    }
}

wire_struct! {
    /// How far the answer is.
    pub struct ResponseEvent {
        required {
            /// The answer so far.
            response: Response,
        }
        optional {
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// An item that begins, or is whole.
    pub struct ItemEvent {
        required {
            /// The item so far.
            item: Item,
        }
        optional {
            /// Its place in the output.
            output_index: u32,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// A part that begins, or is whole.
    pub struct PartEvent {
        required {
            /// The part so far.
            part: Part,
        }
        optional {
            /// The item's name.
            item_id: String,
            /// The item's place in the output.
            output_index: u32,
            /// The part's place in the message.
            content_index: u32,
            /// The part's place in the summary.
            summary_index: u32,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// A piece.
    pub struct DeltaEvent {
        required {
            /// The piece.
            delta: String,
        }
        optional {
            /// The item's name.
            item_id: String,
            /// The item's place in the output.
            output_index: u32,
            /// The part's place in the message.
            content_index: u32,
            /// The part's place in the summary.
            summary_index: u32,
            /// Log probabilities.
            logprobs: Vec<Value>,
            /// Padding that hides the length of the event.
            obfuscation: String,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// What came in pieces, whole.
    pub struct DoneEvent {
        required {}
        optional {
            /// The text.
            text: String,
            /// The words of refusal.
            refusal: String,
            /// The arguments.
            arguments: String,
            /// The function's name.
            name: String,
            /// The input of a custom tool.
            input: String,
            /// The code.
            code: String,
            /// The item's name.
            item_id: String,
            /// The item's place in the output.
            output_index: u32,
            /// The part's place in the message.
            content_index: u32,
            /// The part's place in the summary.
            summary_index: u32,
            /// Log probabilities.
            logprobs: Vec<Value>,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// A source of the text.
    pub struct AnnotationEvent {
        required {}
        optional {
            /// The source.
            annotation: Value,
            /// Its place among the sources.
            annotation_index: u32,
            /// The item's name.
            item_id: String,
            /// The item's place in the output.
            output_index: u32,
            /// The part's place in the message.
            content_index: u32,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// How far a tool of the vendor's is.
    pub struct ProgressEvent {
        required {}
        optional {
            /// The item's name.
            item_id: String,
            /// The item's place in the output.
            output_index: u32,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// An image so far.
    pub struct ImageEvent {
        required {}
        optional {
            /// Base64.
            partial_image_b64: String,
            /// Which of the images so far.
            partial_image_index: u32,
            /// The item's name.
            item_id: String,
            /// The item's place in the output.
            output_index: u32,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// A command for a shell, or what it wrote.
    pub struct ShellEvent {
        required {}
        optional {
            /// The command.
            command: String,
            /// Which command.
            command_index: u32,
            /// More of the command, or of what it wrote.
            delta: Value,
            /// What it wrote.
            output: Value,
            /// The item's name.
            item_id: String,
            /// The item's place in the output.
            output_index: u32,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}

wire_struct! {
    /// A failure. Some vendors put what it says under `error`.
    pub struct ErrorEvent {
        required {}
        optional {
            /// The kind.
            code: Value,
            /// In words.
            message: String,
            /// The member of the request at fault.
            param: Value,
            /// Its place among the events.
            sequence_number: Number,
        }
    }
}
