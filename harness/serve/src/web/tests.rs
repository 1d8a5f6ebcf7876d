//! The API over real sockets.

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::testing::{Hands, Reply, Served};
use crate::web::document;

/// What can be asked: method and path with numbers in it, and who may.
fn operations() -> Vec<(String, Value)> {
    let document = document();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "1").replace("{number}", "0").replace("{name}", "outage");
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((format!("{} {path}", method.to_uppercase()), operation.clone()));
        }
    }
    operations
}

#[test]
fn there_is_no_way_around_a_role() {
    let served = Served::start(Hands::default());
    let mut asked = 0;
    for (what, operation) in operations() {
        let Some(said) = operation["description"].as_str().filter(|said| said.starts_with("Takes the role"))
        else {
            assert!(["GET /api/v1/openapi.json", "POST /api/v1/session"].contains(&what.as_str()), "{what}");
            continue;
        };
        let json = "content-type: application/json";
        assert_eq!(served.raw(&what, &[json], "{}").status, 401, "{what} by nobody");
        for (user, roles) in [("vic", "view"), ("olga", "operate view"), ("ann", "approve view")] {
            let may = roles.split(' ').any(|role| said.contains(&format!("`{role}`")));
            if !may {
                assert_eq!(served.ask(user, &what, "{}").status, 403, "{what} by {user}");
                asked += 1;
            }
        }
    }
    assert!(asked > 8, "{asked}");
    assert!(
        served.ask("vic", "GET /api/v1/firings", "").json().as_array().unwrap().is_empty(),
        "something was done"
    );
}

/// Logs in as a browser does: the lines of headers for the cookie and against CSRF.
fn log_in(served: &Served, user: &str) -> (String, String) {
    let body = json!({ "token": served.token(user) }).to_string();
    let reply = served.raw("POST /api/v1/session", &["content-type: application/json"], &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    (format!("cookie: {cookie}"), format!("x-brownout-csrf: {}", reply.json()["csrf"].as_str().unwrap()))
}

#[test]
fn a_browser_that_is_logged_in_does_nothing_for_another_site() {
    let served = Served::start(Hands::default());
    let (cookie, csrf) = log_in(&served, "olga");
    let json = "content-type: application/json";
    let press = |headers: &[&str]| {
        let headers: Vec<&str> = [cookie.as_str(), json].into_iter().chain(headers.iter().copied()).collect();
        served.raw("POST /api/v1/button", &headers, r#"{"why":"smoke"}"#).status
    };
    assert_eq!(press(&[]), 403, "without the header");
    assert_eq!(press(&["x-brownout-csrf: 00"]), 403, "with a wrong one");
    assert_eq!(press(&[&csrf, "origin: https://evil.example"]), 403);
    assert_eq!(press(&[&csrf, "origin: null"]), 403);
    assert_eq!(press(&[&csrf, "sec-fetch-site: cross-site"]), 403);
    assert_eq!(press(&[&csrf, "sec-fetch-site: same-site"]), 403);
    let read = served.raw("GET /api/v1/firings", &[&cookie, "sec-fetch-site: cross-site"], "");
    assert_eq!(read.status, 403);
    let own = format!("origin: http://{}", served.address);
    assert_eq!(press(&[&csrf, &own, "sec-fetch-site: same-origin"]), 200);
    let foreign =
        served.raw("POST /api/v1/session", &[json, "sec-fetch-site: cross-site"], r#"{"token":"x"}"#);
    assert_eq!(foreign.status, 403, "nobody is logged in by another site either");
    assert_eq!(served.raw("DELETE /api/v1/session", &[&cookie, &csrf], "").status, 204);
    assert_eq!(served.raw("GET /api/v1/session", &[&cookie], "").status, 401);
}

#[test]
fn every_answer_says_that_it_is_shown_in_nobody_s_frame_and_kept_by_nobody() {
    let served = Served::start(Hands::default());
    for what in ["GET /", "GET /page.js", "GET /page.css", "GET /nothing", "GET /api/v1/button", "PUT /"] {
        let reply = served.ask("vic", what, "");
        let policy = reply.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{what}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
    }
}

#[test]
fn what_can_t_be_understood_is_refused_in_words() {
    let served = Served::start(Hands::default());
    let problem = |reply: &Reply, status: u16, says: &str| {
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply:?}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{detail}");
    };
    let button = |body: &str| served.ask("olga", "POST /api/v1/button", body);
    problem(&button("{"), 400, "the body");
    problem(&button(r#"{"why":""}"#), 400, "1 to 2000 characters, found 0");
    problem(&button(&format!(r#"{{"why":"{}"}}"#, "x".repeat(2_001))), 400, "found 2001");
    problem(&button(r#"{"why":"x","who":"me"}"#), 400, "unknown field `who`");
    problem(&button(&"x".repeat(40_000)), 413, "at most");
    let get = |path: &str| served.ask("vic", &format!("GET {path}"), "");
    problem(&get("/api/v1/firings?limit=0"), 400, "1 to 200");
    problem(&get("/api/v1/firings?limit=x"), 400, "the query");
    problem(&get("/api/v1/firings?colour=red"), 400, "unknown field");
    problem(&get("/api/v1/firings/9999"), 404, "no firing `9999`");
    problem(&get("/api/v1/firings/%3Cscript%3E"), 404, "no firing");
    problem(&get("/api/v1/gamedays/..%2F..%2Fetc"), 404, "no game day");
    problem(&get("/api/v2"), 404, "no such page");
    let token = format!("authorization: Bearer {}", served.token("olga"));
    let form = served.raw("POST /api/v1/button", &[&token, "content-type: text/plain"], r#"{"why":"x"}"#);
    problem(&form, 415, "application/json");
    let wrong = served.ask("olga", "PATCH /api/v1/button", "");
    problem(&wrong, 405, "method");
    assert!(wrong.header("allow").unwrap().contains("POST"));
}

#[test]
fn a_game_day_is_asked_for_approved_by_another_watched_and_stopped() {
    let served = Served::start(Hands::default());
    let id = served.begin("both", "approved");
    let path = |end: &str| format!("/api/v1/firings/{id}{end}");
    let approve = |user: &str, role: &str| {
        let body = json!({ "role": role, "comment": "go" }).to_string();
        served.ask(user, &format!("POST {}", path("/approvals")), &body).status
    };
    assert_eq!(served.ask("both", "POST /api/v1/gamedays/approved/firings", "{}").status, 409, "twice");
    assert_eq!(approve("both", "sre"), 403, "what they asked for themselves");
    assert_eq!(approve("ann", "dba"), 403, "a role that is not theirs");
    assert_eq!(served.reaches(id, "due")["missing"], json!(["1 approval of role sre"]));
    assert_eq!(served.ask("vic", &format!("GET {}", path("/bundle")), "").status, 409);
    let mut events = BufReader::new(served.send(
        &format!("GET {}", path("/events")),
        &[&format!("authorization: Bearer {}", served.token("vic"))],
        "",
    ));
    let of_another_text = json!({ "role": "sre", "digest": "0".repeat(64) }).to_string();
    let refused = served.ask("ann", &format!("POST {}", path("/approvals")), &of_another_text);
    assert_eq!(refused.status, 409, "what was read is another text");
    assert_eq!(approve("ann", "sre"), 201);
    served.reaches(id, "running");
    assert_eq!(approve("ann", "sre"), 409, "it runs");
    let note = json!({ "text": "<img src=x onerror=alert(1)>\u{202e}" }).to_string();
    assert_eq!(served.ask("olga", &format!("POST {}", path("/notes")), &note).status, 201);
    let decide = |answer: &str| served.ask("olga", &format!("POST {}", path("/decisions")), answer);
    let answer = r#"{"number":1,"answer":"one retry is enough"}"#;
    assert_eq!(decide(answer).status, 409, "it is not over");
    let stop = format!("POST {}", path("/stop"));
    assert_eq!(served.ask("olga", &stop, r#"{"why":"enough"}"#).status, 202);
    let ended = served.reaches(id, "stopped");
    assert_eq!(served.ask("vic", &format!("GET {}", path("/timeline")), "").json()[0]["text"], "one step");
    let overview = served.ask("vic", "GET /api/v1/gamedays/approved", "").json();
    assert_eq!(overview["undecided"], json!({ "firing": id, "questions": ["Is it enough?"] }));
    let decided = decide(answer);
    assert_eq!((decided.status, decided.json()["text"].as_str()), (201, Some("olga: one retry is enough")));
    assert_eq!(decide(r#"{"number":2,"answer":"x"}"#).status, 409, "there is no such question");
    assert_eq!(ended["approvals"][0]["user"], "ann");
    assert_eq!(ended["notes"][0]["text"], "<img src=x onerror=alert(1)>\u{202e}");
    assert_eq!(served.ask("olga", &stop, r#"{"why":"again"}"#).status, 409);
    let mut heard = String::new();
    while !heard.contains(r#""state":"stopped""#) {
        assert!(events.read_line(&mut heard).unwrap() > 0, "{heard}");
    }
    for word in [r#""approved":"ann""#, "under way", r#""note":"#, r#""stopped_by":"olga""#] {
        assert!(heard.contains(word), "{word} in {heard}");
    }
    let log = served.ask("vic", "GET /api/v1/audit", "").json();
    let deeds: Vec<&str> =
        log.as_array().unwrap().iter().rev().map(|entry| entry["what"].as_str().unwrap()).skip(4).collect();
    assert_eq!(deeds, ["start", "approve", "begin", "stop", "stopped", "decide"]);
}

#[test]
fn what_is_asked_for_can_be_called_off_before_it_begins() {
    let served = Served::start(Hands::default());
    let id = served.begin("olga", "approved");
    let reply = served.ask("both", &format!("POST /api/v1/firings/{id}/stop"), r#"{"why":"not today"}"#);
    assert_eq!((reply.status, reply.json()["state"].as_str()), (202, Some("withdrawn")));
    assert_eq!(reply.json()["why"], "both called it off: not today");
    served.begin("olga", "approved");
}

#[test]
fn the_red_button_stops_everything_and_blocks_it_until_it_is_lifted() {
    let served = Served::start(Hands::default());
    let id = served.begin("olga", "outage");
    served.reaches(id, "running");
    let pressed = served.ask("both", "POST /api/v1/button", r#"{"why":"smoke"}"#).json();
    assert_eq!((pressed["by"].as_str(), pressed["why"].as_str()), (Some("both"), Some("smoke")));
    served.reaches(id, "stopped");
    let refused = served.ask("olga", "POST /api/v1/gamedays/outage/firings", "{}");
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(served.ask("olga", "DELETE /api/v1/button", "").status, 204);
    assert_eq!(served.ask("vic", "GET /api/v1/button", "").body, "null");
    let id = served.begin("olga", "outage");
    served.reaches(id, "running");
}

#[test]
fn a_user_who_is_removed_is_out_at_once_and_by_cookie_too() {
    let served = Served::start(Hands::default());
    let (cookie, _) = log_in(&served, "vic");
    assert_eq!(served.raw("GET /api/v1/session", &[&cookie], "").status, 200);
    let store = crate::Store::open(served.dir.path()).unwrap();
    store.remove_user("vic", crate::WallTime(0)).unwrap();
    assert_eq!(served.ask("vic", "GET /api/v1/session", "").status, 401);
    assert_eq!(served.raw("GET /api/v1/session", &[&cookie], "").status, 401);
}

#[test]
fn what_is_no_token_is_nobody_s() {
    let served = Served::start(Hands::default());
    let (cookie, csrf) = log_in(&served, "olga");
    let basic = format!("Basic {}", served.token("olga"));
    for wrong in ["Bearer brownout_wrong", "Bearer", "", &basic, "Bearer \u{e9}"] {
        // Also beside a cookie that is good.
        let wrong = format!("authorization: {wrong}");
        assert_eq!(served.raw("GET /api/v1/firings", &[&wrong, &cookie, &csrf], "").status, 401, "{wrong}");
    }
}

#[test]
fn who_tries_tokens_is_slowed_down() {
    let served = Served::start(Hands::default());
    let wrong = |_: u32| {
        let reply = served.raw("GET /api/v1/session", &["authorization: Bearer brownout_x"], "");
        (reply.status == 429).then(|| reply.header("retry-after").map(str::to_owned))
    };
    let refused = (0..100).find_map(wrong);
    assert_eq!(refused, Some(Some("1".to_owned())));
}

#[test]
fn each_answer_is_one_that_the_document_has() {
    let served = Served::start(Hands::default());
    let id = served.begin("olga", "outage");
    served.reaches(id, "running");
    for (what, operation) in operations().into_iter().filter(|(what, _)| !what.ends_with("/events")) {
        let reply = served.ask("both", &what, "{}");
        let answer = &operation["responses"][reply.status.to_string()];
        assert!(answer.is_object(), "{what}: {reply:?}");
        if let Some(content) = answer["content"].as_object() {
            let media_type = reply.header("content-type").unwrap().split(';').next().unwrap();
            assert!(content.contains_key(media_type), "{what}: {media_type}");
        }
    }
}

#[test]
fn exactly_one_server_works_on_a_directory_and_none_in_clear_text_for_other_machines() {
    use crate::{Options, ServeError, SystemClock, serve};
    let served = Served::start(Hands::default());
    let options = |listen: &str| Options {
        data: served.dir.path().to_owned(),
        listen: listen.parse().unwrap(),
        tls: None,
        behind_proxy: false,
    };
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    let start =
        |options| serve(&options, served.hands.clone(), std::sync::Arc::new(SystemClock), |_| (), &stop);
    let second = start(options("127.0.0.1:0")).unwrap_err().to_string();
    assert!(second.contains("serves this directory already"), "{second}");
    for address in ["0.0.0.0:0", "[::]:0"] {
        assert!(matches!(start(options(address)), Err(ServeError::Exposed(_))));
    }
}
