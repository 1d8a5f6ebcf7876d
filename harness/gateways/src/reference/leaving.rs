//! What becomes of a request whose client goes away: it ends at once, unless a defect has other plans.

use std::rc::Rc;
use std::time::Duration;

use http::{Response, StatusCode};
use tokio_util::sync::CancellationToken;

use super::attempt::Outgoing;
use super::forward::{Content, forward, made};
use super::gateway::Gateway;
use super::settings::Slip;

/// How long a gateway with [`Slip::CancelsLate`] takes to notice that a client has gone.
const NOTICED: Duration = Duration::from_millis(150);

/// How long a gateway with [`Slip::TriesForNobody`] waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);

/// Forwards a request as long as its client waits. hyper drops the future when the client goes away, and with it the
/// attempt that is under way.
pub(crate) async fn forward_for_client(gateway: &Rc<Gateway>, outgoing: Outgoing) -> Response<Content> {
    let slips = [Slip::OutlivesClients, Slip::CancelsLate, Slip::TriesForNobody];
    let Some(slip) = slips.into_iter().find(|slip| gateway.settings.slips(*slip)) else {
        return forward(gateway, &outgoing).await;
    };
    let gone = CancellationToken::new();
    let _client = gone.clone().drop_guard();
    let going_on = tokio::task::spawn_local(go_on(gateway.clone(), outgoing, slip, gone));
    going_on.await.unwrap_or_else(|_| given_up())
}

/// Forwards a request in a way that does not end with its client, who is `gone` at some time.
async fn go_on(
    gateway: Rc<Gateway>,
    outgoing: Outgoing,
    slip: Slip,
    gone: CancellationToken,
) -> Response<Content> {
    let noticed = async {
        gone.cancelled().await;
        if slip == Slip::CancelsLate {
            gateway.timer.sleep(NOTICED).await;
        }
    };
    tokio::select! {
        biased;
        answer = forward(&gateway, &outgoing) => return answer,
        () = noticed, if slip != Slip::OutlivesClients => {}
    }
    if slip == Slip::TriesForNobody {
        gateway.timer.sleep(PAUSE).await;
        drop(forward(&gateway, &outgoing).await);
    }
    given_up()
}

fn given_up() -> Response<Content> {
    made(StatusCode::INTERNAL_SERVER_ERROR, "the request was given up")
}
