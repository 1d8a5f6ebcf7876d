//! What gateways really do, as `brownout discover` found it over time.

use discover::{Profile, diff};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::{Answer, Call, shortened};
use super::input::Text;
use super::problem::Problem;
use super::site::Site;
use crate::profiles::{Kept, kept, names};

/// The profiles of a gateway, the oldest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Trend {
    /// The name of their folder.
    name: String,
    /// The profiles, in the order of their files' names.
    profiles: Vec<Discovered>,
}

/// A profile in short.
#[derive(Serialize, JsonSchema)]
pub(super) struct Discovered {
    /// Its file.
    file: String,
    /// The kind of gateway; empty if it can't be read.
    gateway: String,
    /// What the gateway said its version is.
    version: Option<String>,
    /// How many facts it knows.
    facts: u64,
    /// How many of them are others than in the profile before it; `null` for the first one, and where one of both can't be read.
    changes: Option<u64>,
    /// Why it can't be read.
    problem: Option<String>,
}

/// Two profiles.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Both {
    /// The file of the earlier one.
    before: Text<1, 255>,
    /// The file of the later one.
    after: Text<1, 255>,
}

/// `GET /profiles`
pub(super) fn list(site: &Site, _: &Call) -> Result<Answer, Problem> {
    let data = &site.office.data;
    let trends = names(data).into_iter().map(|name| {
        let kept = kept(data, &name).unwrap_or_default();
        let before = std::iter::once(None).chain(kept.iter().map(|kept| kept.profile.as_ref().ok()));
        let profiles = kept.iter().zip(before).map(|(kept, before)| short(kept, before)).collect();
        Trend { name, profiles }
    });
    Answer::json(&trends.collect::<Vec<_>>())
}

fn short(kept: &Kept, before: Option<&Profile>) -> Discovered {
    let profile = kept.profile.as_ref().ok();
    let known =
        |profile: &Profile| profile.fact.keys().filter(|key| profile.value(key).is_some()).count() as u64;
    Discovered {
        file: kept.file.clone(),
        gateway: profile.map(|profile| profile.about.gateway.clone()).unwrap_or_default(),
        version: profile.and_then(|profile| profile.about.version.clone()),
        facts: profile.map_or(0, known),
        changes: before.zip(profile).map(|(before, profile)| diff(before, profile).changes.len() as u64),
        problem: kept.profile.as_ref().err().cloned(),
    }
}

/// `GET /profiles/{name}/changes`
pub(super) fn changes(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Both { before, after } = call.asked()?;
    let name = call.path.first().map_or("", String::as_str);
    let kept = kept(&site.office.data, name)
        .ok_or_else(|| Problem::missing(format_args!("profile of `{}`", shortened(name))))?;
    let find = |file: &str| {
        let found = kept.iter().find(|kept| kept.file == file);
        let found = found.ok_or_else(|| Problem::missing(format_args!("profile `{}`", shortened(file))))?;
        found.profile.as_ref().map_err(|why| Problem::conflict(format!("{}: {why}", shortened(file))))
    };
    Ok(Answer::Page(diff(find(&before.0)?, find(&after.0)?).html().into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use crate::testing::{Hands, Served};

    const FIRST: &str = "[about]\nformat = 1\nbrownout = \"0.1.0\"\ngateway = \"haproxy\"\nversion = \"2.6\"\nbackends = [\"a\"]\n\
                         [fact]\n";

    #[test]
    fn profiles_are_told_in_order_with_what_changed_and_no_name_leads_out_of_their_folder() {
        let served = Served::start(Hands::default());
        let folder = served.dir.path().join("profiles/edge");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("2026-10.toml"), FIRST).unwrap();
        fs::write(folder.join("2026-11.toml"), FIRST.replace("2.6", "2.8")).unwrap();
        fs::write(folder.join("2026-12.toml"), "titel = 1").unwrap();
        fs::write(folder.join("notes.txt"), "no profile").unwrap();
        let told = served.ask("vic", "GET /api/v1/profiles", "").json();
        let files: Vec<_> = told[0]["profiles"].as_array().unwrap().iter().map(|one| &one["file"]).collect();
        assert_eq!(files, ["2026-10.toml", "2026-11.toml", "2026-12.toml"]);
        assert_eq!(
            (&told[0]["profiles"][0]["changes"], &told[0]["profiles"][1]["changes"]),
            (&json!(null), &json!(0))
        );
        assert_eq!(told[0]["profiles"][1]["version"], "2.8");
        assert!(told[0]["profiles"][2]["problem"].as_str().unwrap().contains("not a profile"), "{told}");
        let changes = |name: &str, before: &str, after: &str| {
            served.ask(
                "vic",
                &format!("GET /api/v1/profiles/{name}/changes?before={before}&after={after}"),
                "",
            )
        };
        let page = changes("edge", "2026-10.toml", "2026-11.toml");
        assert!(page.status == 200 && page.body.contains("0 changes"), "{page:?}");
        assert_eq!(changes("edge", "2026-10.toml", "2026-12.toml").status, 409);
        for (name, file) in
            [("edge", "..%2F..%2Fbrownout.sqlite"), ("..", "brownout.sqlite"), ("edge", "none.toml")]
        {
            assert_eq!(changes(name, file, "2026-11.toml").status, 404, "{name} {file}");
        }
    }
}
