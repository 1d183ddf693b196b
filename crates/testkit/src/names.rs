//! A name server (DNS) that knows a few domains, and says of all others that there are none.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, Record, rdata::MX},
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// What it says of a domain.
#[derive(Debug, Clone, Copy)]
pub enum Says {
    /// These servers take its mail, each with its preference and its name with the dot at its end.
    Mail(&'static [(u16, &'static str)]),
    /// It cannot say.
    Broken,
}

/// It answers until it is dropped.
#[derive(Debug)]
pub struct NameServer {
    /// Where it is asked, by UDP.
    pub address: SocketAddr,
    answering: JoinHandle<()>,
}

impl NameServer {
    /// Starts one that knows these domains.
    pub async fn start(zone: &'static [(&'static str, Says)]) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let answering = tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let asked = buffer.get(..length).and_then(|bytes| Message::from_vec(bytes).ok());
                // What is no question gets no answer.
                let Some(reply) = asked.and_then(|asked| reply(&asked, zone)) else { continue };
                if socket.send_to(&reply, from).await.is_err() {
                    break;
                }
            }
        });
        Ok(Self { address, answering })
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

fn reply(question: &Message, zone: &[(&str, Says)]) -> Option<Vec<u8>> {
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    let query = question.queries.first()?.clone();
    let name = query.name().clone();
    let asked = name.to_ascii().to_ascii_lowercase();
    match zone.iter().find(|(domain, _)| *domain == asked.trim_end_matches('.')) {
        Some((_, Says::Mail(servers))) => {
            for (preference, server) in *servers {
                let data = RData::MX(MX::new(*preference, Name::from_ascii(server).ok()?));
                reply.add_answer(Record::from_rdata(name.clone(), 60, data));
            }
        }
        Some((_, Says::Broken)) => reply.metadata.response_code = ResponseCode::ServFail,
        None => reply.metadata.response_code = ResponseCode::NXDomain,
    }
    reply.queries.push(query);
    reply.to_vec().ok()
}
