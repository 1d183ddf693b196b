//! Alexandria's exports: a table with tabs whose first line, such as `###*PT01/1000/1006/1019/`, has a number in the place of each column's
//! name.

/// What the numbers of a patron's fields mean (Alexandria, Import Field Mapping, Patron Import Fields).
const NAMES: [(&str, &str); 13] = [
    ("1000", "Patron barcode"),
    ("1001", "Community id"),
    ("1002", "Government id"),
    ("1003", "Password"),
    ("1004", "Homeroom"),
    ("1006", "Last name"),
    ("1007", "First name"),
    ("1008", "Middle name"),
    ("1010", "Grade"),
    ("1017", "Phone"),
    ("1019", "Email"),
    ("1028", "Policy"),
    ("1070", "Nickname"),
];

/// The names of the columns, where `line` is the first of such an export. A field that is not known is `field` and its number.
pub(super) fn names(line: &str) -> Option<Vec<String>> {
    let fields = line.trim_start_matches('\u{feff}').trim().strip_prefix("###*")?;
    // Patrons (PT01) or items (FT01) stand first.
    let (_, numbers) = fields.split_once('/')?;
    let name = |number: &str| match NAMES.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("field {number}"),
    };
    Some(numbers.trim_end_matches('/').split('/').map(|number| name(number.trim())).collect())
}

#[cfg(test)]
mod tests {
    use crate::notices::import::{Columns, ImportError, ImportOptions, head, read};

    /// Patrons of a school with what they have.
    const EXPORT: &str = "###*PT01/1000/1002/1003/1006/1007/1019/2000/3010/\r\n\
        P 1\t078-05-1120\thunter2\tOkafor\tNgozi\tngozi@example.org\tMoby Dick\t2026-11-12\r\n\
        P 2\t078-05-1121\t\tLi\tMing\tming@example.org\tThe \"Dune\" Book\t2026-11-13\r\n";

    #[test]
    fn its_numbers_have_names_and_what_must_not_be_kept_is_not_shown() {
        let head = head(EXPORT.as_bytes(), &ImportOptions::default()).unwrap();
        let shown = head.columns.iter().map(|one| (one.name.as_str(), one.meaning, one.is_secret));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                ("Patron barcode", Some("patron_number"), false),
                ("Government id", None, true),
                ("Password", None, true),
                ("Last name", Some("family_name"), false),
                ("First name", Some("first_name"), false),
                ("Email", Some("email"), false),
                ("field 2000", None, false),
                ("field 3010", Some("due"), false),
            ]
        );
        assert!(head.columns.iter().all(|one| one.values.is_empty() == one.is_secret), "{head:?}");
    }

    #[test]
    fn fields_that_are_not_known_are_what_a_person_says() {
        let missing = read(EXPORT.as_bytes(), &ImportOptions::default()).unwrap_err();
        assert!(matches!(missing, ImportError::UnknownColumns { .. }), "{missing}");
        let said: Columns = "patron_number=patron barcode,family_name=last name,first_name=first name,\
                             email=email,title=field 2000,due=field 3010"
            .parse()
            .unwrap();
        let options = ImportOptions { columns: Some(said), ..ImportOptions::default() };
        let import = read(EXPORT.as_bytes(), &options).unwrap();
        let of = |at: usize| {
            let patron = &import.patrons[at];
            (patron.number(), patron.name(), patron.addresses[0].as_str(), patron.items[0].title())
        };
        assert_eq!(of(0), (Some("P 1"), "Ngozi Okafor", "ngozi@example.org", "Moby Dick"));
        assert_eq!(of(1), (Some("P 2"), "Ming Li", "ming@example.org", "The \"Dune\" Book"));
        assert!(import.refused.is_empty(), "{:?}", import.refused);
        let all = format!("{import:?}");
        assert!(!all.contains("hunter2") && !all.contains("078-05"));
    }
}
