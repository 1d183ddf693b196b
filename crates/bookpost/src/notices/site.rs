//! The libraries that notices come from.

pub use crate::config::Site;

/// The site that an export calls `branch`: by one of its codes, else by name (Koha's -csv form has only names). Where the export names no
/// branch at all, the only site there is.
pub(super) fn find<'a>(sites: &'a [Site], branch: &str) -> Option<&'a Site> {
    let branch = branch.trim();
    if branch.is_empty() {
        return if let [only] = sites { Some(only) } else { None };
    }
    let same = |text: &str| text.trim().to_lowercase() == branch.to_lowercase();
    let by = |is: &dyn Fn(&str) -> bool| {
        let has = |site: &&Site| is(&site.code) || site.branches.iter().any(|code| is(code));
        sites.iter().find(has)
    };
    by(&|code| code.trim() == branch)
        .or_else(|| by(&same))
        .or_else(|| sites.iter().find(|site| same(&site.name)))
}

#[cfg(test)]
mod tests {
    use mail::Address;

    use super::*;

    fn site(code: &str, name: &str) -> Site {
        let email = Address::parse("desk@example.org").unwrap();
        Site {
            code: code.into(),
            name: name.into(),
            email: Some(email),
            reply_to: None,
            return_address: None,
            phone: None,
            branches: Vec::new(),
            time_zone: None,
            language: None,
        }
    }

    #[test]
    fn a_branch_is_found_by_code_then_by_name_and_never_guessed() {
        let west = Site { branches: vec!["W2".to_owned()], ..site("WEST", "Westside") };
        let sites = [site("MAIN", "Main Library"), west];
        for (branch, found) in [
            ("MAIN", Some("MAIN")),
            ("main ", Some("MAIN")),
            ("westside", Some("WEST")),
            ("W2", Some("WEST")),
            (" w2", Some("WEST")),
            ("EAST", None),
            ("", None),
        ] {
            assert_eq!(find(&sites, branch).map(|site| site.code.as_str()), found, "{branch:?}");
        }
        assert_eq!(find(&sites[..1], "").map(|site| site.code.as_str()), Some("MAIN"));
        assert_eq!(find(&sites[..1], "EAST"), None);
    }
}
