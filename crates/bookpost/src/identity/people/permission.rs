//! Who may do what: one table.

use std::collections::BTreeSet;

use store::Role;

/// A site's code. `None`: mail of no site, or a thing of several; for those who are limited to none.
pub type Site<'a> = Option<&'a str>;

/// What a page may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission<'a> {
    /// That there is mail of this site, how it stands, and why.
    SeeQueue(Site<'a>),
    /// Patrons' names and addresses in full; else they are masked.
    SeeAddresses,
    /// What a message of this site says.
    OpenText(Site<'a>),
    /// Decide about mail of this site: try again, keep back, send after all, do not send, give up.
    ActOnQueue(Site<'a>),
    /// Preview and start notices of this site.
    RunNotices(Site<'a>),
    /// Have servers that are at fault asked now, and not when they would be by themselves.
    ProbeServers,
    /// Stop all sending, and let it go on.
    PauseSending,
    /// Look at and change the Email Preferences.
    ChangePreferences,
    /// Add people, say what they may do, sign them out.
    ManagePeople,
    /// Say which programs send through Bookpost, and give them keys.
    ManagePrograms,
    /// Read who changed what.
    SeeAudit,
}

/// Whether somebody of this role, limited to these sites (none: to no site), may. Nothing else decides it.
pub fn allows(role: Role, sites: &BTreeSet<String>, permission: Permission<'_>) -> bool {
    use Permission as P;
    let own = |site: Site<'_>| sites.is_empty() || site.is_some_and(|site| sites.contains(site));
    match (role, permission) {
        (Role::Administrator, _) | (Role::Manager, P::SeeAddresses | P::ProbeServers) => true,
        (Role::Manager | Role::Viewer, P::SeeQueue(site))
        | (Role::Manager, P::OpenText(site) | P::ActOnQueue(site) | P::RunNotices(site)) => own(site),
        (
            Role::Manager | Role::Viewer,
            P::PauseSending | P::ChangePreferences | P::ManagePeople | P::ManagePrograms | P::SeeAudit,
        )
        | (
            Role::Viewer,
            P::SeeAddresses | P::ProbeServers | P::OpenText(_) | P::ActOnQueue(_) | P::RunNotices(_),
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: Site<'static> = Some("MAIN");
    const EAST: Site<'static> = Some("EAST");

    /// Each cell. In this order: administrator; manager of all sites, of MAIN; viewer of all sites, of MAIN. An administrator with
    /// MAIN on record is one of all sites.
    #[test]
    fn the_whole_table() {
        use Permission as P;
        let main = BTreeSet::from(["MAIN".to_owned()]);
        let all = BTreeSet::new();
        for (permission, expected) in [
            (P::SeeQueue(MAIN), [true, true, true, true, true]),
            (P::SeeQueue(EAST), [true, true, false, true, false]),
            (P::SeeQueue(None), [true, true, false, true, false]),
            (P::SeeAddresses, [true, true, true, false, false]),
            (P::OpenText(MAIN), [true, true, true, false, false]),
            (P::OpenText(EAST), [true, true, false, false, false]),
            (P::OpenText(None), [true, true, false, false, false]),
            (P::ActOnQueue(MAIN), [true, true, true, false, false]),
            (P::ActOnQueue(EAST), [true, true, false, false, false]),
            (P::ActOnQueue(None), [true, true, false, false, false]),
            (P::RunNotices(MAIN), [true, true, true, false, false]),
            (P::RunNotices(EAST), [true, true, false, false, false]),
            (P::RunNotices(None), [true, true, false, false, false]),
            (P::PauseSending, [true, false, false, false, false]),
            (P::ChangePreferences, [true, false, false, false, false]),
            (P::ManagePeople, [true, false, false, false, false]),
            (P::ManagePrograms, [true, false, false, false, false]),
            (P::SeeAudit, [true, false, false, false, false]),
        ] {
            let found = [
                (Role::Administrator, &all),
                (Role::Manager, &all),
                (Role::Manager, &main),
                (Role::Viewer, &all),
                (Role::Viewer, &main),
            ]
            .map(|(role, sites)| allows(role, sites, permission));
            assert_eq!(found, expected, "{permission:?}");
            assert!(allows(Role::Administrator, &main, permission), "{permission:?}");
        }
    }
}
