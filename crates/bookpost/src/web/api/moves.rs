//! What an application decides about its own messages.

use axum::{Json, extract::State};
use serde::Serialize;
use store::{MessageId, Move, Selection};
use utoipa::ToSchema;

use super::{
    Api,
    caller::Authorized,
    document::MoveProblems,
    problem::{Kind, Problem},
    status::Id,
};
use crate::identity::Action;

/// How many recipients of the message are concerned.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counts {
    /// It was done for so many.
    moved: u64,
    /// For so many it could not be done, in the state in which they are.
    unmoved: u64,
}

/// One route of them: its name, its place, what it does.
macro_rules! moves {
    ($($(#[doc = $doc:literal])+ $name:ident $path:literal $wish:ident)+) => {$(
        $(#[doc = $doc])+
        #[utoipa::path(
            post,
            path = $path,
            tag = "decisions",
            params(("id" = String, Path, description = "The message's id")),
            responses((status = 200, description = "It was done for one recipient at least", body = Counts), MoveProblems)
        )]
        pub(super) async fn $name(
            State(api): State<Api>,
            authorized: Authorized,
            Id(id): Id,
        ) -> Result<Json<Counts>, Problem> {
            api.decide(&authorized, id, Move::$wish).await
        }
    )+};
}

moves! {
    /// Does not send a message after all.
    ///
    /// Recipients that wait, are set aside or in doubt; nothing is reported.
    cancel "/api/v1/messages/{id}/cancel" Cancel
    /// Sets a message aside.
    ///
    /// Recipients that wait, until they are released.
    hold "/api/v1/messages/{id}/hold" Hold
    /// Sends a message that was set aside.
    ///
    /// The time aside does not count towards its age. What was not to be sent yet is still sent at its time.
    release "/api/v1/messages/{id}/release" Release
    /// Tries a message again now.
    ///
    /// Recipients that wait, are set aside or in doubt. Who is in doubt may have received the message, and may receive it twice.
    retry "/api/v1/messages/{id}/retry" Retry
}

impl Api {
    async fn decide(
        &self,
        authorized: &Authorized,
        id: MessageId,
        wish: Move,
    ) -> Result<Json<Counts>, Problem> {
        let rows = self.own(&authorized.caller, id).await?;
        if rows.iter().any(|(row, _)| authorized.caller.may(Action::Cancel(row)).is_err()) {
            return Err(Problem::not_found());
        }
        let (store, now) = (self.submitter.store(), self.submitter.clock.now());
        let moved = store.move_recipients(Selection::Messages(vec![id]), wish, now).await;
        let moved = moved.map_err(|error| Problem::queue(&error))?;
        self.submitter.wake();
        if moved.moved == 0 {
            let detail = "no recipient of the message is in a state from which this can be done; ask for the message to see";
            return Err(Problem::new(Kind::NotMoved, detail));
        }
        Ok(Json(Counts { moved: moved.moved, unmoved: moved.unmoved }))
    }
}
