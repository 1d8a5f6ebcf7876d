//! Serves a connection from its accept to its end, request after request.

use std::future::pending;
use std::rc::Rc;

use evidence::{ConnectionEnd, Stamp};
use net::Stream;

use super::connection::{ServerConnection, Step, Unread};
use super::connections::Handle;
use super::decide::{accepted, decide};
use super::record::Current;
use super::respond::Answering;
use super::respond::certain;
use super::shared::Server;
use crate::fault::{Accept, Decision, Ending, Incoming};

/// Serves a connection until either side, or a shutdown, ends it.
pub(super) async fn serve_connection(server: Rc<Server>, handle: Rc<Handle>, stream: Stream) {
    let mut connection = ServerConnection::new(server.clone(), handle.clone(), stream);
    let end = tokio::select! {
        biased;
        why = handle.shutdown() => Err(why),
        end = connection.run() => Ok(end),
    };
    connection.end(end);
    server.open.remove(handle.number);
}

impl ServerConnection {
    async fn run(&mut self) -> ConnectionEnd {
        let end = match self.accept().await {
            Ok(()) => loop {
                if let Err(end) = self.exchange().await {
                    break end;
                }
            },
            Err(end) => end,
        };
        if end == ConnectionEnd::BackendFin {
            self.linger().await;
        }
        end
    }

    /// Does what the faults make of the connection itself.
    async fn accept(&mut self) -> Step<()> {
        let (backend, number) = (self.handle.backend, self.handle.number);
        let incoming = accepted(self.server.spec.seed, backend, number, self.accepted);
        let injections = &self.backend().injections;
        let decision =
            decide(&self.server.spec, backend, injections, u64::MAX, &incoming).unwrap_or_default();
        self.injections = decision.planned;
        let is_within = |max: u32| self.server.open.count_of(backend) <= max as usize;
        let accept = decision.accept.what.filter(|accept| match accept {
            Accept::Beyond(max, _) => !is_within(*max),
            Accept::Cut(_) | Accept::Silence => true,
        });
        let Some(accept) = accept else {
            return self.secure(&decision.handshake).await;
        };
        self.effective = decision.accept.by;
        match accept {
            Accept::Cut(Ending::Rst) | Accept::Beyond(_, Ending::Rst) => Err(ConnectionEnd::BackendRst),
            Accept::Cut(by) | Accept::Beyond(_, by) => {
                self.is_half_closed = by == Ending::HalfClose;
                Err(ConnectionEnd::BackendFin)
            }
            Accept::Silence => {
                self.handle.no_deadline();
                pending().await
            }
        }
    }

    async fn give_up(&mut self, unread: Unread, incoming: &Incoming) -> Step<()> {
        match unread {
            Unread::End(end) => Err(end),
            Unread::Refused(status) => self.refuse(status, Some(incoming)).await,
        }
    }

    /// Takes one request and answers it, stage by stage.
    async fn exchange(&mut self) -> Step<()> {
        let mut head = match self.read_head().await {
            Ok(head) => head,
            Err(Unread::End(end)) => return Err(end),
            Err(Unread::Refused(status)) => {
                self.requests += 1;
                let probe = self.probe(self.server.world.now(), Stamp::Untagged, None);
                self.begin(Current::Probe(probe));
                return self.refuse(status, None).await;
            }
        };
        let (incoming, decision) = self.arrive(&mut head);
        let Some(decision) = decision else {
            return match self.read_body(&head, incoming.at, None).await {
                Ok(_) => self.answer_normally(&head, &incoming).await,
                Err(unread) => self.give_up(unread, &incoming).await,
            };
        };
        // Every stage by its name: one that is not passed on below is not acted on, and does not compile.
        let Decision {
            planned: _,
            // Of the connection, not of a request: see `accept`.
            accept: _,
            handshake: _,
            read,
            admit,
            wait,
            interim,
            answer,
            fields,
            head_pace,
            framing,
            content,
            body_pace,
            cut,
            after,
        } = decision;
        let whole = match self.read(&head, incoming.at, &read).await {
            Ok(whole) => whole,
            Err(unread) => return self.give_up(unread, &incoming).await,
        };
        let turned_away = self.hold(whole, &admit, &wait).await?;
        self.send_interim(&interim).await?;
        let mut answering = Answering::new(&head, &incoming);
        answering.by = fields.by | self.early(&read) | certain(&after);
        answering.fields = fields.what.unwrap_or_default();
        (answering.head_pace, answering.body_pace) = (head_pace, body_pace);
        (answering.framing, answering.content, answering.cut) = (framing, content, cut);
        let answer = match turned_away {
            None => answer,
            Some(turned_away) => {
                answering.fields.extend(turned_away.fields);
                turned_away.answer
            }
        };
        self.respond(answering, &answer).await?;
        self.after_answer(&head, &read, &after).await
    }
}
