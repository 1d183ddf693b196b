//! A look at who hosts a domain's mail, and at the servers that answer there.

use hickory_resolver::TokioResolver;
use tokio::task::JoinSet;

use super::{Hosting, LookupError, candidates, mail_servers, suggest};
use crate::deliver::trial::{self, Patience, USUAL_PORTS};

/// Looks the mail servers of `domain` up and, where the provider is not known, at the ports of what may be its servers, as who calls itself
/// `ehlo_name`.
pub async fn look(
    resolver: &TokioResolver,
    domain: &str,
    ehlo_name: &str,
) -> Result<(Hosting, suggest::Answer), LookupError> {
    let servers = mail_servers(resolver, domain).await?;
    let mut looks = JoinSet::new();
    for (place, host) in candidates(domain, &servers).into_iter().enumerate() {
        let ehlo_name = ehlo_name.to_owned();
        looks.spawn(async move {
            let ports = trial::detect(&host, &USUAL_PORTS, &ehlo_name, None, Patience::LOOK).await;
            (place, host, ports)
        });
    }
    let mut looked_at = looks.join_all().await;
    looked_at.sort_by_key(|(place, ..)| *place);
    let looked_at: Vec<_> = looked_at.into_iter().map(|(_, host, ports)| (host, ports)).collect();
    Ok((Hosting::of(&servers), suggest::answer(domain, &servers, &looked_at)))
}
