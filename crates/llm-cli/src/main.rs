//! The `llm-gateway` binary: the allocator, and the commands of `llm-commands`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    llm_commands::main()
}
