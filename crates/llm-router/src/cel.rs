//! Expressions in the configuration: compiled once, bounded in size.
//!
//! Without the feature `cel` every expression is a fault of the configuration.

use std::fmt;
use std::sync::Arc;

/// Bytes of an expression, at most.
const MAX_BYTES: usize = 4096;

/// A compiled expression. Cheap to clone; equal to another of the same text.
#[derive(Clone)]
pub(crate) struct Program {
    source: Arc<str>,
    #[cfg_attr(not(feature = "cel"), expect(dead_code, reason = "nothing is compiled without it"))]
    variables: Arc<[&'static str]>,
    #[cfg(feature = "cel")]
    program: Arc<cel::Program>,
    #[cfg(feature = "cel")]
    env: Arc<cel::Env>,
}

impl Program {
    /// Compiles `source`, which may speak of `variables` and nothing else.
    pub(crate) fn new(source: &str, variables: &[&'static str]) -> Result<Self, String> {
        if source.len() > MAX_BYTES {
            return Err(format!("the expression has {} bytes, of {MAX_BYTES} at most", source.len()));
        }
        Self::compile(source, variables)
    }

    #[cfg(not(feature = "cel"))]
    fn compile(_source: &str, _variables: &[&'static str]) -> Result<Self, String> {
        Err("expressions need a build with the feature `cel`".into())
    }

    #[cfg(feature = "cel")]
    fn compile(source: &str, variables: &[&'static str]) -> Result<Self, String> {
        let env = cel::Env::stdlib();
        let program = env.compile(source).map_err(|error| error.to_string())?;
        let mentioned = program.references().variables().into_iter().map(str::to_owned).collect::<Vec<_>>();
        if let Some(unknown) = mentioned.iter().find(|name| !variables.contains(&name.as_str())) {
            return Err(format!(
                "unknown variable `{unknown}`, expected one of `{}`",
                variables.join("`, `")
            ));
        }
        Ok(Self {
            source: source.into(),
            variables: variables
                .iter()
                .copied()
                .filter(|known| mentioned.iter().any(|name| name == known))
                .collect(),
            program: Arc::new(program),
            env: Arc::new(env),
        })
    }
}

#[cfg(feature = "cel")]
mod run {
    use cel::objects::Value;
    use cel::{Context, ExecutionError};

    use super::Program;

    impl Program {
        /// Whether the expression speaks of this variable.
        pub(crate) fn mentions(&self, variable: &str) -> bool {
            self.variables.contains(&variable)
        }

        /// What it comes to, with variables as `value` gives them.
        pub(crate) fn run(&self, value: impl Fn(&str) -> Value) -> Result<Value, ExecutionError> {
            let mut context = Context::with_env(self.env.clone());
            for name in self.variables.iter() {
                context.add_variable_from_value(*name, value(name));
            }
            self.program.execute(&context)
        }
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.source).finish()
    }
}
