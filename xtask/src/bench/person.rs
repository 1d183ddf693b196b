//! Somebody who is signed in to the pages of a Bookpost. Each request has a connection of its own.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context as _, ensure};

const ADMINISTRATOR: &str = "name=Bench&email=bench%40library.example.org&password=elf+elf+elf+elf";
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) struct Person {
    port: u16,
    cookie: String,
}

impl Person {
    /// Makes the first administrator, by the link that was printed for it.
    pub(super) fn first(port: u16, link: &str) -> anyhow::Result<Self> {
        let code = link.split("code=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let form = format!("code={}&{ADMINISTRATOR}", code.context("no code was made")?);
        let mut person = Self { port, cookie: String::new() };
        let answer = person.ask("POST", "/set-up", &form)?;
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.and_then(|cookie| cookie.split(';').next());
        cookie.context("nobody was signed in")?.clone_into(&mut person.cookie);
        Ok(person)
    }

    /// Asks, and does not wait for the answer.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        (kind, body): (&str, &[u8]),
    ) -> anyhow::Result<TcpStream> {
        let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], self.port)))?;
        stream.set_nodelay(true)?;
        let (port, cookie, length) = (self.port, &self.cookie, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n\
             Content-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        Ok(stream)
    }

    /// The whole answer.
    pub(super) fn ask(&self, method: &str, path: &str, form: &str) -> anyhow::Result<String> {
        answer(self.send(method, path, (FORM, form.as_bytes()))?)
    }

    /// A page, which is there.
    pub(super) fn page(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.ask("GET", path, "")?;
        ensure!(answer.starts_with("HTTP/1.1 200 "), "{path}: {}", answer.lines().next().unwrap_or_default());
        Ok(answer)
    }

    /// Sends a form, of which the answer is where it goes on.
    pub(super) fn post(&self, path: &str, form: &str) -> anyhow::Result<String> {
        goes_on(&self.ask("POST", path, form)?)
    }

    /// Sends a file in a form (RFC 7578); the answer is where it goes on.
    pub(super) fn upload(&self, path: &str, token: &str, name: &str, file: &[u8]) -> anyhow::Result<String> {
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"export\"; filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), file, b"\r\n--b--\r\n"].concat();
        goes_on(&answer(self.send("POST", path, ("multipart/form-data; boundary=b", &body))?)?)
    }
}

/// What a form on a page would send under this name.
pub(super) fn field<'a>(page: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .with_context(|| format!("no field {name} on the page"))?;
    rest.split('"').next().context("the page ends within a field")
}

fn answer(mut stream: TcpStream) -> anyhow::Result<String> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn goes_on(answer: &str) -> anyhow::Result<String> {
    let place = answer.lines().find_map(|line| line.strip_prefix("location: "));
    Ok(place.with_context(|| format!("refused: {}", answer.lines().next().unwrap_or_default()))?.to_owned())
}
