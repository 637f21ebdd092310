//! Hands the linker the order of functions in `link-order.txt`, which keeps what a start and a request run together.
//!
//! Elsewhere than on the one target whose default linker knows the option, or where another linker was asked for, the
//! program is linked in whichever order the compiler gives.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=link-order.txt");
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(clippy::disallowed_methods, reason = "a build script is told by variables alone")]
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let is_lld = var("TARGET") == "x86_64-unknown-linux-gnu" && var("RUSTC_LINKER").is_empty();
    let flags = var("CARGO_ENCODED_RUSTFLAGS");
    let is_changed = ["linker", "link-self-contained", "fuse-ld"].iter().any(|word| flags.contains(word));
    if var("PROFILE") == "release" && is_lld && !is_changed {
        let order = Path::new(&var("CARGO_MANIFEST_DIR")).join("link-order.txt");
        println!("cargo::rustc-link-arg-bins=-Wl,--symbol-ordering-file={}", order.display());
        // Names have the compiler's version in them: with another one they are not found, and nothing is ordered.
        println!("cargo::rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
}
