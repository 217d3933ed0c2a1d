//! Logins at remote servers: a person's, a client's own, renewed, ended, and at authorization servers that are wrong or hostile.

use super::bench::{Bench, PATIENCE};
use super::gate::{Gate, Odd};
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use synod::board::FailureClass;
use synod::config::Environment;
use synod::worker::http::install_tls;
use synod::worker::login::{Login, LoginParts, begin};

const LONG: u64 = 3600;

fn usual() -> Odd {
    Odd { lives_s: LONG, ..Odd::default() }
}

/// Begins a login of the bench's worker.
async fn start(bench: &Bench, settings: &str, anew: bool) -> Result<Login, String> {
    let text = format!("[workers.w]\n{settings}");
    let loaded = synod::config::parse(&text).expect("settings").settings;
    let environment = Environment::of([("CLIENT_SECRET", "the-client-secret")]);
    let parts = LoginParts {
        name: "w",
        worker: &loaded.workers["w"],
        environment: &environment,
        limits: &loaded.limits,
        homes: bench.path().join("homes"),
    };
    begin(parts, anew).await.map_err(|error| error.to_string())
}

/// A whole login, with a browser whose person agrees.
async fn log_in(bench: &Bench, settings: &str, anew: bool) -> Result<Vec<String>, String> {
    let waiting = match start(bench, settings, anew).await? {
        Login::Waiting(waiting) => waiting,
        Login::NotNeeded => return Err("not needed".to_owned()),
        Login::Done => return Ok(Vec::new()),
    };
    let address = waiting.address().to_owned();
    let browser = async {
        install_tls();
        reqwest::get(address).await.map(|page| page.status())
    };
    let (finished, page) = tokio::join!(waiting.finish("w", PATIENCE), browser);
    assert!(page.expect("a page").is_success());
    finished.map_err(|error| error.to_string())
}

fn file(bench: &Bench) -> std::path::PathBuf {
    bench.path().join("homes/w/login.json")
}

#[tokio::test]
async fn a_person_logs_in_and_the_worker_is_let_in_until_its_end() {
    let gate = Gate::open(usual()).await;
    let settings = gate.settings("");
    let bench = Bench::new(&settings, &[]);
    let before = bench.failure("x").await;
    assert_eq!(before.class, FailureClass::WorkerBlocked, "{before:?}");
    assert_eq!(before.message, "the server wants a login: synod login w");
    assert_eq!(log_in(&bench, &settings, false).await, Ok(vec!["use".to_owned()]));
    assert!(bench.said("hello").await.text.ends_with("hello"), "the same worker is let in now");
    let mode = std::fs::metadata(file(&bench)).expect("the login").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(log_in(&bench, &settings, false).await, Err("not needed".to_owned()));
    assert_eq!(log_in(&bench, &settings, true).await, Ok(vec!["use".to_owned()]), "again, where it is wished");
    assert_eq!(gate.odd().registered, 2);
    let exchange = gate.odd().exchanges[0].clone();
    assert_eq!(exchange["resource"], format!("{}/mcp", gate.home()));
    assert!(exchange.contains_key("code_verifier"));
}

#[tokio::test]
async fn a_login_that_nears_its_end_is_renewed_and_the_new_one_is_kept() {
    let gate = Gate::open(Odd { lives_s: 5, ..Odd::default() }).await;
    let settings = gate.settings("");
    let bench = Bench::new(&settings, &[]);
    log_in(&bench, &settings, false).await.expect("a login");
    bench.said("hello").await;
    let refreshed: Vec<String> = {
        let odd = gate.odd();
        odd.exchanges.iter().filter_map(|exchange| exchange.get("refresh_token").cloned()).collect()
    };
    assert!(!refreshed.is_empty(), "each token lives for too short a time");
    let mut once = refreshed.clone();
    once.dedup();
    assert_eq!(refreshed, once, "none was shown twice");
    gate.odd().lives_s = LONG;
    bench.said("hello").await;
    // Refused by the server before its end: renewed, and the call is made all the same.
    gate.odd().tokens.clear();
    assert!(bench.said("again").await.text.ends_with("again"));
}

#[tokio::test]
async fn a_login_that_cannot_be_renewed_blocks_the_worker_and_a_server_that_is_ill_does_not() {
    let gate = Gate::open(usual()).await;
    let settings = gate.settings("");
    let bench = Bench::new(&settings, &[]);
    log_in(&bench, &settings, false).await.expect("a login");
    gate.odd().tokens.clear();
    gate.odd().token_fails = BTreeMap::from([("refresh_token", (503, json!({ "error": "temporarily_unavailable" })))]);
    let ill = bench.failure("x").await;
    assert_eq!(ill.class, FailureClass::Transient, "{ill:?}");
    let echo = json!({ "error": "invalid_grant", "error_description": "refresh-token-1 is no more" });
    gate.odd().token_fails = BTreeMap::from([("refresh_token", (400, echo))]);
    let ended = bench.failure("x").await;
    assert_eq!(ended.class, FailureClass::WorkerBlocked, "{ended:?}");
    assert_eq!(ended.message, "the server no longer takes the login: synod login w");
    log_in(&bench, &settings, false).await.expect("a login");
    bench.said("hello").await;
    assert_eq!(gate.odd().registered, 1, "the client is still known");
}

#[tokio::test]
async fn more_rights_are_asked_for_once_and_then_it_is_the_servers_word() {
    let gate = Gate::open(usual()).await;
    let settings = gate.settings("");
    let bench = Bench::new(&settings, &[]);
    log_in(&bench, &settings, false).await.expect("a login");
    gate.odd().right = Some("write");
    let lacks = bench.failure("x").await;
    assert_eq!(lacks.class, FailureClass::WorkerBlocked, "{lacks:?}");
    assert_eq!(lacks.message, "the login lacks the rights write: synod login w");
    assert_eq!(log_in(&bench, &settings, false).await, Ok(vec!["use".to_owned(), "write".to_owned()]));
    bench.said("hello").await;
    let shorn: BTreeMap<_, _> = gate.odd().tokens.keys().map(|token| (token.clone(), "use".to_owned())).collect();
    gate.odd().tokens = shorn;
    let refused = bench.failure("x").await;
    assert_eq!(refused.class, FailureClass::WorkerBlocked);
    assert!(refused.message.contains("whoever runs the server"), "{refused:?}");
    assert!(!refused.message.contains("synod login"), "another login would change nothing: {refused:?}");
}

#[tokio::test]
async fn a_client_logs_in_by_itself_and_its_secret_is_in_no_message() {
    let gate = Gate::open(usual()).await;
    let settings = gate.settings("login = 'client'\nclient_id = 'me'\nclient_secret_env = 'CLIENT_SECRET'");
    let secret = [("CLIENT_SECRET", "the-client-secret")];
    let bench = Bench::new(&settings, &secret);
    assert!(bench.said("hello").await.text.ends_with("hello"));
    gate.odd().tokens.clear();
    assert!(bench.said("again").await.text.ends_with("again"), "its token was taken back, and it got another");
    gate.odd().tokens.clear();
    let echo = json!({ "error": "invalid_client", "error_description": "the-client-secret is wrong" });
    gate.odd().token_fails = BTreeMap::from([("client_credentials", (401, echo))]);
    let failure = bench.failure("x").await;
    assert_eq!(failure.class, FailureClass::WorkerBlocked, "{failure:?}");
    assert!(
        failure.message.contains("invalid_client") && !failure.message.contains("the-client-secret"),
        "{failure:?}"
    );
    let without = Bench::new(&settings, &[]).failure("x").await;
    assert!(without.message.contains("CLIENT_SECRET holds no secret"), "{without:?}");
    assert!(start(&bench, &gate.settings("login = 'nobody'"), false).await.is_err());
}

#[tokio::test]
async fn a_knock_with_the_wrong_state_does_not_end_the_wait() {
    let gate = Gate::open(usual()).await;
    let settings = gate.settings("");
    let bench = Bench::new(&settings, &[]);
    let Ok(Login::Waiting(waiting)) = start(&bench, &settings, false).await else { panic!("it should wait") };
    let address = reqwest::Url::parse(waiting.address()).expect("an address");
    let asked: BTreeMap<String, String> = address.query_pairs().into_owned().collect();
    let back = asked["redirect_uri"].clone();
    assert!(back.starts_with("http://127.0.0.1:"), "{back}");
    let knocks = async {
        install_tls();
        for wrong in ["code=evil&state=wrong", "error=access_denied&state=wrong", "code=evil"] {
            let page = reqwest::get(format!("{back}?{wrong}")).await.expect("a page");
            assert_eq!(page.status().as_u16(), 400, "{wrong}");
        }
        // A connection on which nothing is said holds nobody up.
        let _idle =
            tokio::net::TcpStream::connect(back.trim_start_matches("http://").trim_end_matches("/callback")).await;
        reqwest::get(address).await.expect("a page")
    };
    let (finished, _) = tokio::join!(waiting.finish("w", PATIENCE), knocks);
    finished.expect("the right one came after all");
    assert_eq!(gate.odd().exchanges.len(), 1, "no code but the right one was exchanged");
    assert_eq!(gate.odd().exchanges[0]["code"], "the-secret-code");
}

#[tokio::test]
async fn a_browser_that_is_denied_or_never_comes_ends_it() {
    let gate = Gate::open(usual()).await;
    let settings = gate.settings("");
    let bench = Bench::new(&settings, &[]);
    let Ok(Login::Waiting(waiting)) = start(&bench, &settings, false).await else { panic!("it should wait") };
    let late = waiting.finish("w", Duration::from_millis(50)).await.expect_err("nobody came");
    assert!(late.to_string().contains("in time"), "{late}");
    let Ok(Login::Waiting(waiting)) = start(&bench, &settings, false).await else { panic!("it should wait") };
    let address = reqwest::Url::parse(waiting.address()).expect("an address");
    let asked: BTreeMap<String, String> = address.query_pairs().into_owned().collect();
    let denied = format!("{}?error=access_denied&state={}", asked["redirect_uri"], asked["state"]);
    install_tls();
    let (finished, _) = tokio::join!(waiting.finish("w", PATIENCE), reqwest::get(denied));
    assert!(finished.expect_err("it was denied").to_string().contains("access_denied"));
    assert!(!file(&bench).exists(), "nothing is kept of it");
}

#[tokio::test]
async fn the_secret_code_is_in_no_message() {
    let gate = Gate::open(usual()).await;
    let echo = json!({ "error": "invalid_grant", "error_description": "the-secret-code was used" });
    gate.odd().token_fails = BTreeMap::from([("authorization_code", (400, echo))]);
    let settings = gate.settings("");
    let said = log_in(&Bench::new(&settings, &[]), &settings, false).await.expect_err("the code is not taken");
    assert!(said.contains("invalid_grant") && !said.contains("the-secret-code"), "{said}");
}

/// What is wrong with a server's word, and what is said about it.
fn wrong() -> Vec<(&'static str, Odd)> {
    let metadata = |metadata| Odd { metadata, ..usual() };
    let http = "http://login.example.org/authorize";
    vec![
        ("publishes no OAuth metadata", Odd { no_metadata: true, ..usual() }),
        ("only https", metadata(json!({ "authorization_endpoint": http }))),
        ("only https", metadata(json!({ "authorization_endpoint": "javascript:alert(1)" }))),
        ("only https", metadata(json!({ "token_endpoint": "http://login.example.org/token" }))),
        ("only https", metadata(json!({ "registration_endpoint": "http://10.0.0.1/register" }))),
        ("inside the network", metadata(json!({ "token_endpoint": "https://10.0.0.7/token" }))),
        ("own link", metadata(json!({ "token_endpoint": "https://169.254.169.254/token" }))),
        ("user name", metadata(json!({ "token_endpoint": "https://me:pw@login.example.org/token" }))),
        ("no address", metadata(json!({ "token_endpoint": "//" }))),
        ("issuer mismatch", metadata(json!({ "issuer": "https://attacker.example.org" }))),
        ("missing required issuer", metadata(json!({ "issuer": null }))),
        ("proof keys", metadata(json!({ "code_challenge_methods_supported": null }))),
        ("proof keys", metadata(json!({ "code_challenge_methods_supported": ["plain"] }))),
        ("registers no clients", metadata(json!({ "registration_endpoint": null }))),
        ("longer than", Odd { metadata_body: Some("x".repeat(4 << 20)), ..usual() }),
        ("redirect", Odd { metadata_moved: Some("http://login.example.org/metadata".to_owned()), ..usual() }),
        ("redirect", Odd { metadata_moved: Some("/.well-known/oauth-authorization-server".to_owned()), ..usual() }),
        ("none published usable metadata", Odd { metadata_body: Some("<html>".to_owned()), ..usual() }),
    ]
}

#[tokio::test]
async fn a_servers_word_that_cannot_be_taken_is_said_and_nothing_is_sent_there() {
    for (expected, odd) in wrong() {
        let gate = Gate::open(odd).await;
        let settings = gate.settings("");
        let bench = Bench::new(&settings, &[]);
        let said = match start(&bench, &settings, false).await {
            Err(said) => said,
            Ok(_) => panic!("{expected}: a login began"),
        };
        assert!(said.starts_with("no login for w: ") && said.contains(expected), "{expected}: {said}");
        assert!(said.len() < 2000, "{said}");
        let odd = gate.odd();
        assert_eq!((odd.registered, odd.exchanges.len()), (0, 0), "{expected}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_never_shown_to_another_authorization_server() {
    let gate = Gate::open(usual()).await;
    let settings = gate.settings("");
    log_in(&Bench::new(&settings, &[]), &settings, false).await.expect("a login");
    // One that publishes nothing any more, and one that says it is another.
    for change in
        [Odd { no_metadata: true, ..usual() }, Odd { metadata: json!({ "issuer": "https://x.org" }), ..usual() }]
    {
        let gate = Gate::open(usual()).await;
        let settings = gate.settings("");
        let bench = Bench::new(&settings, &[]);
        log_in(&bench, &settings, false).await.expect("a login");
        *gate.odd() = change;
        let failure = bench.failure("x").await;
        assert_ne!(failure.class, FailureClass::RequestRefused, "{failure:?}");
        assert_eq!(gate.odd().exchanges.len(), 0, "{failure:?}");
    }
}
