//! An encrypted connection, and the certificate that it wants to see.

use llm_store::{Cipher, Store, StoreError, StoreSettings};
use llm_test_servers::{Kind, Server};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::bench::NOW;

/// A certificate for an address, its key, and the certificate of the authority that signed it.
fn certificate(host: &str) -> (String, String, String) {
    let authority = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&authority).unwrap().pem();
    let issuer = Issuer::new(params, authority);
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (signed.pem(), key.serialize_pem(), root)
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres_encrypted() {
    let server = Server::start(Kind::Postgres);
    let url = server.database("gateway");
    let (certificate, key, root) = certificate("127.0.0.1");
    let (_, _, stranger) = self::certificate("127.0.0.1");
    for (setting, path) in [
        ("ssl_cert_file", server.give("server.pem", &certificate)),
        ("ssl_key_file", server.give("server.key", &key)),
    ] {
        server.ask(&format!("ALTER SYSTEM SET {setting} = '{}'", path.display()));
    }
    server.ask("ALTER SYSTEM SET ssl = on");
    server.ask("SELECT pg_reload_conf()");
    let folder = tempfile::tempdir().unwrap();
    let [root, stranger] = [("root.pem", root), ("stranger.pem", stranger)].map(|(name, pem)| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    });
    let open = |query: String| {
        let settings = StoreSettings::new(folder.path()).with_url(format!("{url}?{query}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&settings, Cipher::default(), NOW).await?;
            store.ping().await
        })
    };
    // The server reads its settings anew when it comes to it.
    let encrypted = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        open("sslmode=require".to_owned()).is_ok()
    });
    assert!(encrypted, "{:?}", open("sslmode=require".to_owned()));
    open(format!("sslmode=verify-full&sslrootcert={}", root.display())).unwrap();
    for query in
        [format!("sslmode=verify-full&sslrootcert={}", stranger.display()), "sslmode=verify-full".to_owned()]
    {
        let refused = open(query).unwrap_err();
        assert!(matches!(&refused, StoreError::Away(why) if why.contains("certificate")), "{refused}");
    }
}
