//! Entries at other prices, what is counted anew, and whether sums are true.

use llm_ledger::{Flag, LegId, Status, Usd};
use llm_tenancy::management::Scope;
use serde_json::{Value, json};

use super::ledger::{booked, entry, hash, request};
use crate::office::{MASTER, Place};

async fn reprice(place: &Place, body: Value) -> Value {
    place.master("POST", "/spend/reprice", &body).await
}

#[tokio::test]
async fn what_changes_is_appended() {
    let place = booked().await;
    // A cent for each token.
    place.price(10_000_000);
    let dry = reprice(&place, json!({"start_date": "2026-11-16", "dry_run": true})).await;
    // Six entries of 110 tokens; the seventh came from the cache.
    let expected = json!({
        "entries": 7, "adjusted": 6, "unpriced": 0, "spend_before": 0.63, "spend_after": 6.6, "dry_run": true, "after": null,
    });
    assert_eq!(dry, expected);
    assert_eq!(place.master("GET", "/spend/summary", &Value::Null).await["total"]["spend"], 0.63);

    let of_gpt = reprice(&place, json!({"start_date": "2026-11-16", "model": "gpt-4o"})).await;
    assert_eq!(
        (&of_gpt["entries"], &of_gpt["adjusted"], &of_gpt["spend_after"]),
        (&json!(3), &json!(2), &json!(2.2))
    );
    let done = reprice(&place, json!({"start_date": "2026-11-16"})).await;
    assert_eq!(
        (&done["adjusted"], &done["spend_before"], &done["spend_after"]),
        (&json!(4), &json!(2.78), &json!(6.6))
    );
    let again = reprice(&place, json!({"start_date": "2026-11-16"})).await;
    assert_eq!((&again["adjusted"], &again["spend_before"]), (&json!(0), &json!(6.6)));

    let legs = place.store.entries_of(request(2, 5), &Scope::everything()).await.unwrap();
    let added: Vec<_> = legs.iter().skip(2).collect();
    assert_eq!(added.len(), 2);
    for (at, (adjustment, cents)) in added.iter().zip([110 - 16, 110 - 32]).enumerate() {
        assert_eq!(adjustment.id.leg, LegId::ADJUSTMENTS + u32::try_from(at).unwrap());
        assert_eq!(
            (adjustment.status, adjustment.cost),
            (Status::Adjustment, Usd::from_nanos(cents * 10_000_000))
        );
        assert_eq!((adjustment.tokens.total(), &*adjustment.reason), (0, "reprice"));
        assert_eq!(
            (&*adjustment.details, &adjustment.charges),
            (&*format!("{{\"adjusts\":{at}}}"), &legs[0].charges)
        );
    }
    let total = &place.master("GET", "/spend/summary", &Value::Null).await["total"];
    assert_eq!(
        (&total["spend"], &total["requests"], &total["prompt_tokens"]),
        (&json!(6.6), &json!(7), &json!(600))
    );
    let row = place.master("GET", &format!("/spend/logs/ui/{}", request(2, 5)), &Value::Null).await;
    assert_eq!(
        (&row["legs"][2]["leg_status"], &row["legs"][2]["status"]),
        (&json!("adjustment"), &json!("success"))
    );
    let check = place.master("POST", "/spend/check", &Value::Null).await;
    assert_eq!(check, json!({"ok": true, "count": 0, "mismatches": []}));

    // What is cheaper again is given back.
    place.price(1_000_000);
    let less = reprice(&place, json!({"start_date": "2026-11-16", "end_date": "2026-11-16"})).await;
    assert_eq!((&less["spend_before"], &less["spend_after"]), (&json!(2.2), &json!(0.22)));
    assert_eq!(place.master("POST", "/spend/check", &Value::Null).await["ok"], true);
}

#[tokio::test]
async fn what_has_no_price_stays() {
    let place = booked().await;
    let none = reprice(&place, json!({"start_date": "2026-11-17", "end_date": "2026-11-18"})).await;
    assert_eq!(
        (&none["unpriced"], &none["adjusted"], &none["spend_after"]),
        (&json!(4), &json!(0), &json!(0.15))
    );
    let mut said = entry(6, 0, "ines", 3);
    said.flags = said.flags.with(Flag::Reported);
    place.store.book(&[said], None, place.now()).await.unwrap();
    place.price(10_000_000);
    let kept = reprice(&place, json!({"start_date": "2026-11-18"})).await;
    assert_eq!(
        (&kept["adjusted"], &kept["spend_after"]),
        (&json!(2), &json!(2.23)),
        "the vendor's own word holds"
    );
    for (body, param) in [
        (json!({}), "start_date"),
        (json!({"start_date": "yesterday"}), "start_date"),
        (json!({"start_date": "2026-11-18", "end_date": "2026-11-17"}), "end_date"),
        (json!({"start_date": "2026-11-18", "dry_run": "perhaps"}), "dry_run"),
        (json!({"start_date": "2026-11-18", "after": "there"}), "after"),
    ] {
        let told = place.refusal(MASTER, "POST", "/spend/reprice", &body).await;
        assert_eq!((told.0, told.2.as_deref()), (400, Some(param)), "{body}");
    }
}

#[tokio::test]
async fn a_long_ledger_is_gone_through_in_portions() {
    let place = Place::new().await;
    place.price(1);
    let mut many = Vec::new();
    for number in 0..20_500_u32 {
        let mut leg = entry(0, 3, "ines", 0);
        // Requests of seven legs, so that none ends with a portion.
        let mut bytes = [0; 10];
        bytes[..4].copy_from_slice(&(number / 7).to_be_bytes());
        let at = u64::try_from(leg.id.request.at().0).unwrap();
        let uuid = uuid::Builder::from_unix_timestamp_millis(at, &bytes).into_uuid();
        leg.id = LegId { request: llm_ledger::RequestId::new(uuid), leg: number % 7 };
        many.push(leg);
    }
    for some in many.chunks(1_000) {
        place.store.book(some, None, place.now()).await.unwrap();
    }
    let (mut after, mut entries, mut adjusted, mut rounds) = (Value::Null, 0, 0, 0);
    loop {
        let done = reprice(&place, json!({"start_date": "2026-11-01", "after": after})).await;
        entries += done["entries"].as_u64().unwrap();
        adjusted += done["adjusted"].as_u64().unwrap();
        (after, rounds) = (done["after"].clone(), rounds + 1);
        if after.is_null() {
            break;
        }
    }
    assert_eq!((entries, adjusted), (20_500, 20_500));
    assert!(rounds > 1);
    let again =
        reprice(&place, json!({"start_date": "2026-11-01", "dry_run": true, "model": "gpt-4o"})).await;
    assert_eq!(again["adjusted"], 0);
}

#[tokio::test]
async fn spending_is_counted_anew_and_the_ledger_stays() {
    let place = booked().await;
    let done = place.master("POST", "/global/spend/reset", &Value::Null).await;
    assert_eq!((&done["status"], &done["keys"], &done["teams"]), (&json!("success"), &json!(4), &json!(2)));
    let keys = place.master("GET", "/spend/keys", &Value::Null).await;
    assert!(keys.as_array().unwrap().iter().all(|key| key["spend"] == 0), "{keys}");
    assert_eq!(place.master("GET", "/global/spend", &Value::Null).await["spend"], 0.63);
    let again = place.master("POST", "/global/spend/reset", &json!({})).await;
    assert_eq!(again["keys"], 0);
    let audit = place.master("GET", &format!("/audit?object_id={}", hash("nobody")), &Value::Null).await;
    assert_eq!(audit["total"], 2, "made, and counted anew: {audit}");
    let told = place.refusal(MASTER, "POST", "/spend/check", &json!({"start_date": "x"})).await;
    assert_eq!((told.0, told.2.as_deref()), (400, Some("start_date")));
}
