//! The columns of a file with the first few of their values, for a person who says what they are.

use mail::Address;
use store::NoticeKind;

use super::{
    Columns, ImportError, ImportOptions, MAX_BYTES, Sheets,
    aliases::normal,
    clean::clean,
    columns::{EMAIL, GUARDIAN, SEVERAL, TEACHER, needed, shape},
    dates,
    layout::{self, Delimiter},
    rows::Rows,
    text, workbook,
};

/// Columns that a person can be asked about.
const MOST_COLUMNS: usize = 100;
/// Values of a column.
const VALUES: usize = 3;
/// Rows in which they are looked for.
const ROWS: usize = 50;
/// Letters of a name, and of a value.
const SHOWN_CHARS: usize = 40;

/// The first rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// By what files with the same columns are known.
    pub shape: String,
    /// Of a workbook.
    pub sheets: Option<Sheets>,
    /// What the notice is about that it is for.
    pub kind: NoticeKind,
    /// Those with names, in the order of the file.
    pub columns: Vec<Column>,
}

/// A column of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As the file writes it.
    pub name: String,
    /// By what it is remembered.
    pub key: String,
    /// Distinct; none where it is never read.
    pub values: Vec<String>,
    /// It is never read and never kept.
    pub is_secret: bool,
    /// What it is, or seems to be.
    pub meaning: Option<&'static str>,
}

/// Parts of names, in languages of exports, that tell what a column seems to be. The first that fits is taken.
const TOLD_BY: [(&str, &[&str]); 15] = [
    (EMAIL, &["mail", "correo", "courriel"]),
    ("due", &["due", "vence", "vencim", "fällig", "faellig", "rückgabe", "échéance", "retour"]),
    ("checked_out", &["out", "issue", "loan", "préstamo", "prestamo", "ausleihdatum", "prêt"]),
    ("item_barcode", &["item barcode", "copy", "ejemplar", "exemplar"]),
    ("call_number", &["call", "sign", "cote"]),
    ("title", &["title", "titel", "título", "titulo", "titre", "book", "libro", "buch"]),
    ("author", &["auth", "auto", "aute", "verfasser"]),
    ("patron_number", &["card", "carné", "carnet", "ausweis", "lesernummer", "benutzernummer", "barcode"]),
    ("first_name", &["first", "given", "vorname", "nombre de pila", "prénom"]),
    ("family_name", &["last", "surname", "nachname", "familienname", "apellido"]),
    (
        "patron_name",
        &["name", "nombre", "nom", "student", "patron", "borrower", "alumno", "lector", "leser", "schüler"],
    ),
    ("branch", &["branch", "library", "school", "biblioteca", "bibliothek", "zweigstelle", "sucursal"]),
    ("price", &["price", "cost", "precio", "preis", "prix"]),
    ("charge", &["fine", "charge", "multa", "gebühr", "amende"]),
    ("language", &["language", "idioma", "sprache", "langue"]),
];

/// Parts of names of what no notice has, whoever's it is.
const TOLD_OFF_BY: [&str; 5] = ["phone", "telef", "téléph", "mobil", "fax"];

/// Reads the first rows.
pub fn head(bytes: &[u8], options: &ImportOptions) -> Result<Head, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::TooLarge);
    }
    if text::is_archive(bytes) {
        let workbook = workbook::read(bytes, options.sheet.as_deref())?;
        return of_text(&workbook.text, Delimiter::Cell, Some(workbook.sheets), options);
    }
    let (text, _) = text::decode(bytes, options.encoding)?;
    let delimiter = layout::likely_delimiter(&text, options.delimiter);
    of_text(&text, delimiter, None, options)
}

fn of_text(
    text: &str,
    delimiter: Delimiter,
    sheets: Option<Sheets>,
    options: &ImportOptions,
) -> Result<Head, ImportError> {
    let first = layout::first_row(text, delimiter);
    let names: Vec<String> = first.iter().map(|name| normal(name)).collect();
    if has_no_names(&first) {
        return Err(ImportError::NoNames);
    }
    let shape = shape(&names).filter(|_| (2..=MOST_COLUMNS).contains(&names.len()));
    let shape = shape.ok_or(ImportError::NoTable)?;
    let values = values(text, delimiter, names.len())?;
    let known = options.columns.as_ref().or_else(|| options.known.get(&shape));
    let mut columns = Vec::new();
    for (((key, name), values), normal) in
        layout::keys(&names).into_iter().zip(&first).zip(values).zip(&names)
    {
        let Some(key) = key else { continue };
        let is_secret = options.aliases.is_secret(normal);
        let values = if is_secret { Vec::new() } else { values };
        columns.push(Column { name: shown(name), key, values, is_secret, meaning: None });
    }
    match known {
        Some(known) => {
            for column in columns.iter_mut().filter(|column| !column.is_secret) {
                column.meaning = known.meaning(&column.key);
            }
        }
        None => guess(&mut columns, options),
    }
    Ok(Head { shape, sheets, kind: options.kind, columns })
}

/// The first few values of each column.
fn values(text: &str, delimiter: Delimiter, width: usize) -> Result<Vec<Vec<String>>, ImportError> {
    let mut values: Vec<Vec<String>> = vec![Vec::new(); width];
    let mut rows = Rows::new(text, delimiter, true);
    for _ in 0..ROWS {
        let Some(row) = rows.next()? else { break };
        // What stands in another column than it should may be a password.
        if delimiter != Delimiter::Cell && row.width() != width {
            continue;
        }
        for (values, cell) in values.iter_mut().zip(row.cells()) {
            let value = shown(cell);
            if values.len() < VALUES && !value.is_empty() && !values.contains(&value) {
                values.push(value);
            }
        }
    }
    Ok(values)
}

/// What each seems to be: by the list of column names; where that is not enough, by parts of its name, and by what stands in it.
fn guess(columns: &mut [Column], options: &ImportOptions) {
    let listed = |meaning: &str, column: &Column| {
        let name = column.key.split('#').next().unwrap_or_default();
        let is_several = SEVERAL.contains(&meaning);
        options.aliases.names(meaning).iter().any(|one| *one == column.key || is_several && one == name)
    };
    for meaning in Columns::meanings().filter(|meaning| !SEVERAL.contains(meaning)) {
        for name in options.aliases.names(meaning) {
            suppose(columns, meaning, |column| column.key == *name);
        }
    }
    let has = |columns: &[Column], meaning: &str| {
        let is_several = SEVERAL.contains(&meaning);
        columns.iter().any(|column| column.meaning == Some(meaning) || is_several && listed(meaning, column))
    };
    if needed(options.kind, |meaning| has(columns, meaning)).is_empty() {
        // It is read so without being asked about, with all addresses.
        for column in columns.iter_mut().filter(|column| !column.is_secret) {
            let meaning = SEVERAL.into_iter().find(|meaning| listed(meaning, column));
            column.meaning = meaning.or(column.meaning);
        }
        return;
    }
    for meaning in [GUARDIAN, TEACHER] {
        for column in columns.iter_mut().filter(|column| !column.is_secret && listed(meaning, column)) {
            column.meaning = Some(meaning);
        }
    }
    for (meaning, parts) in TOLD_BY {
        suppose(columns, meaning, |column| {
            let is_told = || parts.iter().any(|part| column.key.contains(part));
            listed(meaning, column) || is_told() && !TOLD_OFF_BY.iter().any(|part| column.key.contains(part))
        });
    }
    let all = |column: &Column, is_it: fn(&str) -> bool| {
        !column.values.is_empty() && column.values.iter().all(|value| is_it(value))
    };
    suppose(columns, EMAIL, |column| all(column, |value| Address::parse(value).is_ok()));
    suppose(columns, "due", |column| all(column, dates::is_one));
}

/// Takes the first column of which nothing is known yet. Of addresses no more than one, too: whose the others are, a person knows.
fn suppose(columns: &mut [Column], meaning: &'static str, is_it: impl Fn(&Column) -> bool) {
    if columns.iter().any(|one| one.meaning == Some(meaning)) {
        return;
    }
    let mut free = columns.iter_mut().filter(|column| column.meaning.is_none() && !column.is_secret);
    if let Some(column) = free.find(|column| is_it(column)) {
        column.meaning = Some(meaning);
    }
}

/// Whether a line is of patrons or of nothing rather than of names: it has an address, a date or a number, or is mostly empty.
pub(super) fn has_no_names(first: &[String]) -> bool {
    let is_number = |cell: &str| {
        let digits = cell.chars().filter(char::is_ascii_digit).count();
        digits * 2 > cell.chars().filter(|c| c.is_alphanumeric()).count()
    };
    let empty = first.iter().filter(|cell| cell.trim().is_empty()).count();
    let is_value = |cell: &str| Address::parse(cell).is_ok() || dates::is_one(cell) || is_number(cell);
    empty * 2 > first.len() || first.iter().any(|cell| is_value(cell.trim()))
}

fn shown(text: &str) -> String {
    let start: String = text.trim().chars().take(SHOWN_CHARS * 4).collect();
    let mut out = String::new();
    clean(&start, &mut out);
    match out.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", out.get(..end).unwrap_or("")),
        None => out,
    }
}

/// What is asked about a file; nothing of it is kept.
impl Head {
    /// What it is guessed to be, or was said to be.
    pub fn columns(&self) -> Columns {
        let pairs = self.columns.iter().filter_map(|one| Some((one.meaning?, one.key.as_str())));
        Columns::new(pairs).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(text: &str) -> Vec<(String, Option<&'static str>)> {
        let head = head(text.as_bytes(), &ImportOptions::default()).unwrap();
        head.columns.into_iter().map(|column| (column.name, column.meaning)).collect()
    }

    #[test]
    fn columns_are_shown_with_a_guess_and_secrets_without_their_values() {
        let text = "Leser;Kontakt;PIN;Titel;Zurück am;Farbe;Farbe;\n\
            Okafor, Ngozi;a@example.org;1234;Dune;12.11.2026;rot;blau;x\n\
            Li, Ming;b@example.org;5678;Emma;13.11.2026;rot;;x\n";
        assert_eq!(
            guessed(text),
            [
                ("Leser".to_owned(), Some("patron_name")),
                ("Kontakt".to_owned(), Some("email")),
                ("PIN".to_owned(), None),
                ("Titel".to_owned(), Some("title")),
                ("Zurück am".to_owned(), Some("due")),
                ("Farbe".to_owned(), None),
                ("Farbe".to_owned(), None),
            ]
        );
        let head = head(text.as_bytes(), &ImportOptions::default()).unwrap();
        let keys: Vec<&str> = head.columns.iter().map(|column| column.key.as_str()).collect();
        assert_eq!(keys, ["leser", "kontakt", "pin", "titel", "zurück am", "farbe#1", "farbe#2"]);
        assert_eq!(head.columns[0].values, ["Okafor, Ngozi", "Li, Ming"]);
        assert_eq!(head.columns[5].values, ["rot"]);
        assert!(head.columns[2].is_secret && head.columns[2].values.is_empty());
        assert_eq!(head.columns().missing(NoticeKind::Overdue), []);
    }

    #[test]
    fn what_cannot_be_asked_about() {
        let wide = |n: usize| vec!["x"; n].join(",");
        for (text, expected) in [
            ("Ngozi,a@example.org,Dune\n".to_owned(), ImportError::NoNames),
            ("Ngozi,Dune,2026-11-12\n".to_owned(), ImportError::NoNames),
            ("Ngozi,P1042,Dune\n".to_owned(), ImportError::NoNames),
            ("Ngozi,39001000001234,Dune\n".to_owned(), ImportError::NoNames),
            ("Overdue items,,,\nName,Email,Title,Due\n".to_owned(), ImportError::NoNames),
            ("nothing but a line\n".to_owned(), ImportError::NoTable),
            (wide(MOST_COLUMNS + 1), ImportError::NoTable),
        ] {
            assert_eq!(head(text.as_bytes(), &ImportOptions::default()).unwrap_err(), expected, "{text}");
        }
        assert_eq!(guessed(&wide(MOST_COLUMNS)).len(), MOST_COLUMNS);
    }

    #[test]
    fn a_number_of_something_is_no_card_number_and_one_address_is_chosen() {
        let text = "Name;Phone Number;Student mobile;Número;Nummer;Mail (home);Mail (work);Book;Back by;Passport Number\n\
            Ngozi;1;2;3;4;a@example.org;b@example.org;Dune;2026-11-12;X4711\n";
        let meanings: Vec<_> = guessed(text).into_iter().map(|(_, meaning)| meaning).collect();
        let name = Some("patron_name");
        let expected = [name, None, None, None, None, Some(EMAIL), None, Some("title"), Some("due"), None];
        assert_eq!(meanings, expected);
        let head = head(text.as_bytes(), &ImportOptions::default()).unwrap();
        assert!(head.columns[9].is_secret && head.columns[9].values.is_empty());
        // It is read without being asked about; what is shown is what is read.
        let known = guessed("Name;Email;Parent email;Title;Due;Book type\n");
        assert_eq!((known[1].1, known[2].1, known[5].1), (Some(EMAIL), Some(GUARDIAN), None));
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let text = format!("a,b\n{},\"x\0\ny\"\n1,2\n2,2\n3,2\n4,2\n", "long ".repeat(100_000));
        let head = head(text.as_bytes(), &ImportOptions::default()).unwrap();
        assert_eq!(head.columns[0].values.len(), VALUES);
        assert_eq!(head.columns[0].values[0].chars().count(), SHOWN_CHARS + 1);
        assert_eq!(head.columns[1].values, ["x y", "2"]);
    }
}
