use std::{collections::BTreeSet, net::Ipv4Addr};

use rand::SeedableRng as _;
use testkit::clock::ManualClock;

use super::{hashing::tests::cheap, *};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
const RIGHT: &str = "correct horse battery";
const CLI: Actor = Actor::CommandLine;

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// A queue with Ann, a manager of MAIN who has a password, and Bob, who was invited.
struct Staff {
    folder: tempfile::TempDir,
    store: Store,
    clock: ManualClock,
    people: People,
    ann: Person,
    bob: Person,
}

impl Staff {
    async fn new() -> Self {
        Self::hashing(cheap()).await
    }

    async fn hashing(hashing: Hashing) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), start()).unwrap();
        let clock = ManualClock::at(start());
        let dice = StdRng::seed_from_u64(1);
        let people = People::with(store.clone(), Arc::new(clock.clone()), dice, hashing, false);
        let add = async |name: &str, role| {
            let settings = PersonSettings {
                email: format!("{name}@library.example").parse().unwrap(),
                name: name.parse().unwrap(),
                role,
                sites: BTreeSet::from(["MAIN".to_owned()]),
                language: None,
            };
            store.add_person(settings, CLI, start()).await.unwrap()
        };
        let ann = add("ann", Role::Manager).await;
        let bob = add("bob", Role::Viewer).await;
        let hash = people.hash(RIGHT).await.unwrap();
        let ann = store.set_password(ann.id, hash, None, CLI, start()).await.unwrap();
        Self { folder, store, clock, people, ann, bob }
    }

    async fn sign_in(&self, email: &str, password: &str) -> Result<(Token, Person), SignInError> {
        self.people.sign_in(email, password, HERE).await
    }

    async fn visitor(&self, token: &Token) -> Option<Visitor> {
        self.people.visitor(token.text()).await.unwrap()
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(std::time::Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn who_knows_the_password_is_known_again() {
    let staff = Staff::new().await;
    let (token, person) = staff.sign_in(" ANN@Library.example ", RIGHT).await.unwrap();
    assert_eq!((person.id, person.last_sign_in_at), (staff.ann.id, Some(start())));
    let visitor = staff.visitor(&token).await.unwrap();
    assert_eq!((visitor.person(), visitor.session().peer), (&person, HERE));
    assert_eq!(visitor.actor(), Actor::Person { id: person.id, name: person.name.clone() });
    assert!(visitor.may(Permission::RunNotices(Some("MAIN"))));
    assert!(!visitor.may(Permission::RunNotices(Some("EAST"))) && !visitor.may(Permission::ManagePeople));
    let (other, _) = staff.sign_in("ann@library.example", RIGHT).await.unwrap();
    staff.people.sign_out(&visitor).await.unwrap();
    assert!(staff.visitor(&token).await.is_none() && staff.visitor(&other).await.is_some());
    assert!(staff.people.visitor("").await.unwrap().is_none());
}

/// What is changed of a person holds at their next step.
#[tokio::test]
async fn a_role_that_is_taken_away_is_away_at_once() {
    let staff = Staff::new().await;
    let (token, _) = staff.sign_in("ann@library.example", RIGHT).await.unwrap();
    let down = |person: &mut PersonSettings| person.role = Role::Viewer;
    staff.store.change_person(staff.ann.id, down, CLI, start()).await.unwrap();
    let visitor = staff.visitor(&token).await.unwrap();
    assert!(!visitor.may(Permission::RunNotices(Some("MAIN"))));
    staff.store.disable_person(staff.ann.id, CLI, start()).await.unwrap();
    assert!(staff.visitor(&token).await.is_none());
}

/// Nobody learns who has an account: the answer is the same, and so is the work.
#[tokio::test]
async fn who_is_not_there_is_answered_like_a_wrong_password() {
    let staff = Staff::new().await;
    let runs = || staff.people.0.hashing.runs();
    for email in ["ann@library.example", "bob@library.example", "eve@library.example", "no address", ""] {
        let before = runs();
        let refused = staff.sign_in(email, "wrong horse battery").await;
        assert!(matches!(refused, Err(SignInError::Unknown)), "{email}: {refused:?}");
        assert_eq!(runs(), before + 1, "{email}");
    }
    staff.store.disable_person(staff.ann.id, CLI, start()).await.unwrap();
    let wrong = staff.sign_in("ann@library.example", "wrong horse battery").await;
    assert!(matches!(wrong, Err(SignInError::Unknown)), "{wrong:?}");
    let right = staff.sign_in("ann@library.example", RIGHT).await;
    assert!(matches!(right, Err(SignInError::Disabled)), "who knows it may know: {right:?}");
}

#[tokio::test]
async fn guessing_is_slowed_and_costs_nothing_while_it_is() {
    for email in ["ann@library.example", "eve@library.example", "not even an address"] {
        let staff = Staff::new().await;
        let mut looked_at = 0;
        for number in 0..200 {
            let before = staff.people.0.hashing.runs();
            match staff.people.sign_in(email, &format!("wrong {number}"), THERE).await {
                Err(SignInError::Unknown) => looked_at += 1,
                Err(SignInError::HeldUp { retry_at }) => {
                    assert!(retry_at > staff.clock.now());
                    assert_eq!(staff.people.0.hashing.runs(), before, "nothing is hashed");
                }
                other => panic!("{other:?}"),
            }
            staff.pass(1);
        }
        assert_eq!(looked_at, 13, "{email}: of 200 in 200 seconds");
    }
}

/// What cannot be an address is remembered of nobody: 10,000 of these would be half a gigabyte.
#[tokio::test]
async fn what_is_longer_than_an_address_costs_nothing_and_is_not_remembered() {
    let staff = Staff::new().await;
    for (length, costs) in [(254, true), (255, false), (60_000, false)] {
        let runs = staff.people.0.hashing.runs();
        let typed = "x".repeat(length);
        for number in 0..if costs { 1 } else { 20 } {
            let refused = staff.sign_in(&typed, &format!("wrong {number}")).await;
            assert!(matches!(refused, Err(SignInError::Unknown)), "{length}: {refused:?}");
        }
        assert_eq!(staff.people.0.hashing.runs() > runs, costs, "{length}");
        let remembered = format!("{:?}", locked(&staff.people.0.guessing));
        assert_eq!(remembered.contains(&typed), costs, "{length}");
    }
}

/// Whoever is held up takes no place in the line of those who are not.
#[tokio::test]
async fn who_is_held_up_does_not_stand_in_line() {
    let staff = Staff::new().await;
    for number in 0..10 {
        let _ = staff.sign_in("ann@library.example", &format!("wrong {number}")).await;
    }
    let hashing = &staff.people.0.hashing;
    let _busy = [hashing.place().await.unwrap(), hashing.place().await.unwrap()];
    tokio::select! {
        biased;
        refused = staff.sign_in("ann@library.example", RIGHT) => {
            assert!(matches!(refused, Err(SignInError::HeldUp { .. })), "{refused:?}");
        }
        () = std::future::ready(()) => panic!("it waits"),
    }
}

/// From wherever they come: a distributed guess at one account waits, in every spelling of it.
#[tokio::test]
async fn one_account_is_guarded_against_many_places() {
    let staff = Staff::new().await;
    for number in 0..10 {
        let peer = IpAddr::from([198, 51, 100, number]);
        let email = if number % 2 == 0 { "ann@library.example" } else { "Ann@LIBRARY.example" };
        let _ = staff.people.sign_in(email, &format!("wrong {number}"), peer).await;
    }
    let refused = staff.people.sign_in("aNN@library.example", RIGHT, THERE).await;
    assert!(matches!(refused, Err(SignInError::HeldUp { .. })), "{refused:?}");
    let other = staff.people.sign_in("eve@library.example", RIGHT, THERE).await;
    assert!(matches!(other, Err(SignInError::Unknown)), "{other:?}");
}

/// All at once are no more than one after another.
#[tokio::test]
async fn guesses_that_come_at_once_are_counted_too() {
    let staff = Staff::new().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30 {
        let people = staff.people.clone();
        tasks.spawn(
            async move { people.sign_in("ann@library.example", &format!("wrong {number}"), THERE).await },
        );
    }
    let answers = tasks.join_all().await;
    let looked_at = answers.iter().filter(|answer| matches!(answer, Err(SignInError::Unknown))).count();
    assert!((6..=7).contains(&looked_at), "{looked_at}");
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let staff = Staff::new().await;
    let (own, _) = staff.sign_in("ann@library.example", RIGHT).await.unwrap();
    let (other, _) = staff.sign_in("ann@library.example", RIGHT).await.unwrap();
    let visitor = staff.visitor(&own).await.unwrap();
    let change =
        async |present: &str, new: &str| staff.people.change_password(&visitor, present, new, HERE).await;
    let wrong = change("wrong horse battery", "elf zwölf zehn").await;
    assert!(matches!(wrong, Err(PasswordError::Wrong)), "{wrong:?}");
    let unfit = change(RIGHT, "password1234").await;
    assert!(matches!(unfit, Err(PasswordError::Unfit(Unfit::Common))), "{unfit:?}");
    assert!(staff.visitor(&other).await.is_some(), "nothing was changed");
    change(RIGHT, "elf zwölf zehn").await.unwrap();
    assert!(staff.visitor(&own).await.is_some() && staff.visitor(&other).await.is_none());
    assert!(staff.sign_in("ann@library.example", RIGHT).await.is_err());
    staff.sign_in("ann@library.example", "elf zwölf zehn").await.unwrap();
    for number in 0..20 {
        let _ = change(&format!("wrong {number}"), RIGHT).await;
    }
    let held_up = change("elf zwölf zehn", RIGHT).await;
    let expected = matches!(held_up, Err(PasswordError::SignIn(SignInError::HeldUp { .. })));
    assert!(expected, "whoever finds an open browser does not guess either: {held_up:?}");
}

#[tokio::test]
async fn a_password_is_hashed_anew_where_the_cost_has_changed() {
    let staff = Staff::new().await;
    let dice = StdRng::seed_from_u64(2);
    let today = People::new(staff.store.clone(), Arc::new(staff.clock.clone()), dice, None);
    let stored = async || staff.store.credentials(&staff.ann.email).await.unwrap().unwrap().password.unwrap();
    let before = stored().await;
    let (token, _) = today.sign_in("ann@library.example", RIGHT, HERE).await.unwrap();
    let after = stored().await;
    assert!(before.0.contains("m=8,") && after.0.contains("m=19456,"), "{} {}", before.0, after.0);
    assert!(staff.visitor(&token).await.is_some(), "it is no change of the password");
    today.sign_in("ann@library.example", RIGHT, HERE).await.unwrap();
    assert_eq!(stored().await, after);
}

#[tokio::test]
async fn an_invitation_leads_to_a_password_and_in() {
    let staff = Staff::new().await;
    let made = staff.people.make_link(LinkPurpose::Invitation, Some(staff.bob.id), CLI).await.unwrap();
    let code = made.code.text();
    let found = staff.people.link(code).await.unwrap().unwrap();
    assert_eq!((found.person.as_ref(), found.expires_at), (Some(&staff.bob), made.expires_at));
    let take = async |password: &str| staff.people.take_link(code, password, HERE).await;
    let unfit = take("bob@library.example").await;
    assert!(matches!(unfit, Err(LinkError::Unfit(Unfit::OwnAddress))), "{unfit:?}");
    let (token, bob) = take("elf zwölf zehn").await.unwrap();
    assert_eq!((bob.id, bob.has_password), (staff.bob.id, true));
    assert!(staff.visitor(&token).await.is_some());
    let runs = staff.people.0.hashing.runs();
    let again = take("elf zwölf dreizehn").await;
    assert!(matches!(again, Err(LinkError::Gone)), "{again:?}");
    assert_eq!(staff.people.0.hashing.runs(), runs, "a code that opens nothing costs nothing");
    staff.sign_in("bob@library.example", "elf zwölf zehn").await.unwrap();
}

/// Nobody is kept out for whom a link can be made: neither by strangers nor by their own slips. Who guesses goes on waiting.
#[tokio::test]
async fn whoever_comes_by_a_link_is_held_up_by_no_guesses_before_it_and_all_others_still_are() {
    let staff = Staff::new().await;
    let guess_at = async |name: &str, first: u8, peer: &dyn Fn(u8) -> IpAddr| {
        for number in first..first + 20 {
            let email = format!("{name}@library.example");
            let _ = staff.people.sign_in(&email, &format!("wrong {number}"), peer(number)).await;
        }
    };
    let elsewhere = |number| IpAddr::from([198, 51, 100, number]);
    let is_held_up = async |name: &str, password: &str, peer| {
        let done = staff.people.sign_in(&format!("{name}@library.example"), password, peer).await;
        matches!(done, Err(SignInError::HeldUp { .. }))
    };
    staff.sign_in("ann@library.example", RIGHT).await.unwrap();
    guess_at("ann", 0, &elsewhere).await;
    guess_at("eve", 0, &|_| HERE).await;
    guess_at("ann", 50, &|_| HERE).await;
    assert!(is_held_up("ann", RIGHT, HERE).await && is_held_up("eve", RIGHT, HERE).await);
    let made = staff.people.make_link(LinkPurpose::Reset, Some(staff.ann.id), CLI).await.unwrap();
    staff.people.take_link(made.code.text(), "elf zwölf zehn", HERE).await.unwrap();
    assert!(!is_held_up("ann", "elf zwölf zehn", HERE).await);
    assert!(is_held_up("eve", RIGHT, HERE).await, "who has a link cannot guess at others with it");
    assert!(is_held_up("ann", "elf zwölf zehn", THERE).await, "she is known in one place");
    guess_at("ann", 100, &elsewhere).await;
    assert!(!is_held_up("ann", "elf zwölf zehn", HERE).await, "she is known there");
}

/// Or whoever reads the log could become the administrator at each start.
#[tokio::test]
async fn an_administrator_whom_a_provider_lets_in_needs_no_password() {
    let staff = Staff::new().await;
    let with = |has_provider| {
        let (clock, dice) = (Arc::new(staff.clock.clone()), StdRng::seed_from_u64(2));
        People::with(staff.store.clone(), clock, dice, cheap(), has_provider)
    };
    let is_needed = async |has_provider| with(has_provider).needs_set_up().await.unwrap();
    assert!(is_needed(true).await, "nobody is an administrator");
    let administrator = |settings: &mut PersonSettings| settings.role = Role::Administrator;
    staff.store.change_person(staff.bob.id, administrator, CLI, start()).await.unwrap();
    assert!(is_needed(false).await && !is_needed(true).await);
    staff.store.change_person(staff.ann.id, administrator, CLI, start()).await.unwrap();
    assert!(!is_needed(false).await);
    staff.store.disable_person(staff.bob.id, CLI, start()).await.unwrap();
    assert_eq!(with(true).administrators().await.unwrap(), 1);
}

#[tokio::test]
async fn the_first_administrator_sets_up_and_no_second() {
    let staff = Staff::new().await;
    let set_up = async |code: &str, email: &str, password: &str| {
        let (email, name) = (email.parse().unwrap(), "Carl".parse().unwrap());
        staff.people.set_up(code, email, name, password, HERE).await
    };
    assert!(staff.people.needs_set_up().await.unwrap());
    let made = staff.people.make_link(LinkPurpose::SetUp, None, CLI).await.unwrap();
    let invited = staff.people.make_link(LinkPurpose::Invitation, Some(staff.bob.id), CLI).await.unwrap();
    let code = made.code.text();
    let other = set_up(invited.code.text(), "eve@library.example", "elf zwölf zehn").await;
    assert!(matches!(other, Err(LinkError::Gone)), "{other:?}");
    let by_it = staff.people.take_link(code, "elf zwölf zehn", HERE).await;
    assert!(matches!(by_it, Err(LinkError::Gone)), "{by_it:?}");
    let taken = set_up(code, "ann@library.example", "elf zwölf zehn").await;
    assert!(matches!(taken, Err(LinkError::Taken)), "{taken:?}");
    let unfit = set_up(code, "carl@library.example", "short").await;
    assert!(matches!(unfit, Err(LinkError::Unfit(Unfit::TooShort))), "{unfit:?}");
    let (browser, carl) = set_up(code, "carl@library.example", "elf zwölf zehn").await.unwrap();
    assert_eq!(carl.role, Role::Administrator);
    assert!(staff.visitor(&browser).await.unwrap().may(Permission::ManagePeople));
    assert!(!staff.people.needs_set_up().await.unwrap());
    let second = set_up(code, "eve@library.example", "elf zwölf zehn").await;
    assert!(matches!(second, Err(LinkError::Gone)), "{second:?}");
}

/// Used or not, and whether or not the program was started anew: a stranger must not fill a mailbox.
#[tokio::test]
async fn nobody_is_mailed_more_than_a_few_links_an_hour() {
    let staff = Staff::new().await;
    let ask = async |people: &People, minute| {
        staff.clock.set(start() + jiff::SignedDuration::from_mins(minute));
        people.forgotten(&staff.ann.email).await.unwrap().map(|(_, made)| made)
    };
    let first = ask(&staff.people, 0).await.unwrap();
    staff.people.take_link(first.code.text(), "another good password", HERE).await.unwrap();
    staff.people.make_link(LinkPurpose::Reset, Some(staff.ann.id), CLI).await.unwrap();
    let again = People::with(
        staff.store.clone(),
        Arc::new(staff.clock.clone()),
        StdRng::seed_from_u64(2),
        cheap(),
        false,
    );
    let mut made = Vec::new();
    for minute in [1, 2, 3, 59, 60, 61] {
        made.push(ask(&again, minute).await.is_some());
    }
    assert_eq!(made, [true, true, false, false, true, true]);
    assert!(staff.people.forgotten(&staff.bob.email).await.unwrap().is_some());
}

#[test]
fn the_log_names_an_address_and_never_what_was_typed_for_one() {
    for (typed, expected) in [
        ("ann.lee@library.example", "a***@library.example"),
        (RIGHT, "no address"),
        ("p@ss wörd", "no address"),
    ] {
        assert_eq!(named(typed), expected);
    }
}

/// Whoever reads the queue's files, or what is printed of it, signs in as nobody.
#[tokio::test]
async fn no_password_and_no_token_is_in_the_files_of_the_queue() {
    let staff = Staff::new().await;
    let (token, _) = staff.sign_in("ann@library.example", RIGHT).await.unwrap();
    let made = staff.people.make_link(LinkPurpose::Reset, Some(staff.ann.id), CLI).await.unwrap();
    let holds = |needle: &str| {
        std::fs::read_dir(staff.folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    };
    assert!(holds("ann@library.example") && holds("$argon2id$"));
    let visitor = staff.visitor(&token).await.unwrap();
    let stored = staff.store.credentials(&staff.ann.email).await.unwrap().unwrap();
    let hash = stored.password.as_ref().unwrap().0.clone();
    let printed = format!("{:?} {token:?} {made:?} {visitor:?} {stored:?}", staff.people);
    let told = serde_json::to_string(&(visitor.person(), visitor.session())).unwrap();
    for secret in [RIGHT, token.text(), made.code.text(), &hash] {
        assert!(secret == hash || !holds(secret));
        assert!(!printed.contains(secret) && !told.contains(secret), "{printed} {told}");
    }
}
