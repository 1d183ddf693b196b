//! What a queue consists of, table by table, as both databases have it: the one description by which a queue is read from the one and
//! written to the other.
//!
//! Not here: machines and their leases, what is counted of the rows that are there, and what a file alone knows of its clock.

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number: an id, an instant, a count.
    Number,
    /// The same in two octets on a server.
    Small,
    /// The same in four.
    Medium,
    /// 0 or 1 in a file, no or yes on a server.
    Flag,
    /// Plain text, or JSON that is read whole.
    Text,
    /// Octets.
    Octets,
    /// A list of words: JSON in a file, an array on a server.
    Words,
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// By what its rows have an order, and one only.
    pub(crate) key: &'static str,
    /// Names, each with its kind; those without one are of numbers.
    columns: &'static str,
    /// Where its rows are, if it has others or is not one table, in a file and on a server.
    pub(crate) rows: Option<[&'static str; 2]>,
    /// On a server several tables share its columns.
    pub(crate) parts: &'static [Part],
    /// Has rows before any is written: what a new queue has, or what is counted when others are written.
    pub(crate) fills_itself: bool,
}

/// A table that has some columns of some rows.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) which: &'static str,
}

impl Table {
    /// Its columns in their order.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        self.columns.split(',').map(|column| {
            let (name, kind) = column.trim().split_once(' ').unwrap_or((column.trim(), ""));
            (name, kind_named(kind))
        })
    }
}

fn kind_named(name: &str) -> Kind {
    match name {
        "small" => Kind::Small,
        "medium" => Kind::Medium,
        "flag" => Kind::Flag,
        "text" => Kind::Text,
        "octets" => Kind::Octets,
        "words" => Kind::Words,
        _ => Kind::Number,
    }
}

const fn table(name: &'static str, key: &'static str, columns: &'static str) -> Table {
    Table { name, key, columns, rows: None, parts: &[], fills_itself: false }
}

/// What both know of the whole queue: each has further values of its own.
const META: &str = "(SELECT * FROM meta WHERE name IN ('store_id', 'created_at', 'epoch', 'ageing_stopped', 'ageing_stopped_practice', 'nothing_goes')) AS known";
/// A number is one line in a file, and the sum of its lines on a server. What came to nothing is in neither.
const COUNTED: &str = "quarter, site text, state small, recipients";
const TALLY: [&str; 2] = [
    "(SELECT * FROM tally WHERE recipients <> 0) AS counts",
    "(SELECT quarter, site, state, sum(recipients)::BIGINT AS recipients FROM tally GROUP BY quarter, site, state HAVING sum(recipients) <> 0) AS counts",
];
const ANSWERED: [&str; 2] = [
    "(SELECT * FROM answered WHERE recipients <> 0) AS counts",
    "(SELECT quarter, site, state, sum(recipients)::BIGINT AS recipients FROM answered GROUP BY quarter, site, state HAVING sum(recipients) <> 0) AS counts",
];
/// Lines of one stretch are one number.
const SENT: [&str; 2] = [
    "(SELECT server, sent_at, sum(count) AS count FROM sent GROUP BY server, sent_at) AS counts",
    "(SELECT server, sent_at, sum(count)::BIGINT AS count FROM sent GROUP BY server, sent_at) AS counts",
];
/// Nobody is being sent to while a queue is moved. The report that told of somebody is known of those who came to their end.
const RECIPIENTS: [&str; 2] = [
    "(SELECT id, source, expires_at, due_at, aside_at, settled_at, in_doubt_at,
        CASE WHEN state IN (3, 4, 5, 7) THEN reported_in END AS reported_in, outdated_by, attempts, strikes, state, class, alone, practice,
        reason, note, outdated_why, notify, address, original FROM recipient) AS everybody",
    "recipient JOIN addressee USING (id)",
];
const ADDRESSEE: Part = Part { name: "addressee", columns: "id, notify, address, original", which: "true" };
const LIVE: Part = Part {
    name: "live",
    columns: "id, source, expires_at, due_at, aside_at, in_doubt_at, outdated_by, attempts, strikes, state, class, alone, practice, reason,
        note, outdated_why",
    which: "state IN (0, 1, 2, 6)",
};
const DONE: Part = Part {
    name: "done",
    columns: "id, source, expires_at, settled_at, in_doubt_at, reported_in, outdated_by, attempts, strikes, state, class, practice, reason,
        note, outdated_why",
    which: "state IN (3, 4, 5, 7)",
};

const MESSAGE: &str = "id, run, size, accepted_at, first_due_at, kind small, class small, door small, ret small, practice flag, application text,
    site text, reverse_path text, envelope_id text, message_id text, subject text, patron_name text, patron_number text, tags words";
const RECIPIENT: &str =
    "id, source, expires_at, due_at, aside_at, settled_at, in_doubt_at, reported_in, outdated_by, attempts medium,
    strikes medium, state small, class small, alone small, practice flag, reason text, note text, outdated_why text, notify small, address text,
    original text";
const ATTEMPT: &str = "recipient, n medium, phase small, started_at, ended_at, instead_since, server text, reason text, answer text,
    instead_reason text";
const EVENT: &str =
    "source, id, happened_at, recipient, next_attempt_at, attempt medium, kind small, reason text";
const CAME_BACK: &str = "recipient, failed flag, noted_at, until, reason text, by text, words text";
const RUN: &str = "id, notice text, source text, practice flag, started_at, finished_at, exported_at, stopped_at, stopped_by text,
    stopped_sites text, begun_by text, request text";
const LEFT_OUT: &str = "run, n, line, why text, who text, detail text, site text";
const ALARM: &str =
    "id, kind text, subject text, text text, started_at, ended_at, told, reason text, told_of text";
const WEBHOOK: &str = "id, application, url text, kinds text, secret octets, made_at, told, told_at, failing_since, retried_until,
    next_attempt_at, trouble text, given_up";
const PERSON: &str = "id, email text, sign_in text, name text, role text, sites text, language text, added_at, disabled_at, last_sign_in_at,
    looked_at, looked_before_at, password text";
const AUDIT: &str = "id, happened_at, person, who text, what text, about text, old text, new text";
const SCHEDULE: &str = "id, name text, plan text, version, next_due, skips, paused_at, made_at, made_by text";
const SCHEDULE_TURN: &str = "schedule, due, missed, begun_at, ended_at, run, written, asked_by text, came_to text, detail text, digest octets";
const SAVED_NOTICE: &str =
    "slug text, settings text, version, made_at, changed_at, removed_at, made_by text, changed_by text";
const WORDING: &str = "notice text, site text, language text, subject text, text text, html text, version, changed_at, changed_by text,
    before text";
const MAIL_ACCOUNT: &str = "provider text, account text, scopes text, tokens octets, asked octets, connected_at, usable_until, refresh_at,
    refreshed_at, failed_at, signed_out_at, lease, leased_until, connected_by text, failure text, reason text";
const BROKERED: &str = "id, happened_at, returned_at, used_at, installation text, what text, provider text, came text, once octets";

/// In the order in which they are written: what refers to something comes after it, and what is counted last.
pub(crate) static TABLES: [Table; 40] = [
    Table { rows: Some([META; 2]), fills_itself: true, ..table("meta", "name", "name text, value") },
    Table { fills_itself: true, ..table("return_path_key", "key", "key octets") },
    table("message", "id", MESSAGE),
    table("body", "message", "message, bytes octets"),
    Table { rows: Some(RECIPIENTS), parts: &[ADDRESSEE, LIVE, DONE], ..table("recipient", "id", RECIPIENT) },
    table("attempt", "recipient, n", ATTEMPT),
    table("obligation", "recipient", "recipient, owed_since, return_address text"),
    table(
        "once",
        "application, key",
        "application text, key text, fingerprint octets, answer octets, made_at",
    ),
    table("event", "source, id", EVENT),
    Table { rows: Some(SENT), ..table("sent", "server, sent_at", "server text, sent_at, count") },
    table("came_back", "recipient, failed", CAME_BACK),
    table("run", "id", RUN),
    table("left_out", "run, n", LEFT_OUT),
    table("ledger", "notice, item", "notice text, item text, written_at, message, site text"),
    table("export_part", "run, site", "run, items, site text, sample text"),
    table("run_export", "run", "run, digest octets, sites text"),
    table("outdated", "message, notice, item", "message, notice text, item text"),
    table("alarm", "id", ALARM),
    table("application", "id", "id, name text, settings text, made_at, disabled_at"),
    table("application_key", "id", "id text, application, hash octets, made_at, used_at, revoked_at"),
    table("webhook", "id", WEBHOOK),
    table("pause", "one", "one, began_at, why text"),
    table("preference", "name", "name text, value text"),
    table("preference_change", "version", "version, changed_at, changed_by text, changed text"),
    table("person", "id", PERSON),
    table("session", "id", "id, token octets, person, begun_at, seen_at, peer text, browser text"),
    table("link", "code", "code octets, person, expires_at, purpose text"),
    table("person_key", "id", "id text, person, hash octets, made_at, used_at, revoked_at"),
    table("audit", "id", AUDIT),
    table("logo", "site", "site text, media_type text, bytes octets"),
    table("known_columns", "shape", "shape text, chosen text, chosen_by text, chosen_at"),
    table("schedule", "id", SCHEDULE),
    table("schedule_turn", "schedule, due", SCHEDULE_TURN),
    table("saved_notice", "slug", SAVED_NOTICE),
    table("wording", "notice, site, language", WORDING),
    table("mail_account", "provider", MAIL_ACCOUNT),
    table(
        "installation",
        "key",
        "key text, hash octets, name text, returns_to text, made_by text, made_at, revoked_at",
    ),
    table("brokered", "id", BROKERED),
    Table { rows: Some(TALLY), fills_itself: true, ..table("tally", "quarter, site, state", COUNTED) },
    Table { rows: Some(ANSWERED), fills_itself: true, ..table("answered", "quarter, site, state", COUNTED) },
];

/// Tables whose ids rise for ever, those of rows that are gone too. Messages and events have theirs by other means.
pub(crate) const NUMBERED: [&str; 8] =
    ["run", "alarm", "application", "webhook", "person", "session", "audit", "schedule"];
/// The last ids of messages and of events.
pub(crate) const MESSAGES: &str = "message";
pub(crate) const EVENTS: &str = "event";
