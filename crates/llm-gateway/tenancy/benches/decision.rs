//! What a decision costs: `cargo bench -p llm-tenancy`.

fn main() {
    divan::main();
}
