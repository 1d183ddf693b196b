//! The SMTP dialogue (RFC 5321) without sockets: bytes go in, bytes and wishes come out.
//!
//! [`client`] decides what is said and what each recipient's fate is, [`server`] what is answered; the other modules put
//! single things on the wire or read them. Nothing here knows how bytes travel, what time it is, or what a refusal means for the queue
//! (that is [`crate::outcome`]).

pub mod capabilities;
pub mod client;
pub mod command;
pub mod data;
pub mod sasl;
pub mod server;
