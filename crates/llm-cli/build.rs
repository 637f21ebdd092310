//! Hands the linker the order of functions in `link-order.txt`, which keeps what a start and a request run together, and
//! behind that those parts of the same functions which the compiler has set apart because requests do not run them.
//!
//! Elsewhere than on the one target whose default linker knows the option, or where another linker was asked for, the
//! program is linked in whichever order the compiler gives.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=link-order.txt");
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(clippy::disallowed_methods, reason = "a build script is told by variables alone")]
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let is_lld = var("TARGET") == "x86_64-unknown-linux-gnu" && var("RUSTC_LINKER").is_empty();
    let flags = var("CARGO_ENCODED_RUSTFLAGS");
    let is_changed = ["linker", "link-self-contained", "fuse-ld"].iter().any(|word| flags.contains(word));
    if var("PROFILE") == "release" && is_lld && !is_changed {
        let mut names = fs::read_to_string(Path::new(&var("CARGO_MANIFEST_DIR")).join("link-order.txt"))?;
        // A start runs many of them: scattered, each would bring pages of its own into memory.
        let cold = names.lines().fold(String::new(), |mut cold, name| {
            let _a_string_takes_all = writeln!(cold, "{name}.cold");
            cold
        });
        names.push_str(&cold);
        let order = Path::new(&var("OUT_DIR")).join("link-order.txt");
        fs::write(&order, names)?;
        println!("cargo::rustc-link-arg-bins=-Wl,--symbol-ordering-file={}", order.display());
        // Names have the compiler's version in them: with another one they are not found, and nothing is ordered.
        println!("cargo::rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
    Ok(())
}
