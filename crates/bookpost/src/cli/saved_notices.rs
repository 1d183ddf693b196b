//! The commands about notices that can be run.

use jiff::Timestamp;
use store::{Actor, Error, NoticeKind, NoticeSettings, SavedWording, Store};

use super::control::{NoticesRequest, Reply, ShownNotice, ShownWording};
use crate::{app::notice_run::notices, notices::saved::Notice};

/// Carries `request` out.
pub(super) async fn answer(store: &Store, request: NoticesRequest, now: Timestamp) -> Result<Reply, Error> {
    Ok(match request {
        NoticesRequest::List => {
            let wordings = store.wordings().await?;
            let all = notices(store).await?;
            Reply::Notices(all.into_iter().map(|notice| shown(notice, &wordings)).collect())
        }
        NoticesRequest::Show { slug } => Reply::Notice(Box::new(one(store, &slug).await?)),
        NoticesRequest::Switch { slug, on } => {
            let Notice { settings, version, .. } = named(store, &slug).await?;
            let settings = NoticeSettings { on, ..settings };
            store.save_notice(&slug, settings, version, Actor::CommandLine, now).await?;
            Reply::Notice(Box::new(one(store, &slug).await?))
        }
    })
}

async fn named(store: &Store, slug: &str) -> Result<Notice, Error> {
    let found = notices(store).await?.into_iter().find(|one| one.slug == slug);
    found.ok_or(Error::NotFound("notice; see: bookpost notices list"))
}

async fn one(store: &Store, slug: &str) -> Result<ShownNotice, Error> {
    Ok(shown(named(store, slug).await?, &store.wordings_of(slug).await?))
}

fn shown(notice: Notice, wordings: &[SavedWording]) -> ShownNotice {
    let (built_in, settings) = (notice.is_built_in(), notice.settings);
    let of = |saved: &SavedWording| {
        let subject = saved.wording.as_ref().filter(|_| saved.key.notice == notice.slug)?.subject.clone();
        let (site, language) = (saved.key.site.clone(), saved.key.language.clone());
        Some(ShownWording { site, language, subject })
    };
    ShownNotice {
        name: name_of(&notice.slug, &settings).to_owned(),
        wordings: wordings.iter().filter_map(of).collect(),
        slug: notice.slug,
        kind: settings.kind,
        built_in,
        on: settings.on,
        favourite: settings.favourite,
        sites: settings.sites,
        repeat_days: settings.repeat_days,
        without_titles: settings.without_titles,
        days_ahead: (settings.kind == NoticeKind::ComingDue).then_some(settings.days_ahead),
        recipients: settings.recipients,
        notes: settings.notes,
    }
}

/// What people call it, in English.
pub(crate) fn name_of<'a>(slug: &str, settings: &'a NoticeSettings) -> &'a str {
    if settings.name.is_empty() { called(slug) } else { &settings.name }
}

/// One that is built in.
fn called(slug: &str) -> &'static str {
    match slug {
        "overdue-items" => "Overdue Items, gentle",
        "overdue-items-firm" => "Overdue Items, firm",
        "overdue-items-final" => "Overdue Items, final",
        "overdue-items-without-titles" => "Overdue Items, without titles",
        "coming-due" => "Coming Due",
        "hold-ready" => "Hold Ready",
        "fines" => "Fines",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::saved::ALL;

    #[test]
    fn every_built_in_notice_has_a_name() {
        for notice in ALL {
            assert!(!called(notice.slug).is_empty(), "{}", notice.slug);
        }
    }

    #[tokio::test]
    async fn a_notice_is_switched_on_and_off_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let store = Store::open(folder.path(), now).unwrap();
        let ask = async |request| answer(&store, request, now).await;
        let is_on = async |slug: &str| {
            let Ok(Reply::Notices(all)) = ask(NoticesRequest::List).await else { panic!("a list") };
            all.into_iter().find(|one| one.slug == slug).unwrap().on
        };
        assert!(is_on("overdue-items").await && !is_on("fines").await);
        for on in [true, true, false] {
            ask(NoticesRequest::Switch { slug: "fines".to_owned(), on }).await.unwrap();
            assert_eq!(is_on("fines").await, on);
        }
        let none = ask(NoticesRequest::Show { slug: "dues".to_owned() }).await;
        assert!(matches!(none, Err(Error::NotFound(_))), "{none:?}");
        store.close().await.unwrap();
    }
}
