//! A shape for each state, so that no colour is needed to tell them apart.

use store::State;

macro_rules! svg {
    ($drawing:literal) => {
        concat!(r#"<svg class="mark" viewBox="0 0 16 16" aria-hidden="true">"#, $drawing, "</svg>")
    };
}

/// Of a state, and whether it asks for a look: its name in the style.
pub(super) fn tone(state: State) -> &'static str {
    match state {
        State::Delivered => "well",
        State::InDoubt | State::Held | State::Returned => "look",
        State::Waiting | State::Sending | State::Practiced | State::Cancelled => "calm",
    }
}

/// A drawing in the colour of the text around it. It says nothing to whoever hears the page: the word stands beside it.
pub(super) fn mark(state: State) -> &'static str {
    match state {
        State::Waiting => svg!(r#"<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>"#),
        State::Sending => svg!(r#"<path d="M2 8h11M9 4l4 4-4 4"/>"#),
        State::InDoubt => svg!(r#"<path d="M8 1.5 14.5 8 8 14.5 1.5 8z"/><path d="M8 5v3.5M8 10.8v.2"/>"#),
        State::Delivered => svg!(r#"<path d="m2.5 8.5 3.5 4 7.5-9"/>"#),
        State::Practiced => svg!(r#"<circle cx="8" cy="8" r="6" stroke-dasharray="2.5 2.2"/>"#),
        State::Returned => svg!(r#"<path d="M6 2.5 2.5 6 6 9.5M2.5 6H10a3.8 3.8 0 0 1 0 7.5H6"/>"#),
        State::Held => {
            svg!(r#"<rect x="2.5" y="2.5" width="11" height="11" rx="1.5"/><path d="M6.5 6v4M9.5 6v4"/>"#)
        }
        State::Cancelled => svg!(r#"<path d="m3.5 3.5 9 9M12.5 3.5l-9 9"/>"#),
    }
}

/// Of a step: done, done and to be looked at, failed, under way, or not reached.
pub(super) fn step(tone: &str) -> &'static str {
    match tone {
        "well" => svg!(r#"<path d="m2.5 8.5 3.5 4 7.5-9"/>"#),
        "look" => svg!(r#"<path d="M8 1.5 14.5 8 8 14.5 1.5 8z"/><path d="M8 5v3.5M8 10.8v.2"/>"#),
        "stop" => svg!(r#"<path d="m3.5 3.5 9 9M12.5 3.5l-9 9"/>"#),
        "now" => svg!(r#"<path d="M2 8h11M9 4l4 4-4 4"/>"#),
        _ => svg!(r#"<circle cx="8" cy="8" r="5" stroke-dasharray="2.5 2.2"/>"#),
    }
}
