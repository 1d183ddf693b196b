//! Copies to teachers: one mail for each, with a list of their students.
//!
//! A mail for each student would be thirty at once for one teacher, and nobody reads thirty. In a list stands a student who is written to, and
//! one who has no address: of them a teacher is the only one to hear. It has no titles unless the notice allows them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write as _,
};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::civil::Date;
use mail::Address;
use store::{LedgerKey, NoticeKind, Patron};

use super::{
    Form, Guardians, Item, Language, PatronNotice, PlannedNotice, Site, plan::Plan, returned::Replaceable,
    template,
};

/// One teacher's students of one library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeacherList {
    /// The code of the library that writes.
    pub site: String,
    pub to: Address,
    /// Places in `import.patrons`, in the order of the file.
    pub students: Vec<usize>,
}

/// The name in the ledger of what a teacher was told of an item; `key` is the patron's.
pub fn teacher_key(teacher: &Address, key: &LedgerKey) -> LedgerKey {
    let text = format!("bookpost teacher 1\n{}\n{}", teacher.as_str().to_lowercase(), key.0);
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    LedgerKey(hex)
}

impl<'a> Plan<'a> {
    /// All lists, in the order of the file; none where the notice has none.
    pub fn lists(&self) -> Vec<TeacherList> {
        let (mut lists, mut places) = (Vec::<TeacherList>::new(), HashMap::new());
        if !self.form().recipients.teacher {
            return lists;
        }
        for (at, patron) in self.patrons().iter().enumerate().filter(|(_, one)| !one.teachers().is_empty()) {
            let Some((_, site)) = self.taken(patron).next() else { continue };
            if site.email.is_none() {
                continue;
            }
            for teacher in patron.teachers() {
                let place =
                    *places.entry((&site.code, teacher.as_str().to_lowercase())).or_insert_with(|| {
                        lists.push(TeacherList {
                            site: site.code.clone(),
                            to: teacher.clone(),
                            students: Vec::new(),
                        });
                        lists.len() - 1
                    });
                if let Some(list) = lists.get_mut(place) {
                    list.students.push(at);
                }
            }
        }
        lists
    }

    /// All that any teacher may have been told of, whatever the notice says now.
    pub fn teacher_keys(&self) -> impl Iterator<Item = LedgerKey> {
        let with_teachers = self.patrons().iter().filter(|patron| !patron.teachers().is_empty());
        with_teachers.flat_map(|patron| {
            patron.items.iter().flat_map(move |item| {
                let key = super::ledger_key(patron.identity(), item);
                patron.teachers().iter().map(move |teacher| teacher_key(teacher, &key))
            })
        })
    }

    /// What a list tells of one of its students, with the codes of other libraries whose items these are.
    pub fn told_of(&self, list: &TeacherList, student: usize) -> Vec<(LedgerKey, Option<String>)> {
        let Some(patron) = self.patrons().get(student) else { return Vec::new() };
        let told = |(item, site): (&Item, &Site)| {
            let elsewhere = (site.code != list.site).then(|| site.code.clone());
            (teacher_key(&list.to, &super::ledger_key(patron.identity(), item)), elsewhere)
        };
        self.taken(patron).map(told).collect()
    }

    /// The lists that are written: of the students of whom something is new, as `lately` says what is not. One that goes in place of an
    /// earlier one that has not left names all.
    pub fn written_lists(&self, lately: &HashSet<LedgerKey>, replaceable: &Replaceable) -> Vec<TeacherList> {
        let mut lists = self.lists();
        for list in &mut lists {
            let keys = |student: usize| self.told_of(list, student).into_iter().map(|(key, _)| key);
            let all: Vec<_> = list.students.iter().flat_map(|student| keys(*student)).collect();
            if replaceable.is_written_anew(&all) {
                continue;
            }
            let is_new = |student: &usize| keys(*student).any(|key| !lately.contains(&key));
            list.students = list.students.iter().copied().filter(is_new).collect();
        }
        lists.retain(|list| !list.students.is_empty());
        lists
    }

    /// A list as a mail.
    pub fn listed(&self, list: &TeacherList) -> Option<PlannedNotice<'a>> {
        let site = self.site_named(&list.site)?;
        let from = site.email.as_ref()?;
        let (mut keys, mut elsewhere) = (Vec::new(), BTreeMap::new());
        for (key, of) in list.students.iter().flat_map(|student| self.told_of(list, *student)) {
            elsewhere.extend(of.map(|of| (key.clone(), of)));
            keys.push(key);
        }
        let students: Vec<_> = list
            .students
            .iter()
            .filter_map(|at| self.patrons().get(*at))
            .map(|patron| Student::of(patron, self.form(), self.taken(patron).map(|(item, _)| item)))
            .collect();
        let says = Says { kind: self.form().kind, language: self.form().wordings.language_of(&site.code) };
        let (text, html) =
            template::of_marked(&says.text(site, &students), says.language.dates(), &site.name);
        Some(PlannedNotice {
            site,
            from,
            to: vec![list.to.clone()].into(),
            patron: Patron { name: String::new(), number: None },
            subject: says.subject(site, students.len()),
            text,
            html,
            keys,
            elsewhere,
            is_list: true,
            guardians: Guardians::None,
        })
    }
}

/// What a list says of somebody.
struct Student<'a> {
    name: &'a str,
    items: usize,
    first_due: Option<Date>,
    /// None: nobody is to read them.
    titles: Vec<&'a str>,
    /// No other mail tells them.
    is_not_written: bool,
}

impl<'a> Student<'a> {
    fn of(patron: &'a PatronNotice, form: &Form, items: impl Iterator<Item = &'a Item>) -> Self {
        let items: Vec<_> = items.collect();
        let has_titles = form.recipients.teacher_titles && !form.without_titles;
        let titles = items.iter().filter(|_| has_titles).map(|item| match item.title() {
            "" => item.barcode(),
            title => title,
        });
        Self {
            name: if patron.name().is_empty() { patron.number().unwrap_or("?") } else { patron.name() },
            items: items.len(),
            first_due: items.iter().filter_map(|item| item.due).min(),
            titles: titles.collect(),
            is_not_written: form.addresses(patron).is_empty(),
        }
    }
}

/// The words of a list.
#[derive(Clone, Copy)]
struct Says {
    kind: NoticeKind,
    language: Language,
}

impl Says {
    fn subject(self, site: &Site, students: usize) -> String {
        let (name, what) = (&site.name, self.what());
        match (self.language, students) {
            (Language::English, 1) => format!("{name}: a student with {what}"),
            (Language::English, n) => format!("{name}: {n} students with {what}"),
            (Language::Spanish, 1) => format!("{name}: un alumno con {what}"),
            (Language::Spanish, n) => format!("{name}: {n} alumnos con {what}"),
        }
    }

    fn what(self) -> &'static str {
        match (self.language, self.kind) {
            (Language::English, NoticeKind::Overdue) => "overdue items",
            (Language::English, NoticeKind::ComingDue) => "items that are due soon",
            (Language::English, NoticeKind::HoldReady) => "holds that are ready",
            (Language::English, NoticeKind::Fines) => "charges",
            (Language::Spanish, NoticeKind::Overdue) => "préstamos vencidos",
            (Language::Spanish, NoticeKind::ComingDue) => "préstamos que vencen pronto",
            (Language::Spanish, NoticeKind::HoldReady) => "reservas listas",
            (Language::Spanish, NoticeKind::Fines) => "cargos pendientes",
        }
    }

    fn text(self, site: &Site, students: &[Student<'_>]) -> String {
        let what = self.what();
        let mut text = match (self.language, students.len()) {
            (Language::English, 1) => {
                format!("Hello,\n\nThis student has {what} at the library. Please remind them:\n\n")
            }
            (Language::English, n) => {
                format!("Hello,\n\nThese {n} students have {what} at the library. Please remind them:\n\n")
            }
            (Language::Spanish, 1) => {
                format!(
                    "Hola:\n\nEste alumno o alumna tiene {what} en la biblioteca. Por favor, recuérdeselo:\n\n"
                )
            }
            (Language::Spanish, n) => {
                format!(
                    "Hola:\n\nEstos {n} alumnos tienen {what} en la biblioteca. Por favor, recuérdeselo:\n\n"
                )
            }
        };
        for student in students {
            text.push_str(&self.student(student));
        }
        text.push('\n');
        if students.iter().all(|student| student.titles.is_empty()) {
            text.push_str(match self.language {
                Language::English => "The titles are not named here.\n",
                Language::Spanish => "Aquí no se nombran los títulos.\n",
            });
        }
        text.push_str(&self.end(site));
        text
    }

    fn student(self, student: &Student<'_>) -> String {
        let items = match (self.language, student.items) {
            (Language::English, 1) => "1 item".to_owned(),
            (Language::English, n) => format!("{n} items"),
            (Language::Spanish, 1) => "1 ejemplar".to_owned(),
            (Language::Spanish, n) => format!("{n} ejemplares"),
        };
        let due = student.first_due.filter(|_| self.has_dates()).map(|due| self.language.dates().write(due));
        let due = due.map_or_else(String::new, |due| match (self.language, student.items) {
            (Language::English, 1) => format!(", due {due}"),
            (Language::English, _) => format!(", the first due {due}"),
            (Language::Spanish, 1) => format!(", con fecha de devolución {due}"),
            (Language::Spanish, _) => format!(", el primero con fecha de devolución {due}"),
        });
        let mut text = format!("* {}: {items}{due}\n", template::as_value(student.name));
        for title in &student.titles {
            let _ = writeln!(text, "  {}", template::as_value(title));
        }
        if student.is_not_written {
            text.push_str(match self.language {
                Language::English => "  We have no email address for them: they hear of it only from you.\n",
                Language::Spanish => "  No tenemos su correo: solo se enterará por usted.\n",
            });
        }
        text
    }

    fn has_dates(self) -> bool {
        matches!(self.kind, NoticeKind::Overdue | NoticeKind::ComingDue)
    }

    fn end(self, site: &Site) -> String {
        let phone = site.phone.as_deref().map(template::as_value);
        let name = template::as_value(&site.name);
        match self.language {
            Language::English => {
                let call = phone.map_or_else(String::new, |phone| format!(" or call {phone}"));
                format!(
                    "You get this list because our records name you as their teacher. If that is wrong, or if you have a question, \
                     answer this mail{call}.\n\n{name}\n"
                )
            }
            Language::Spanish => {
                let call = phone.map_or_else(String::new, |phone| format!(" o llame al {phone}"));
                format!(
                    "Recibe esta lista porque en nuestros registros consta como su docente. Si no es así, o si tiene alguna pregunta, \
                     responda a este correo{call}.\n\n{name}\n"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
