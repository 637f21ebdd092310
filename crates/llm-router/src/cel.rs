//! Expressions in the configuration: compiled once, bounded in size.
//!
//! Without the feature `cel` every expression is a fault of the configuration.

use std::fmt;
use std::sync::Arc;

/// Bytes of an expression, at most.
const MAX_BYTES: usize = 4096;

/// Brackets in brackets, operators, and conditions of `a ? b : c`, at most: they are what makes an expression deep, and
/// both reading and running it go as deep on the stack.
const MAX_NESTING: usize = 12;
const MAX_OPERATORS: usize = 32;
const MAX_CONDITIONS: usize = 8;

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
        let shape = shape(source);
        for (what, count, most) in [
            ("brackets within each other", shape.nesting, MAX_NESTING),
            ("operators", shape.operators, MAX_OPERATORS),
            ("conditions", shape.conditions, MAX_CONDITIONS),
        ] {
            if count > most {
                return Err(format!("the expression has {count} {what}, of {most} at most"));
            }
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

/// How deep an expression may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Shape {
    nesting: usize,
    operators: usize,
    conditions: usize,
}

/// Counts brackets and operators outside of texts.
fn shape(source: &str) -> Shape {
    let mut shape = Shape::default();
    let (mut depth, mut text, mut before) = (0_usize, None, ' ');
    let mut characters = source.chars();
    while let Some(character) = characters.next() {
        match (text, character) {
            (Some(_), '\\') => _ = characters.next(),
            (Some(quote), _) => text = text.filter(|_| character != quote),
            (None, '"' | '\'') => text = Some(character),
            (None, '(' | '[' | '{') => {
                depth += 1;
                shape.nesting = shape.nesting.max(depth);
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '?') => shape.conditions += 1,
            // The second half of one of two characters.
            (None, '=') if matches!(before, '=' | '!' | '<' | '>') => {}
            (None, '&' | '|') if before == character => {}
            (None, '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '&' | '|' | '.') => {
                shape.operators += 1;
            }
            (None, _) => {}
        }
        before = character;
    }
    shape
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_that_outside_of_texts() {
        let of = |source| {
            let Shape { nesting, operators, conditions } = shape(source);
            (nesting, operators, conditions)
        };
        assert_eq!(of("((a)) + [b]"), (2, 1, 0));
        assert_eq!(of(r#"'((+\'((' == "]'((" "#), (0, 1, 0));
        assert_eq!(of(")))((("), (3, 0, 0));
        assert_eq!(of("a.b <= c && d != e || !(f) ? --g : h"), (1, 8, 1));
    }

    #[cfg(feature = "cel")]
    #[test]
    fn the_deepest_expressions_that_are_allowed_fit_on_the_stack() {
        let chain = format!("weight{}", " + weight".repeat(MAX_OPERATORS));
        let minus = format!("{}weight", "-".repeat(MAX_OPERATORS));
        let ternary = format!("{}weight", "weight > weight ? weight : ".repeat(MAX_CONDITIONS));
        let nested = format!("{}weight{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
        let both = format!("{}weight{}", "-(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
        for source in [chain, minus, ternary, nested, both] {
            let program =
                Program::new(&source, &["weight"]).unwrap_or_else(|fault| panic!("{source}: {fault}"));
            assert!(program.run(|_| 1.0.into()).is_ok(), "{source}");
        }
    }

    #[test]
    fn deeper_ones_are_refused() {
        let fault = |source: &str| Program::new(source, &["a"]).unwrap_err();
        assert_eq!(fault(&"(".repeat(13)), "the expression has 13 brackets within each other, of 12 at most");
        assert_eq!(fault(&"-".repeat(33)), "the expression has 33 operators, of 32 at most");
        assert_eq!(fault(&"?".repeat(9)), "the expression has 9 conditions, of 8 at most");
        assert_eq!(fault(&" ".repeat(4_097)), "the expression has 4097 bytes, of 4096 at most");
    }
}
