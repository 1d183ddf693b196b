//! Where somebody signs in: from which address, with which browser. Sessions are told apart by it.

use std::{fmt, net::IpAddr};

/// Where somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    pub peer: IpAddr,
    pub browser: Option<Browser>,
}

/// A browser and what it runs on, in words that stand here: of what a browser says of itself nothing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Browser {
    name: &'static str,
    system: Option<&'static str>,
}

/// By what each is known; the first that fits, as most call themselves by the names of others too.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];

impl Browser {
    /// Of a `User-Agent` (RFC 9110 section 10.1.5); `None`: of no browser that is known here.
    pub fn of(user_agent: &str) -> Option<Self> {
        let known = |all: &[(&str, &'static str)]| {
            all.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
        };
        Some(Self { name: known(&BROWSERS)?, system: known(&SYSTEMS) })
    }
}

impl fmt::Display for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.system {
            Some(system) => write!(f, "{} on {system}", self.name),
            None => f.write_str(self.name),
        }
    }
}

impl From<IpAddr> for Device {
    fn from(peer: IpAddr) -> Self {
        Self { peer, browser: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_in_words_that_stand_here() {
        let gecko = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let chrome =
            |system: &str, end: &str| format!("Mozilla/5.0 ({system}) {webkit} Chrome/142.0.0.0 {end}");
        for (user_agent, expected) in [
            (gecko.to_owned(), "Firefox on Windows"),
            (chrome("X11; Linux x86_64", "Safari/537.36"), "Chrome on Linux"),
            (chrome("Windows NT 10.0; Win64; x64", "Safari/537.36 Edg/142.0.0.0"), "Edge on Windows"),
            (chrome("Linux; Android 10; K", "Mobile Safari/537.36"), "Chrome on Android"),
            (chrome("X11; CrOS x86_64 14541.0.0", "Safari/537.36"), "Chrome on ChromeOS"),
            (
                format!(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {webkit} Version/26.0 Mobile/15E148 Safari/604.1"
                ),
                "Safari on iPhone",
            ),
            (
                format!(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {webkit} Version/26.0 Safari/605.1.15"
                ),
                "Safari on Mac",
            ),
            ("Firefox/145.0".to_owned(), "Firefox"),
            ("curl/8.5.0".to_owned(), ""),
            (String::new(), ""),
            ("<script>".to_owned(), ""),
        ] {
            let told = Browser::of(&user_agent).map(|browser| browser.to_string());
            assert_eq!(told.unwrap_or_default(), expected, "{user_agent}");
        }
    }
}
