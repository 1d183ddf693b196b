# What the pages say, in English. A key here stands in every other file of this folder, with the same arguments.

## Everywhere
skip = Skip to the content
nav = Main
nav-today = Today
nav-queue = Queue
sign-out = Sign out
signed-in-as = Signed in as { $name }
language = Language
language-change = Change
version = Bookpost { $version }
copy = Copy
copied = Copied
for-it = For your IT person
cancel-and-back = Back, change nothing
day-and-time = { $day }, { $time }

banner-paused = Sending is paused since { $since }. Mail is accepted and waits.
banner-no-way = No way of sending is chosen. Mail is accepted and waits.
banner-practice = Practice mailbox: mail is kept here, and nobody receives it.
banner-resume = Send again

month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
date = { $day } { $month }
date-with-year = { $day } { $month } { $year }

## Signing in
sign-in-title = Sign in
sign-in-email = Email address
sign-in-password = Password
sign-in-button = Sign in
sign-in-forgot = Forgot it? Ask an administrator, or run this on the computer where Bookpost works:
sign-in-refused = This email address and password do not go together.
sign-in-disabled = This account is switched off. Ask an administrator.
sign-in-busy = Too many people sign in at this moment. Try again in a minute.
sign-in-slow = Too many wrong passwords from here. Try again in { $n ->
    [one] { $n } second
   *[other] { $n } seconds
  }.
sign-in-ended = You are signed out.
show-password = Show
hide-password = Hide

set-up-title = The first administrator
set-up-intro = You look after Bookpost from now on, and can let others in later.
set-up-name = Your name
set-up-button = Begin
invitation-title = Welcome to Bookpost
invitation-intro = Choose a password, and you are in.
reset-title = A new password
reset-intro = Choose a new password. You will be signed out everywhere else.
password-new = New password
password-rule = 12 characters or more. Several words that only you would put together are good.
password-too-short = A password has at least 12 characters. A few words in a row make a good one.
password-too-long = This password is too long to be taken.
password-common = This password is one of those that are guessed first. Take a few words that do not belong together.
password-own-address = This password is made from your email address, which others know.
email-taken = Somebody signs in with this email address already.
bad-address-own = This email address is not complete.
bad-name = Enter your name, as others know it.
password-button = Set the password
link-dead = This link does not work any more
link-dead-why = It was used before, or its time is over. Ask an administrator for a new one, or run this on the computer where Bookpost works:

## Today
today-title = Today
health-well = All mail goes out through { $server }.
health-well-two = All mail goes out through { $server }; the backup server stands by.
health-backup = The backup server is sending since { $since }.
health-backup-just-now = The backup server is sending.
health-down = Nothing goes out since { $since }: the mail server does not answer as it should. Mail is kept, and goes out by itself as soon as it can.
health-down-just-now = Nothing goes out at the moment: the mail server does not answer as it should. Mail is kept, and goes out by itself as soon as it can.
health-paused = Sending is paused since { $since }.
health-no-way = Nothing is sent: no way of sending is chosen.
health-practice = Mail goes to the practice mailbox. Nobody receives it.
health-stopped = Sending has stopped: a part of Bookpost ended. Restart Bookpost.
server-1 = Server 1
server-2 = Server 2

figures = How it stands
figure-delivered = accepted by the server today
figure-practiced = practised today
figure-returned = sent back today
figure-waiting = waiting
figure-in-doubt = may have arrived
figure-held = set aside

to-do = To do
to-do-none = Nothing needs you.
to-do-since = since { $since }
to-do-held = { $n ->
    [one] { $n } mail is set aside and waits for your decision.
   *[other] { $n } mails are set aside and wait for your decision.
  }
to-do-in-doubt = { $n ->
    [one] { $n } mail may have arrived. Ask the patron before you send it again.
   *[other] { $n } mails may have arrived. Ask the patrons before you send them again.
  }
look-at-them = Show in the queue

waits = What waits
waits-nothing = Nothing waits.
waits-next = Next try
waits-oldest = Waits since
waits-expires = Given up at the earliest
waits-expires-hint = then it is sent back to the library
reports-owed = { $n ->
    [one] { $n } return report is still to be written.
   *[other] { $n } return reports are still to be written.
  }
sending-pause = Pause all sending

alarm-server-down = The mail server does not answer as it should
alarm-server-down-do = Mail is kept and goes out by itself. If it lasts, tell your IT person.
alarm-sign-in = The mail server did not accept our password
alarm-sign-in-do = Have login and password entered again. Mail is kept until then.
alarm-backup-in-use = The backup server is sending
alarm-backup-in-use-do = Tell your IT person that Server 1 does not work. Mail goes out meanwhile.
alarm-sender-refused = The mail server does not let us send from an address of ours
alarm-sender-refused-do = Check the library's email address, then send what was set aside.
alarm-report-lost = A return report could not be delivered
alarm-report-lost-do = Look under "sent back" who did not get their mail, and check where undeliverable mail goes.
alarm-stuck = Mail is due and is not being sent
alarm-stuck-do = Restart Bookpost. If it comes again, show this to your IT person.
alarm-clock-jump = This computer's clock is wrong
alarm-clock-jump-do = Have your IT person set the clock. Mail grows no older by it.
alarm-disk = The disk is full or fails
alarm-disk-do = Make room on this computer now: new mail is refused until then.
alarm-broken-message = A message keeps Bookpost from sending it
alarm-broken-message-do = Show it to your IT person. The other mail is not affected.
alarm-held = Mail was set aside
alarm-held-do = Look at it, and decide whether it is sent.
alarm-quota = The daily limit of the mail account is used up
alarm-quota-do = Nothing: the rest goes out when the limit is free again.
alarm-drop-folder = An export cannot be used
alarm-drop-folder-do = Read why below, put it right, and leave the export in the folder again.
alarm-run-interrupted = A notice run broke off
alarm-run-interrupted-do = Run the same export again: who was written to is left out.
alarm-webhook = A program cannot be told what becomes of its mail
alarm-webhook-do = Show it to whoever looks after that program.
alarm-certificate = The certificate of Bookpost cannot be used
alarm-certificate-do = Have your IT person renew it. The old one is used meanwhile.
alarm-restored = This was restored from a backup, and sending is paused
alarm-restored-do = Look at what was set aside, then let sending go on.
alarm-other = Something needs a look
alarm-other-do = Show it to your IT person.

## Pause
pause-title = Pause all sending?
pause-consequence = Mail is accepted and waits. This time makes it no older: nothing is given up meanwhile.
pause-button = Pause sending
resume-title = Send again?
resume-consequence = What waits goes out again. It was paused since { $since }, and that time makes no mail older.
resume-button = Send again
resume-old = { $n ->
    [one] { $n } mail has waited for more than 48 hours. What is to become of it?
   *[other] { $n } mails have waited for more than 48 hours. What is to become of them?
  }
resume-old-send = Send after all
resume-old-send-hint = Patrons get news that may be out of date.
resume-old-cancel = Do not send
resume-old-cancel-hint = Nobody is told. Newer mail goes out.
resume-old-return = Give up and tell the library
resume-old-return-hint = The library gets a return report. Newer mail goes out.

## Queue
queue-title = Queue
queue-filter = Show
queue-all-states = everything
queue-all-sites = all libraries
queue-all-programs = all programs
queue-state = State
queue-site = Library
queue-program = Program
queue-run = Notice run
queue-to = To (whole address)
queue-tag = Tag
queue-since = Accepted since
queue-more-filters = More
queue-apply = Show
queue-clear = Show everything
queue-none = No mail here
queue-none-why = Nothing in the queue is like this.
queue-none-yet = No mail was handed in yet. It appears here as soon as a program hands some in.
queue-bad-filter = This cannot be looked for: { $what }.
bad-address = the email address is not complete
no-addresses = email addresses are not shown to you in full
bad-date = the day is not a date
bad-run = a notice run is a number
queue-caption = Mail, the newest first
queue-select = Select { $subject }
queue-select-all = Select all on this page
queue-older = Older
queue-newest = Newest
queue-without-subject = (no subject)
queue-with-selected = With what is selected
queue-all-that-match = With all of these
queue-practice = practice
queue-from = from { $program }
queue-from-run = notice run { $run }

state-waiting = waiting
state-sending = being sent
state-in-doubt = may have arrived
state-delivered = accepted by the server
state-practiced = practice: nobody received it
state-returned = sent back to the library
state-held = set aside
state-cancelled = not sent, as decided

when-waits-first = waits until { $time }
when-waits-again = will try again at { $time }
when-waits-no-way = waits until a way of sending is chosen
when-waits-paused = waits until sending goes on
when-waits-now = goes out as soon as it can

## Decisions
do-release = Send after all
do-hold = Keep back
do-cancel = Do not send
do-return = Give up and tell the library
do-retry = Try now

sure-release = { $n ->
    [one] Send { $n } mail after all?
   *[other] Send { $n } mails after all?
  }
sure-hold = { $n ->
    [one] Keep { $n } mail back?
   *[other] Keep { $n } mails back?
  }
sure-cancel = { $n ->
    [one] Not send { $n } mail?
   *[other] Not send { $n } mails?
  }
sure-return = { $n ->
    [one] Give up { $n } mail and tell the library?
   *[other] Give up { $n } mails and tell the library?
  }
sure-retry = { $n ->
    [one] Try { $n } mail now?
   *[other] Try { $n } mails now?
  }
consequence-release = It goes out as soon as it can. The time for which it was set aside does not count.
consequence-hold = It is set aside and does not go out until somebody decides that it does. Mail that is being sent already cannot be kept back.
consequence-cancel = The patron never gets it, and nobody is told. This cannot be undone.
consequence-return = The patron never gets it, and the library gets a return report. This cannot be undone.
consequence-retry = It goes out as soon as it can. Mail that may have arrived may arrive twice.
consequence-only-possible = Only mail in a state in which this is possible is concerned.
selected-all-state = All mail in this state: { $state }
selected-all-run = All mail of notice run { $run }
selected-more = { $n ->
    [one] and { $n } more
   *[other] and { $n } more
  }
nothing-selected = Nothing is selected
nothing-selected-why = Tick the mails that you mean, then choose what is to be done with them.

done-release = { $n ->
    [one] { $n } mail goes out after all.
   *[other] { $n } mails go out after all.
  }
done-hold = { $n ->
    [one] { $n } mail is kept back.
   *[other] { $n } mails are kept back.
  }
done-cancel = { $n ->
    [one] { $n } mail will not be sent.
   *[other] { $n } mails will not be sent.
  }
done-return = { $n ->
    [one] { $n } mail was given up, and the library is told.
   *[other] { $n } mails were given up, and the library is told.
  }
done-retry = { $n ->
    [one] { $n } mail is tried now.
   *[other] { $n } mails are tried now.
  }
done-left = { $n ->
    [one] For { $n } it was not possible in the state in which it is.
   *[other] For { $n } it was not possible in the state in which they are.
  }
done-paused = Sending is paused.
done-resumed = Sending goes on.
done-language = The language is changed.

## One message
message-of = Message { $id }
message-what-can-be-done = What you can do
message-recipients = { $n ->
    [one] Recipient
   *[other] { $n } recipients
  }
message-facts = About this message
fact-program = Program
fact-run = Notice run
fact-site = Library
fact-class = Goes out
fact-tags = Tags
fact-size = Size
fact-returns-to = Where undeliverable mail goes
fact-returns-to-nobody = nobody (it is a report itself)
fact-message-id = Message-ID
fact-accepted = Accepted
class-urgent = first
class-normal = normal
class-bulk = with large mailings
timeline = What happened
event-accepted = Accepted from { $program }
event-attempt-accepted = Accepted by { $server }
event-attempt-practiced = Kept in the practice mailbox
event-next = Next try
event-expires = Given up, if it cannot be delivered until then
event-state = Now: { $state }
attempt-server = Server
attempt-no-server = none was reached
attempt-took = Took
attempt-phase = Came as far as
attempt-answer = The server's own words
attempt-code = Reason code
seconds = { $n } s
milliseconds = { $n } ms
what-to-do = What to do:
text-title = Text of message { $id }
text-open = Open the text
text-open-hint = That you looked is written to the log.
text-plain = Text
text-html = As the patron sees it
text-source = Source
text-gone = The text is deleted
text-gone-why = Texts are kept for a time only; what happened to the message stays on record.
text-none-plain = This message has no plain text.
text-none-html = This message has no formatted text.
text-cut = Only the beginning is shown.

phase-connect = opening the connection
phase-tls = encrypting the connection
phase-greeting = the server's greeting
phase-ehlo = our greeting
phase-start-tls = asking for encryption
phase-auth = signing in
phase-mail = naming the sender
phase-rcpt = naming the recipient
phase-data = sending the message
phase-dot = the answer to the message

## What is not
not-found-title = There is no such page
not-found-why = It may have been deleted, or the address has a mistake.
not-allowed-title = You may not do this
not-allowed-why = Ask an administrator, if you need it.
refused-title = This was not done
refused-origin = The request did not come from a page of Bookpost. Open Bookpost itself, and do it there.
refused-form = The page was too old. Go back, load it again, and repeat what you did.
refused-host = Bookpost is not known by this name. Open it by the address that `bookpost config show` tells.
unavailable-title = The queue cannot be read at the moment
unavailable-why = No mail is lost. Try again; if it lasts, show this to your IT person.
back-to-today = To Today

## Reasons, by the code under which they are stored
reason-address_unknown = The address does not exist.
reason-address_unknown-do = Ask the patron for the right address and correct it on the patron's record.
reason-domain_unknown = The part after the @ does not exist, or takes no mail.
reason-domain_unknown-do = Look for a typing mistake after the @ on the patron's record.
reason-mailbox_disabled = The mailbox has been closed.
reason-mailbox_disabled-do = Ask the patron for another address and correct it on the patron's record.
reason-mailbox_full = The mailbox is full.
reason-mailbox_full-do = Tell the patron that the mailbox takes no more mail, or ask for another address.
reason-too_large = The message is larger than the mail server takes.
reason-too_large-do = Shorten the text, or have the limit of the mail server raised.
reason-try_later = The mail server asked us to come back later.
reason-try_later-do = Nothing: it is tried again by itself.
reason-too_many_recipients = The mail server takes fewer recipients at a time.
reason-too_many_recipients-do = Nothing: the others are sent in smaller groups.
reason-sender_refused = The mail server does not let us send from this library's address.
reason-sender_refused-do = Check the library's email address, and have the sign-in allowed to send from it.
reason-reputation = The message was taken for unwanted mail.
reason-reputation-do = Have your IT person check the sender's domain (SPF, DKIM, DMARC) and block lists.
reason-too_fast = The mail server asked us to send more slowly.
reason-too_fast-do = Nothing: sending goes on more slowly by itself.
reason-quota_used_up = The daily limit of the mail account is used up.
reason-quota_used_up-do = Nothing: the rest goes out when the limit is free again.
reason-sign_in_refused = The mail server did not accept our password.
reason-sign_in_refused-do = Enter login and password again under Preferences > Setup > Email.
reason-sign_in_required = The mail server wants us to sign in first.
reason-sign_in_required-do = Enter a login and password under Preferences > Setup > Email.
reason-sign_in_unavailable = The mail server cannot check sign-ins at the moment.
reason-sign_in_unavailable-do = Nothing: it is tried again by itself; the password is not to blame.
reason-sign_in_impossible = The mail server offers no safe way to sign in.
reason-sign_in_impossible-do = Choose an encrypted connection, or remove the login if the server needs none.
reason-password_lost = The password for the mail server cannot be read any more.
reason-password_lost-do = Enter it again under Preferences > Setup > Email.
reason-relay_denied = The mail server does not pass on mail for us.
reason-relay_denied-do = Check the sign-in, and have this computer allowed to send through the mail server.
reason-host_not_found = There is no mail server by this name.
reason-host_not_found-do = Check the name of the mail server under Preferences > Setup > Email.
reason-name_lookup_failed = The name of the mail server could not be looked up.
reason-name_lookup_failed-do = Have your IT person check the network and its name server (DNS) on this computer.
reason-unreachable = The mail server cannot be reached.
reason-unreachable-do = Have your IT person check that the mail server runs, its port, and the firewall.
reason-timed_out = The mail server did not answer in time.
reason-timed_out-do = Nothing at first: it is tried again by itself; if it lasts, tell your IT person.
reason-connection_lost = The connection to the mail server broke.
reason-connection_lost-do = Nothing at first: it is tried again by itself; if it lasts, tell your IT person.
reason-tls_unavailable = An encrypted connection to the mail server could not be made.
reason-tls_unavailable-do = Have your IT person check the port and the encryption of the mail server.
reason-certificate_refused = The mail server could not prove its identity.
reason-certificate_refused-do = Have your IT person look at the mail server's certificate.
reason-certificate_expired = The mail server's proof of identity has run out.
reason-certificate_expired-do = Have the mail server's certificate renewed, and check the date on this computer.
reason-certificate_wrong_name = The mail server's proof of identity is for another name.
reason-certificate_wrong_name-do = Enter the mail server by the name that stands in its certificate.
reason-certificate_unknown_issuer = The mail server's proof of identity comes from nobody we know.
reason-certificate_unknown_issuer-do = Have your IT person give Bookpost the certificate of the authority that signed it.
reason-server_refuses = The mail server takes no mail at the moment.
reason-server_refuses-do = Tell your IT person if it lasts; the mail is kept and goes out afterwards.
reason-server_full = The mail server has no room at the moment.
reason-server_full-do = Tell the people who run the mail server; the mail is kept and goes out afterwards.
reason-protocol_violation = The mail server answered in a way that we do not understand.
reason-protocol_violation-do = Have your IT person check that the address and port lead to a mail server.
reason-utf8_unsupported = The mail server cannot send to an address with these letters.
reason-utf8_unsupported-do = Ask the patron for an address in plain letters, or have SMTPUTF8 switched on at the mail server.
reason-header_utf8_unsupported = The mail server cannot take the letters in the header of the message.
reason-header_utf8_unsupported-do = Have SMTPUTF8 switched on at the mail server, or the program that sends it encode its header.
reason-conversion_unsupported = The mail server cannot take the message as it is, and it must not be changed.
reason-conversion_unsupported-do = Have 8BITMIME switched on at the mail server, or the message sent without a signature.
reason-refused = The mail server refused the message.
reason-refused-do = Read the server's own answer, or show it to your IT person.
reason-answer_unknown = It may have arrived: the connection broke while the server was answering.
reason-answer_unknown-do = Ask the patron, or look at the mail server, before you send it again.
reason-expired = It could not be delivered in the time allowed.
reason-expired-do = Read the last answer, then send again or reach the patron another way.
reason-broke = Something in this message keeps Bookpost from sending it.
reason-broke-do = Show it to your IT person; the other messages are not affected.
reason-by_person = A person decided this, or the program that sent it.
reason-by_person-do = If the patron should hear of it all the same, tell them in another way.
reason-from_backup = It was unfinished in the backup, and may have been sent since.
reason-from_backup-do = Look whether it was sent, then send it after all or do not.
