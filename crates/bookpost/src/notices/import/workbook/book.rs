//! What a workbook is made of: its sheets, and where they and what they share stand.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::{
    ImportError,
    parts::Parts,
    xml::{attribute, attributes},
};

/// Where every workbook says what its main part is (ECMA-376 part 2, section 8.2).
const ROOT: &str = "_rels/.rels";
/// Bytes of the parts that say what there is.
const MOST_BYTES: u64 = 4 << 20;
/// Sheets; a person chooses among them.
const MOST_SHEETS: usize = 250;
/// Letters of a sheet's name.
const LONGEST_NAME: usize = 100;

/// A workbook.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Those that a person sees, in their order.
    pub(super) sheets: Vec<Sheet>,
    /// The part with the texts that cells share.
    pub(super) strings: Option<String>,
    /// The part that says how numbers are shown.
    pub(super) styles: Option<String>,
    /// Its days are counted from 1904 on.
    pub(super) from_1904: bool,
}

/// A sheet of it.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) part: String,
}

/// A part that another one refers to.
struct Related {
    kind: String,
    part: String,
}

impl Book {
    /// `None`: the archive is no workbook.
    pub(super) fn read(parts: &mut Parts<'_>) -> Result<Option<Self>, ImportError> {
        let main = related(parts, ROOT, "")?.into_values().find(|one| one.kind == "officeDocument");
        let Some(Related { part: main, .. }) = main else { return Ok(None) };
        let (folder, name) = main.rsplit_once('/').unwrap_or(("", &main));
        let related = related(parts, &join(folder, &format!("_rels/{name}.rels")), folder)?;
        let of_kind = |kind: &str| related.values().find(|one| one.kind == kind).map(|one| one.part.clone());
        let mut book =
            Self { strings: of_kind("sharedStrings"), styles: of_kind("styles"), ..Self::default() };
        let Some(mut xml) = parts.xml(&main, MOST_BYTES)? else { return Ok(None) };
        let mut is_workbook = false;
        loop {
            match xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "workbook" => is_workbook = true,
                    "workbookPr" => {
                        let flag = attribute(&element, "date1904")?;
                        book.from_1904 |= flag.is_some_and(|flag| flag == "1" || flag == "true");
                    }
                    "sheet" => {
                        let [name, id, state] = attributes(&element, ["name", "id", "state"])?;
                        let is_seen = state.is_none_or(|state| state == "visible");
                        let sheet = id.and_then(|id| related.get(id.as_ref()));
                        if let Some(sheet) = sheet.filter(|one| is_seen && one.kind == "worksheet") {
                            let name = name.unwrap_or_default().chars().take(LONGEST_NAME).collect();
                            book.sheets.push(Sheet { name, part: sheet.part.clone() });
                        }
                    }
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
            if book.sheets.len() > MOST_SHEETS {
                return Err(ImportError::WorkbookTooLarge);
            }
        }
        Ok(is_workbook.then_some(book))
    }
}

/// What a part in `folder` refers to, by the ids that it uses.
fn related(parts: &mut Parts<'_>, name: &str, folder: &str) -> Result<HashMap<String, Related>, ImportError> {
    let mut all = HashMap::new();
    let Some(mut xml) = parts.xml(name, MOST_BYTES)? else { return Ok(all) };
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let [id, kind, target, mode] = attributes(&element, ["Id", "Type", "Target", "TargetMode"])?;
                // What lies outside the file is never looked for.
                if mode.as_deref() == Some("External") {
                    continue;
                }
                if let (Some(id), Some(kind), Some(target)) = (id, kind, target) {
                    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                    all.insert(id.into_owned(), Related { kind, part: join(folder, &target) });
                }
            }
            Event::Eof => return Ok(all),
            _ => {}
        }
    }
}

/// The name of a part as `target` says it from `folder`.
fn join(folder: &str, target: &str) -> String {
    if let Some(whole) = target.strip_prefix('/') {
        return whole.to_owned();
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            ".." => _ = steps.pop(),
            "." | "" => {}
            step => steps.push(step),
        }
    }
    steps.join("/")
}
