//! From an import to the notices of a run, rendered one at a time.

mod form;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use jiff::civil::Date;
use mail::Address;
use store::{LedgerKey, LeftOut, LeftOutDetail, LeftOutWhy, NoticeKind, Patron};

use self::form::Taken;
pub use self::form::{Form, Guardians};
use super::{
    Import, Item, PatronNotice,
    import::Refused,
    import::Shape,
    ledger_key, site,
    site::Site,
    teacher_key,
    template::{Letter, LetterItem, Rendered},
};

/// Who is left out, where the reason is about all of the export.
pub const EXPORT: &str = "the export";
/// Who is left out, where the export says neither name nor number.
pub const NAMELESS: &str = "a patron without a name";

/// Who is meant by what is said of a list for a teacher.
pub const A_TEACHER: &str = "a teacher";

/// One patron's notice, ready to become a message.
#[derive(Debug, Clone)]
pub struct PlannedNotice<'a> {
    pub site: &'a Site,
    /// The site's address.
    pub from: &'a Address,
    /// Never empty; the primary address first.
    pub to: Cow<'a, [Address]>,
    pub patron: Patron,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// One per item named.
    pub keys: Vec<LedgerKey>,
    /// Those of items of other libraries, with the codes of these.
    pub elsewhere: BTreeMap<LedgerKey, String>,
    /// It is a list for a teacher: it is about several people, and counted apart.
    pub is_list: bool,
    /// Whether parents and guardians get it.
    pub guardians: Guardians,
}

/// Who gets a notice, and who does not and why.
pub struct Plan<'a> {
    import: &'a Import,
    form: &'a Form,
    today: Date,
    /// Site of each of the import's branches.
    sites: Vec<Option<&'a Site>>,
    /// The sites that the run is limited to; none: to none.
    only: BTreeSet<String>,
    /// Who gets a notice, by their places in `import.patrons`.
    pub chosen: Vec<usize>,
    /// In the order of the file.
    pub left_out: Vec<LeftOut>,
}

/// Whom a notice is for, before it is made.
#[derive(Debug, Clone)]
pub struct Outline<'a> {
    /// Place in `import.patrons`.
    pub at: usize,
    pub patron: &'a PatronNotice,
    pub site: &'a Site,
    /// One per item named.
    pub keys: Vec<LedgerKey>,
    /// Those of items of other libraries, with the codes of these.
    pub elsewhere: BTreeMap<LedgerKey, String>,
}

/// Decides who gets a notice. A patron with items of several libraries gets one, from the library of the first; items of an unknown
/// branch, and items that the notice is not about on the day of the run, are listed and left out of it; so are patrons of a library that has no
/// address to write from. Where `only` names sites, items of
/// others are passed over without a word: they are another's to write about; but of those in `beyond`, for which the notice is not, it is said.
pub fn plan<'a>(
    import: &'a Import,
    sites: &'a [Site],
    form: &'a Form,
    today: Date,
    only: &BTreeSet<String>,
    beyond: &BTreeSet<String>,
) -> Plan<'a> {
    let mut plan = Plan::bare(import, sites, form, today, only);
    let lines = [(LeftOutWhy::RefusedLine, &import.refused), (LeftOutWhy::LeftAside, &import.left_aside)];
    let lines = lines.into_iter().flat_map(|(why, lines)| lines.iter().map(move |line| of_line(why, line)));
    let mut left_out: Vec<LeftOut> =
        lines.chain(import.no_lines.clone().map(of_export(LeftOutWhy::NoLines))).collect();
    let (mut chosen, mut items) = (Vec::with_capacity(import.patrons.len()), 0);
    for (at, patron) in import.patrons.iter().enumerate() {
        left_out.extend(plan.other_libraries(patron, beyond));
        let mut taken = Vec::new();
        for item in plan.items(patron) {
            items += 1;
            match form.takes(item, today) {
                Taken::Yes => taken.push(item),
                not => left_out.extend(not_taken(patron, item, plan.site_of(item), not)),
            }
        }
        let (known, unknown): (Vec<&Item>, Vec<&Item>) =
            taken.into_iter().partition(|item| plan.site_of(item).is_some());
        left_out.extend(unknown_branches(import, patron, &unknown));
        let Some(site) = known.first().and_then(|item| plan.site_of(item)) else { continue };
        let to = form.addresses(patron);
        match to.first() {
            None => left_out.push(no_address(patron, site)),
            Some(_) if site.email.is_none() => left_out.push(no_sender(patron, site)),
            Some(used) => {
                left_out.extend(unusable_address(patron, site, used));
                chosen.push(at);
            }
        }
    }
    if form.kind == NoticeKind::Overdue {
        left_out.extend(dates_in_doubt(import, items, &left_out));
    }
    left_out.sort_by_key(|one| one.line);
    if !only.is_empty() {
        // What is of no known library may be about a patron of another.
        left_out.iter_mut().filter(|one| one.site.is_none()).for_each(|one| one.who.clear());
    }
    (plan.chosen, plan.left_out) = (chosen, left_out);
    plan
}

fn of_line(why: LeftOutWhy, line: &Refused) -> LeftOut {
    LeftOut { why, line: Some(line.line), who: line.text.clone(), detail: line.reason.clone(), site: None }
}

fn of_export(why: LeftOutWhy) -> impl Fn(LeftOutDetail) -> LeftOut {
    move |detail| LeftOut { why, line: None, who: EXPORT.to_owned(), detail, site: None }
}

/// One for each code.
fn unknown_branches(import: &Import, patron: &PatronNotice, items: &[&Item]) -> Vec<LeftOut> {
    let mut counts: Vec<(u16, usize)> = Vec::new();
    for item in items {
        match counts.iter_mut().find(|(branch, _)| *branch == item.branch) {
            Some((_, count)) => *count += 1,
            None => counts.push((item.branch, 1)),
        }
    }
    counts.into_iter().map(|(branch, count)| unknown_branch(import, patron, branch, count)).collect()
}

fn unknown_branch(import: &Import, patron: &PatronNotice, branch: u16, items: usize) -> LeftOut {
    let code = import.branches.get(usize::from(branch)).map_or("", |code| &**code);
    let detail = if code.is_empty() {
        LeftOutDetail::NoBranch { items }
    } else {
        LeftOutDetail::UnknownBranch { items, code: code.into() }
    };
    LeftOut { why: LeftOutWhy::UnknownBranch, line: Some(patron.line), who: who(patron), detail, site: None }
}

fn not_taken(patron: &PatronNotice, item: &Item, site: Option<&Site>, taken: Taken) -> Option<LeftOut> {
    let what = if item.title().is_empty() { item.barcode() } else { item.title() };
    let (why, detail) = match taken {
        Taken::Yes => return None,
        Taken::NotYet => {
            (LeftOutWhy::NotDueYet, LeftOutDetail::NotDueYet { item: what.into(), due: item.due })
        }
        Taken::Never(why) => (LeftOutWhy::LeftAside, LeftOutDetail::OtherMatter { item: what.into(), why }),
    };
    let site = site.map(|site| site.code.clone());
    Some(LeftOut { why, line: Some(item.line()), who: who(patron), detail, site })
}

/// Where most items that the run is for are not overdue yet, the days may have been taken for months; or it is the wrong export.
fn dates_in_doubt(import: &Import, all: usize, left_out: &[LeftOut]) -> Option<LeftOut> {
    let not_yet = left_out.iter().filter(|one| one.why == LeftOutWhy::NotDueYet).count();
    if not_yet * 2 <= all {
        return None;
    }
    let order =
        import.dates.filter(|_| import.shape != Shape::Evergreen).map(|order| order.to_string().into());
    Some(of_export(LeftOutWhy::DatesInDoubt)(LeftOutDetail::DatesInDoubt { not_yet, all, order }))
}

fn no_address(patron: &PatronNotice, site: &Site) -> LeftOut {
    let detail = match patron.unusable() {
        Some(text) => LeftOutDetail::NotAnAddress { text: text.into() },
        None => LeftOutDetail::NoAddress,
    };
    of_patron(LeftOutWhy::NoAddress, patron, site, detail)
}

fn no_sender(patron: &PatronNotice, site: &Site) -> LeftOut {
    of_patron(
        LeftOutWhy::NotMade,
        patron,
        site,
        LeftOutDetail::NoSender { library: site.name.as_str().into() },
    )
}

fn unusable_address(patron: &PatronNotice, site: &Site, used: &Address) -> Option<LeftOut> {
    let text = patron.unusable()?;
    let detail = LeftOutDetail::OneNotAnAddress { text: text.into(), used: used.as_str().into() };
    Some(of_patron(LeftOutWhy::UnusableAddress, patron, site, detail))
}

fn of_patron(why: LeftOutWhy, patron: &PatronNotice, site: &Site, detail: LeftOutDetail) -> LeftOut {
    LeftOut { why, line: Some(patron.line), who: who(patron), detail, site: Some(site.code.clone()) }
}

fn who(patron: &PatronNotice) -> String {
    match (patron.name(), patron.number()) {
        ("", number) => number.unwrap_or(NAMELESS).to_owned(),
        (name, None) => name.to_owned(),
        (name, Some(number)) => format!("{name} ({number})"),
    }
}

impl<'a> Plan<'a> {
    /// Of nobody yet: to make the notice of one.
    pub fn bare(
        import: &'a Import,
        sites: &'a [Site],
        form: &'a Form,
        today: Date,
        only: &BTreeSet<String>,
    ) -> Self {
        let sites = import.branches.iter().map(|code| site::find(sites, code)).collect();
        let (chosen, left_out) = (Vec::new(), Vec::new());
        Plan { import, form, today, sites, only: only.clone(), chosen, left_out }
    }

    /// How many notices there are.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Whether nobody gets a notice.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// The notices in the order of the file, each rendered when it is asked for; in place of one that cannot be, who is left out.
    pub fn notices(&self) -> impl Iterator<Item = Result<PlannedNotice<'a>, LeftOut>> {
        self.chosen.iter().filter_map(|&at| self.notice(at))
    }

    /// The notice of the patron at this place of the import, or why it cannot be made; `None`: there is none for them.
    pub fn notice(&self, at: usize) -> Option<Result<PlannedNotice<'a>, LeftOut>> {
        let Outline { patron, site, keys, elsewhere, .. } = self.outline(at)?;
        let from = site.email.as_ref()?;
        let items: Vec<_> = self.taken(patron).map(|(item, site)| self.letter_item(item, site)).collect();
        let language = patron.language().unwrap_or("");
        let guardians = self.form.guardians(patron);
        let letter = Letter {
            branch_name: &site.name,
            branch_code: &site.code,
            branch_email: site.reply_to.as_ref().unwrap_or(from).as_str(),
            branch_phone: site.phone.as_deref().unwrap_or(""),
            patron_name: patron.name(),
            first_name: patron.first_name(),
            family_name: patron.family_name(),
            patron_number: patron.number().unwrap_or(""),
            language,
            to_guardian: guardians.text(),
            items,
        };
        let rendered = self.form.wordings.of(&site.code, language).render(&letter);
        let made = rendered.map(|Rendered { subject, text, html }| PlannedNotice {
            site,
            from,
            to: self.form.addresses(patron),
            patron: Patron { name: patron.name().to_owned(), number: patron.number().map(str::to_owned) },
            subject,
            text,
            html,
            keys,
            elsewhere,
            is_list: false,
            guardians,
        });
        Some(made.map_err(|error| of_patron(LeftOutWhy::NotMade, patron, site, error.to_string().into())))
    }

    /// For whom the notice of the patron at this place of the import is, without making it.
    pub fn outline(&self, at: usize) -> Option<Outline<'a>> {
        let patron = self.import.patrons.get(at)?;
        let (_, site) = self.taken(patron).next()?;
        let (mut keys, mut elsewhere) = (Vec::new(), BTreeMap::new());
        for (item, of) in self.taken(patron) {
            let key = ledger_key(patron.identity(), item);
            if of.code != site.code {
                elsewhere.insert(key.clone(), of.code.clone());
            }
            keys.push(key);
        }
        Some(Outline { at, patron, site, keys, elsewhere })
    }

    /// All items of the export, also those that nobody is written to about, with the library where it is known and the run is for it.
    pub fn all_items(&self) -> impl Iterator<Item = (Option<&'a Site>, LedgerKey)> {
        let is_ours = |site: &&Site| self.only.is_empty() || self.only.contains(&site.code);
        self.import.patrons.iter().flat_map(move |patron| {
            let key = |item: &Item| ledger_key(patron.identity(), item);
            patron.items.iter().map(move |item| (self.site_of(item).filter(is_ours), key(item)))
        })
    }

    /// Items that are still in the export, and that this notice is not about on this day or any later one; with what teachers were told of
    /// them.
    pub fn settled(&self) -> impl Iterator<Item = LedgerKey> {
        let is_settled = |item: &&Item| matches!(self.form.takes(item, self.today), Taken::Never(_));
        self.import.patrons.iter().flat_map(move |patron| {
            patron.items.iter().filter(is_settled).flat_map(move |item| {
                let key = ledger_key(patron.identity(), item);
                let told =
                    patron.teachers().iter().map(|teacher| teacher_key(teacher, &key)).collect::<Vec<_>>();
                told.into_iter().chain([key])
            })
        })
    }

    pub(super) fn patrons(&self) -> &'a [PatronNotice] {
        &self.import.patrons
    }

    pub(super) fn form(&self) -> &'a Form {
        self.form
    }

    pub(super) fn site_named(&self, code: &str) -> Option<&'a Site> {
        self.sites.iter().copied().flatten().find(|site| site.code == code)
    }

    /// What is known of lines that could not be used.
    pub fn refused(&self) -> impl Iterator<Item = &'a Refused> {
        self.import.refused.iter()
    }

    /// The export ends in the middle of a line.
    pub fn is_broken_off(&self) -> bool {
        self.import.broken_off
    }

    /// The sites that the run is limited to; none: to none.
    pub fn only(&self) -> &BTreeSet<String> {
        &self.only
    }

    /// The items that a patron's notice names.
    pub(super) fn taken(&self, patron: &'a PatronNotice) -> impl Iterator<Item = (&'a Item, &'a Site)> {
        let taken = self.items(patron).filter(|item| self.form.takes(item, self.today) == Taken::Yes);
        taken.filter_map(|item| Some((item, self.site_of(item)?)))
    }

    /// One for each of these libraries in which the patron has something that the notice would name.
    fn other_libraries(&self, patron: &PatronNotice, beyond: &BTreeSet<String>) -> Vec<LeftOut> {
        let mut counts: Vec<(&Site, usize)> = Vec::new();
        let taken = patron.items.iter().filter(|item| self.form.takes(item, self.today) == Taken::Yes);
        for site in taken.filter_map(|item| self.site_of(item)).filter(|site| beyond.contains(&site.code)) {
            match counts.iter_mut().find(|(of, _)| of.code == site.code) {
                Some((_, count)) => *count += 1,
                None => counts.push((site, 1)),
            }
        }
        let said = |(site, items): (&Site, usize)| {
            let detail = LeftOutDetail::OtherLibrary { items, library: site.name.as_str().into() };
            of_patron(LeftOutWhy::OtherLibrary, patron, site, detail)
        };
        counts.into_iter().map(said).collect()
    }

    /// A patron's items, without those of sites that the run is not for.
    fn items(&self, patron: &'a PatronNotice) -> impl Iterator<Item = &'a Item> {
        let is_foreign = |site: &Site| !self.only.is_empty() && !self.only.contains(&site.code);
        patron.items.iter().filter(move |item| !self.site_of(item).is_some_and(is_foreign))
    }

    fn site_of(&self, item: &Item) -> Option<&'a Site> {
        self.sites.get(usize::from(item.branch)).copied().flatten()
    }

    fn letter_item(&self, item: &'a Item, site: &'a Site) -> LetterItem<'a> {
        let mut written = LetterItem {
            title: item.title(),
            author: item.author(),
            barcode: item.barcode(),
            call_number: item.call_number(),
            due: item.due,
            checked_out: item.checked_out,
            price: item.price(),
            charge: item.charge(),
            branch_name: &site.name,
        };
        if self.form.without_titles {
            written.hide_title();
        }
        written
    }
}

#[cfg(test)]
mod tests;
