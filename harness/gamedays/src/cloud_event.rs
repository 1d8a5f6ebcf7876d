//! What people are told: a `CloudEvent` 1.0 in JSON, signed as Standard Webhooks does it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

use crate::day::GameDay;
use crate::environment::Post;
use crate::file::Occasion;

/// Something that is told.
pub(crate) struct Telling<'a> {
    /// The game day.
    pub(crate) day: &'a GameDay,
    /// When it began, or should have: the name of its directory.
    pub(crate) start: &'a str,
    /// Of what.
    pub(crate) occasion: Occasion,
    /// In words.
    pub(crate) found: &'a str,
    /// When.
    pub(crate) at: Timestamp,
}

/// The request that tells it. The signature is of the id, the time in seconds and the body, with a dot between each, by HMAC with
/// SHA-256 (Standard Webhooks, "Signature scheme"); a secret that begins with `whsec_` is base64 after that.
/// `number` tells whom, so that each message has an id of its own.
pub(crate) fn post(telling: &Telling<'_>, number: usize, secret: Option<&str>) -> Result<Post, String> {
    let Telling { day, start, occasion, found, at } = telling;
    let id = format!("{}-{start}-{}-{number}", day.name, occasion.word());
    let body = json!({
        "specversion": "1.0",
        "id": id,
        "source": format!("/brownout/gamedays/{}", day.name),
        "type": format!("dev.brownout.gameday.{}", occasion.word()),
        "time": at.to_string(),
        "subject": start,
        "datacontenttype": "application/json",
        "data": { "gameday": day.name, "title": day.title, "owner": day.owner, "found": found },
    })
    .to_string();
    let mut headers = vec![
        ("content-type".to_owned(), "application/cloudevents+json; charset=utf-8".to_owned()),
        ("webhook-id".to_owned(), id.clone()),
        ("webhook-timestamp".to_owned(), at.as_second().to_string()),
    ];
    if let Some(secret) = secret {
        headers.push(("webhook-signature".to_owned(), signature(secret, &id, at.as_second(), &body)?));
    }
    Ok(Post { headers, body })
}

fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> Result<String, String> {
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| "the secret is no base64 after `whsec_`")?,
        None => secret.as_bytes().to_vec(),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| "the secret is no key")?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_example_of_standard_webhooks_is() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed =
            signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let wrong = signature("whsec_hunter2!", "a", 0, "").unwrap_err();
        assert!(!wrong.contains("hunter2"), "{wrong}");
    }
}
