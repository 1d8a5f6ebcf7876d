//! What people are told: a CloudEvent 1.0 in JSON, signed as Standard Webhooks does it.

use std::path::Path;

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
    /// Its directory.
    pub(crate) dir: &'a Path,
    /// Of what.
    pub(crate) occasion: Occasion,
    /// In words.
    pub(crate) found: &'a str,
    /// When.
    pub(crate) at: Timestamp,
    /// The number of who is told, so that each message has an id of its own.
    pub(crate) number: usize,
}

/// The request that tells it. The signature is of the id, the time in seconds and the body, with a dot between each, by HMAC with
/// SHA-256 (Standard Webhooks, "Signature scheme"); a secret that begins with `whsec_` is base64 after that.
pub(crate) fn post(telling: &Telling<'_>, secret: Option<&str>) -> Result<Post, String> {
    let Telling { day, dir, occasion, found, at, number } = telling;
    let start = dir.file_name().unwrap_or_default().to_string_lossy();
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
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => {
                STANDARD.decode(encoded).map_err(|_| "the secret is no base64 after `whsec_`")?
            }
            None => secret.as_bytes().to_vec(),
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| "the secret is no key")?;
        mac.update(format!("{id}.{}.{body}", at.as_second()).as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        headers.push(("webhook-signature".to_owned(), format!("v1,{signature}")));
    }
    Ok(Post { headers, body })
}
