//! Workbooks (.xlsx) of a few parts, for tests and measurements.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use quick_xml::escape::escape;
use zip::{ZipWriter, result::ZipResult, write::SimpleFileOptions};

const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
/// Style 1 of a cell shows a date.
const STYLES: &str = r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

/// A ZIP archive of these files.
pub fn archive(parts: &[(&str, &[u8])]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, SimpleFileOptions::default())?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// A workbook of sheets, each with a name and its rows as [`rows`] writes them, or as they stand in the file. `strings` is what stands in the
/// part of shared texts.
pub fn workbook(sheets: &[(&str, &str)], strings: &str) -> ZipResult<Vec<u8>> {
    let related = |id: usize, kind: &str, target: &str| {
        format!(r#"<Relationship Id="r{id}" Type="{DOCUMENT}/{kind}" Target="{target}"/>"#)
    };
    let root = format!(
        r#"<Relationships xmlns="{PACKAGE}">{}</Relationships>"#,
        related(1, "officeDocument", "xl/workbook.xml")
    );
    let (mut list, mut all) = (String::new(), String::new());
    let mut parts = Vec::new();
    for (n, (name, rows)) in sheets.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(list, r#"<sheet name="{}" sheetId="{}" r:id="r{n}"/>"#, escape(*name), n + 1);
        all.push_str(&related(n, "worksheet", &format!("worksheets/sheet{n}.xml")));
        let sheet = format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#);
        parts.push((format!("xl/worksheets/sheet{n}.xml"), sheet));
    }
    all.push_str(&related(1000, "sharedStrings", "sharedStrings.xml"));
    all.push_str(&related(1001, "styles", "/xl/styles.xml"));
    parts.push(("_rels/.rels".to_owned(), root));
    parts.push((
        "xl/workbook.xml".to_owned(),
        format!(r#"<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>{list}</sheets></workbook>"#),
    ));
    let all = format!(r#"<Relationships xmlns="{PACKAGE}">{all}</Relationships>"#);
    parts.push(("xl/_rels/workbook.xml.rels".to_owned(), all));
    parts.push(("xl/styles.xml".to_owned(), STYLES.to_owned()));
    parts.push(("xl/sharedStrings.xml".to_owned(), format!(r#"<sst xmlns="{MAIN}">{strings}</sst>"#)));
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, xml)| (name.as_str(), xml.as_bytes())).collect();
    archive(&parts)
}

/// The lines of a CSV file as rows of texts.
pub fn rows(csv: &[u8]) -> String {
    let mut rows = String::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv);
    for record in reader.byte_records().filter_map(Result::ok) {
        rows.push_str("<row>");
        for cell in &record {
            let text = String::from_utf8_lossy(cell);
            let _ = write!(rows, r#"<c t="inlineStr"><is><t>{}</t></is></c>"#, escape(text.as_ref()));
        }
        rows.push_str("</row>");
    }
    rows
}
