//! What opens, and what does not.

use super::*;

const OLD: &str = "an old key of many bytes";
const NEW: &str = "a new key of many bytes";
const PLACE: Place<'_> = Place { kind: Kind::Credential, id: "c1", name: "api_key" };

fn cipher(texts: &[&str]) -> Cipher {
    Cipher::new(texts).unwrap()
}

#[test]
fn what_is_sealed_opens_in_its_place_alone() {
    let cipher = cipher(&[OLD]);
    for secret in ["", "sk-secret", "ключ 🔑 \0"] {
        let sealed = cipher.seal(PLACE, secret).unwrap();
        assert_eq!(cipher.open(PLACE, &sealed).unwrap().as_str(), secret);
        for other in [
            Place { kind: Kind::Model, ..PLACE },
            Place { id: "c2", ..PLACE },
            Place { id: "c1api", name: "_key", ..PLACE },
        ] {
            assert!(matches!(cipher.open(other, &sealed), Err(StoreError::Unreadable(_))), "{other:?}");
        }
    }
    let twice = [cipher.seal(PLACE, "x").unwrap(), cipher.seal(PLACE, "x").unwrap()];
    assert_ne!(twice[0].text, twice[1].text, "equal secrets do not show");
}

#[test]
fn what_was_changed_does_not_open() {
    let cipher = cipher(&[OLD]);
    let sealed = cipher.seal(PLACE, "sk-secret").unwrap();
    let bytes = STANDARD.decode(&sealed.text).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let changed = Sealed { text: STANDARD.encode(changed), ..sealed.clone() };
        assert!(cipher.open(PLACE, &changed).is_err(), "byte {at}");
    }
    for text in ["", "AAAA", "not base64!"] {
        assert!(cipher.open(PLACE, &Sealed { text: text.to_owned(), ..sealed.clone() }).is_err(), "{text:?}");
    }
}

#[test]
fn keys_are_followed_by_others() {
    let (old, both, new) = (cipher(&[OLD]), cipher(&[NEW, OLD]), cipher(&[NEW]));
    let sealed = old.seal(PLACE, "sk-secret").unwrap();
    let resealed = both.reseal(PLACE, &sealed).unwrap();
    assert_eq!(Some(resealed.key_id.as_str()), new.key_id());
    assert_eq!(new.open(PLACE, &resealed).unwrap().as_str(), "sk-secret");
    let error = new.open(PLACE, &sealed).unwrap_err().to_string();
    assert!(error.contains(old.key_id().unwrap()), "{error}");
}

#[test]
fn nothing_is_given_away() {
    let cipher = cipher(&[OLD]);
    assert!(!format!("{cipher:?}").contains(OLD));
    let error = Cipher::new(["short secret"]).unwrap_err().to_string();
    assert!(!error.contains("short secret"), "{error}");
    assert!(matches!(Cipher::default().seal(PLACE, "x"), Err(StoreError::Invalid(_))));
}
