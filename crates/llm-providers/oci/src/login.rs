//! The signing key out of a file.

use llm_provider_core::{Credential, Login, LoginInput, LoginRun, LoginStep, Parameters, Secret};
use llm_types::UnixMs;

/// Reads the key's file, if there is one and the key itself is not set.
pub(crate) fn login(parameters: &Parameters) -> Option<Box<dyn Login>> {
    if parameters.get("oci_key").is_some() {
        return None;
    }
    let path = parameters.get("oci_key_file")?.to_owned();
    Some(Box::new(KeyFile { path }))
}

#[derive(Debug, Clone)]
struct KeyFile {
    path: String,
}

impl Login for KeyFile {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(self.clone())
    }
}

impl LoginRun for KeyFile {
    fn step(&mut self, input: LoginInput, _now: UnixMs) -> LoginStep {
        match input {
            LoginInput::Begin => LoginStep::Read(self.path.clone().into()),
            LoginInput::File(bytes) => match std::str::from_utf8(&bytes) {
                Ok(pem) => {
                    LoginStep::Done { credential: Credential::Key(Secret::new(pem)), expires_at: None }
                }
                Err(_) => LoginStep::Fail(format!("`{}` is no key in PEM", self.path)),
            },
            LoginInput::Failed(why) => LoginStep::Fail(why),
            _ => LoginStep::Fail("a file was expected".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_out_of_a_file() {
        let settings: Parameters = [("oci_key_file", "/keys/oci.pem")].into_iter().collect();
        let mut run = login(&settings).unwrap().begin();
        assert!(
            matches!(run.step(LoginInput::Begin, UnixMs(0)), LoginStep::Read(path) if path.ends_with("oci.pem"))
        );
        let done = run.step(LoginInput::File("-----BEGIN".into()), UnixMs(0));
        let LoginStep::Done { credential, expires_at: None } = done else { panic!("{done:?}") };
        assert_eq!(credential.secret().unwrap().expose(), "-----BEGIN");
        assert!(matches!(run.step(LoginInput::File(vec![0xff].into()), UnixMs(0)), LoginStep::Fail(_)));
        let both = [("oci_key_file", "f"), ("oci_key", "k")].into_iter().collect();
        assert!(login(&both).is_none() && login(Parameters::NONE).is_none());
    }
}
