//! stub
#[derive(Debug)]
pub struct Practice;
pub struct Rule;
impl Practice {
    pub async fn start(_: &std::path::Path, _: Vec<Rule>) -> anyhow::Result<Self> {
        Ok(Self)
    }
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], 0).into()
    }
}
