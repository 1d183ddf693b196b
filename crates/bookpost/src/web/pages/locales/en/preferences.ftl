## Preferences > Setup > Email
prefs-path = Preferences > Setup
prefs-title = Email
applies-to = { $n ->
    [0] This applies to all libraries; none is entered yet.
    [one] This applies to your library.
   *[other] This applies to all { $n } libraries.
  }
changes-programs = A change here changes the mail of: notices, { $programs }.
changes-notices = A change here changes the mail of the notices. No other program sends through Bookpost yet.
no-preferences = The preferences cannot be shown
done-preferences = Saved. It holds from now on.
done-preferences-without-address = Saved. It holds from now on. The email address at the top was only looked up: addresses of libraries are entered at Libraries.
done-address-looked-up = Nothing was changed. The email address at the top is only looked up: addresses of libraries are entered at Libraries.
done-nothing-changed = Nothing had to be saved: it was so already.
done-imported = Moved into Bookpost. What still stands in the file is stronger: take it out there.
not-done = Nothing was changed.

in-use-since-set = { $server } has been used since { $since }, when it was set so.
in-use-since-again = { $server } has been used since { $since }, when it took mail again.
in-use-since-started = { $server } has been used since { $since }, when Bookpost was started.
in-use-backup = All mail has gone out, through the backup server, since { $since }. Why: { $why } (Server 1).
so-many-minutes = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
  }
so-many-hours = { $n ->
    [one] { $n } hour
   *[other] { $n } hours
  }

## The checklist
checklist-title = For emails to work, you also need
checklist-done = Done:
checklist-missing = Missing:
need-library-yes = { $n ->
    [one] Your library has an email address.
   *[other] All { $n } libraries have an email address.
  }
need-library-no = A library with its email address. Without one, notices have nobody to be from.
need-library-email = An email address for: { $libraries }. Until then their notices cannot be sent.
need-library-email-fix = Enter the address
need-library-fix = Enter the library
need-way-yes = A way of sending that works: { $name } ({ $server }) has accepted mail.
need-way-none = A way of sending. Mail waits until you choose one.
need-way-practice = A real way of sending. The practice mailbox is chosen, and nobody receives its mail.
need-way-untested = A test of { $name }, as it is set now: that it takes mail was not seen lately.
need-way-down = A way of sending that works. Nothing goes out at the moment.
need-way-backup = A way of sending that works. { $name } takes no mail at the moment, and the backup sends for it.
need-way-locked = The password of { $name }: it cannot be read any more, and has to be entered again.
need-way-fix = Choose a way
need-way-test = Go to the test
need-staff-yes = { $n ->
        [one] The address of the person who signs in: no mail to it came back.
       *[other] The addresses of { $n } people who sign in: no mail to them came back.
    }
need-staff-no = A right address for: { $people }. The newest mail came back because of the address.
need-staff-fix = Correct it
need-alarm-yes = Somebody is told when something is wrong.
need-alarm-no = Somebody who is told when something is wrong.
need-alarm-fix = Enter an address
need-alarm-second = A second way to tell somebody that your mail server is dead. An email would not get out then.
need-alarm-second-fix = Add a second way
need-second-yes = More than one administrator can sign in.
need-second-no = A second administrator, for the days when you are away.
need-second-fix = Invite somebody

## Above the form
undo = Undo this
undo-too-late = Somebody has changed something since. Look at it below before you undo it.
undo-nothing = There is nothing to undo.
changed-by = Changed by { $who }, { $when }
changed-more = { $n } more
change-line = { $what }: { $before } → { $after }
change-to = { $what }: { $after }
value-usual = the usual value
value-yes = yes
value-no = no
prefs-unknown = A later version of Bookpost has stored settings that this version does not know, and does without: { $names }. If somebody went back to this version on purpose, there is nothing to do.
import-why = These are set by the configuration file or the environment, and can be changed only there:
import = Move into Bookpost
meanwhile-title = Nothing was saved: somebody else has changed something since you opened this page.
meanwhile-form = The form below has their changes, and everything that you typed. Look at it, and save again.
meanwhile-both = These you have both changed. What you typed stands in the form:
both-changed = Somebody else made this { $text } meanwhile. If you save, it becomes what stands here.
both-changed-empty = Somebody else emptied this meanwhile. If you save, it becomes what stands here.
tried-not-saved = Nothing is saved yet: the test failed.
tried-failed = { $server } does not work as it stands below
tried-choose = Put it right below and save again, or save it as it is.
tried-back = Put it right in the form
tried-not-made = The test could not be made.
save-anyway = Save all the same
taken-over = Server 1 is filled in below, and is not saved yet. Enter login and password if it needs them, then save.
port-taken = Port { $port } and its security are filled in below, and are not saved yet.

## The first question
suggest-title = Who runs your library's email?
suggest-hint = Bookpost looks up who hosts this address, and suggests how to send. Looking it up changes nothing.
suggest-hint-saved = Once saved, it is what patrons of { $library } see as the sender.
suggest-hint-several = The addresses of your libraries are changed at Libraries.
label-library-email = The library's email address
find-out = Find out
use-this = Use this
host-at = { $domain } has its mail at { $by }.
host-behind = The mail of { $domain } goes through { $by }, which looks through it. Where the mailboxes are cannot be seen from outside.
host-own = { $domain } has its mail on a server of its own, or at a provider that Bookpost does not know.
host-no-mail = { $domain } takes no mail, and says so. Nobody could answer the library from there: use another address.
host-ask = No server was found by which we could send. Ask whoever runs your mail for the server that programs send by, its port, its encryption, and a login.
host-no-domain = There is no { $domain }. Look for a typing mistake in the address.
host-no-answer = It could not be looked up. Check the network of this computer, then try again.
suggest-google-relay = Google's server for organisations, without a sign-in
suggest-google-relay-note = For schools and libraries with Google Workspace. Your Google administrator first allows this computer: Google Admin console, Apps, Google Workspace, Gmail, Routing, SMTP relay service.
suggest-gmail = One mailbox at Google
suggest-gmail-note = The login is the whole email address. The password is an app password, not the usual one: it is made at myaccount.google.com/apppasswords once 2-Step Verification is on.
suggest-microsoft = One mailbox at Microsoft 365
suggest-microsoft-note = The login is the whole email address. Ask your administrator whether Authenticated SMTP is on for this mailbox: Microsoft is switching off sign-in with a password.
suggest-microsoft-direct = Microsoft's server for your own domain, without a sign-in
suggest-microsoft-direct-note = By itself it takes mail for your own organisation only. For patrons elsewhere the administrator makes a connector in the Exchange admin center that knows this computer.
suggest-own = A mail server that answers there
suggest-needs-login = It asks for a login and a password.
suggest-not-encrypted = It offers no encryption: patrons' names and titles could be read on the way. Use it only inside your own network.
suggest-port-25 = It may take mail for its own addresses only: test it with an address somewhere else.

## The way of sending
way-title = Way of sending
way-none = Do not send
way-none-is = Mail is accepted and waits, and grows no older. Every page says so.
way-practice = Practice mailbox
way-practice-is = Everything works as if it were real, but mail is kept here and nobody receives it.
way-servers = Own servers
way-servers-is = Mail goes out through Server 1 below, and through Server 2 when Server 1 fails.
way-google = Google
way-google-today = Bookpost is not known to Google yet, which your IT person sets up once. Until then send through Google as Own servers: by its relay without a sign-in, or from one mailbox with an app password.
way-microsoft = Microsoft
way-microsoft-today = Bookpost is not known to Microsoft yet, which your IT person sets up once. Until then send through Microsoft 365 as Own servers, from one mailbox that has Authenticated SMTP.
way-integrated = Integrated Email Service
way-integrated-today = There is none yet that sends for you. Ask whoever runs your library's mail for a server, and choose Own servers.
fill-google-relay = Fill in Google's relay
fill-gmail = Fill in a Gmail mailbox
fill-microsoft = Fill in Microsoft 365

## Servers
server-1-is = All mail goes through it.
server-2-is = The backup, used while Server 1 fails. Without one, mail waits until Server 1 works again.
server-fields = Settings of this server
server-test = Test { $server }
advanced = Advanced
label-host = Address
help-host = The name of your mail server, such as smtp.library.example. Whoever runs your mail knows it. To have no such server, empty this field.
label-port = Port
hint-port = 587, 465 or 25 are usual.
help-port = The number of the door at which the mail server takes mail. 587 is right for most; 465 is encrypted from the start; 25 is for servers inside your own network.
label-encryption = Security
encryption-by-port = As is usual at this port
encryption-starttls = Encrypted (recommended)
encryption-tls = Encrypted from the start
encryption-none = Not encrypted
help-encryption = Encrypted (recommended) is STARTTLS and goes with ports 587 and 25; Encrypted from the start is TLS and goes with port 465. If you are not sure, leave it as is usual at this port.
label-non-secure = Allow Non-Secure Connections
hint-non-secure = Patrons' names and titles could be read on the way.
help-non-secure = Bookpost encrypts first. With this ticked, it sends without encryption where the server cannot encrypt. Tick it only for a server inside your own network.
label-login = Login
hint-login = Leave it empty if the server asks for none.
help-login = The name by which Bookpost signs in to the mail server, often a whole email address. Some servers know this computer and ask for none.
label-password = Password
help-password = The password that goes with the login. It is kept sealed and never shown again; if you change the address of the server, enter it again. At Google it is an app password, not the usual one.
label-forget-password = Forget the kept password
password-too-long-ago = The password that was typed here before is not kept any more, because that was more than an hour ago. Enter it again. Nothing is saved yet.
password-typed = Entered a moment ago, and kept until you save.
label-plain-password = Send the password without encryption
help-plain-password = Without this, a password is never sent over a connection that is not encrypted, whatever else is allowed. Others could read it on the way.
label-connections = Connections at one time
help-connections = How many messages may be on their way to this server at the same time. Fewer if your provider complains; 20 are usual, Microsoft 365 takes 3.
label-for-urgent = Further connections for mail that goes first
help-for-urgent = So many more are kept free for mail that must not wait behind a large mailing, such as password links.
label-per-minute = Most recipients in a minute
help-per-minute = If your provider takes only so many in a minute, enter it here, and Bookpost keeps the rest back. If this is empty, it sends as fast as the server takes mail.
label-per-day = Most recipients in a day
help-per-day = The same for any 24 hours, such as 2000 for one Gmail mailbox. What is kept back by it is sent the next day, and grows no older while it waits.
label-per-connection = Messages for each connection
help-per-connection = After so many messages a connection is closed and a new one is made. Some servers want few.
own-name-title = The name we give ourselves
label-own-name = Full name of this computer
hint-own-name = As in books.library.example; mail servers ask for it.
help-own-name = Mail servers ask each computer for its full name, with a dot in it, and distrust one that has none. Your IT person knows it. If this is empty, servers cannot be used.

## What patrons see
senders-title = What patrons see
senders-library = Library
senders-from = What patrons see
senders-reply = Where answers go
senders-returns = Where undeliverable mail goes
senders-none = none: nothing can be sent
senders-same = the same address
senders-rewritten = { $name } writes { $account } in the place of { $address }; the name stays. To have patrons see { $address }, enter it in that account under "Send mail as".
senders-if-allowed = { $name } refuses mail from { $address } unless whoever administers { $name } lets { $account } send as that address ("Send as").
senders-change = Change it at Libraries

## What happens if an email fails to send
failing-title = What happens if an email fails to send?
failing-short = In the first { $range } (the "short range") it is tried again and again, each time after { $from } to { $to }.
failing-long = After that it is tried again after { $from } to { $to }.
failing-end = After { $after } it is given up and sent back to the library, with a report that says why.
failing-at-once = What a server refuses for good, such as an address that does not exist, is sent back at once.
label-short-range = The first tries last (minutes)
help-short-range = The short range: for so long after its first try, a message that failed is tried again every few minutes. From 10 minutes to 24 hours.
label-short-least = Wait of the first tries, from (minutes)
label-short-most = to (minutes)
help-short-wait = Before each of the first tries Bookpost waits a random time between these two, so that messages that failed together do not come back together.
label-long-least = Wait of the later tries, from (minutes)
label-long-most = to (minutes)
help-long-wait = Before each later try Bookpost waits a random time between these two.
label-give-up = Give up after (hours)
help-give-up = When this time is over, a message that could not be sent goes back to the library. 100 hours are usual: a long weekend with a broken server loses nothing. A change holds for mail from now on; what waits keeps its time.
label-backup = While that fails, mail goes out by
backup-none = Nothing else (of your own servers: Server 2)
help-backup = The way of sending that is chosen above may fail for a while: a server is down, or a provider wants somebody to sign in again. Mail then goes out by what is chosen here, and back by the other as soon as that works. No mail goes out by both.
label-in-doubt = If the connection breaks while the server is answering
in-doubt-retry = Send again (it may arrive twice)
in-doubt-hold = Set aside, and ask a person
help-in-doubt = Rarely a connection breaks just when the server would say that it has the message. Then nobody knows whether it arrived. Either way it is shown in the queue as "may have arrived".

## Return reports
reports-title = Return reports
reports-are = Each email that comes back is reported to the library: to whom, why, and what to do. The report goes to the library's address for undeliverable mail; if it has none, to where answers go. What a program sent is reported to the program's own sender.
reports-sample = Show a sample
label-digest-from = One summary for more returns than
help-digest-from = If more than so many emails come back to one address within a few minutes, the library gets one summary with a list instead of a report for each.
label-digest-window = Returns are gathered for (minutes)
help-digest-window = Returns of so many minutes go into one summary.
label-report-delay = A report is written after (minutes)
help-report-delay = Bookpost waits so long whether more of the same message comes back, so that there is one report for it.
label-bulk-over = A large mailing has more messages than
help-bulk-over = What is larger than this goes last, so that a few urgent emails do not wait behind thousands of notices.
label-null-sender = Reports have no return address
help-null-sender = Reports usually have none, so that they can never cause another report. Take the tick away only if your mail server refuses such mail.
sample-title = A sample of a return report
sample-lead = This is how a library reads what came back. The patron does not exist; nothing was sent.
sample-back = Back to Email

## Mail that comes back later
comes-back-title = Mail that comes back later
comes-back-is = A mail server may accept an email and send it back minutes or days later, because the address does not exist or the mailbox is full. If Bookpost reads where such mail goes, the queue and the page of the notice run say so too.
comes-back-no-folder = No folder with such mail is read. Your IT person can name one in the settings file (undeliverable.maildir).
comes-back-folder = Read in { $folder }, every 15 seconds.
comes-back-counts = Since Bookpost was started: noted { $noted }; left for people because nothing ties them to an email { $untied }; something else { $others }.
label-comes-back = Address that such mail goes to
hint-comes-back = For example returns+*@library.example
help-comes-back = Where Bookpost reads it. With a star, each email gets a return address of its own, with letters and digits in place of the star that nobody can make up, so that what comes back is surely found. Your mail server must deliver all of these addresses to the same place. Without a star, what comes back is found by what it quotes of the email.
label-comes-by-smtp = Take such mail over the network (SMTP)
help-comes-by-smtp = Your mail server hands it to Bookpost directly. Anybody may then bring mail to these addresses, and only to those that Bookpost has given to an email. The address must have a star.

## How long things are kept
keep-title = How long things are kept
label-texts = Keep texts (days)
help-texts = So many days after a message is finished its text is deleted for good. What a patron borrowed stands in it: shorter is more private.
label-records = Keep records (days)
help-records = So many days after a message is finished the record of it is deleted: to whom, when, and what became of it. At least as long as texts.

## Whom to tell
alarms-title = Whom to tell when something is wrong
alarms-unheard = If your mail server dies, we cannot tell you. Add one: a web address below, or a Server 2 above.
alarms-command = This command is run as well, as the configuration file says:
label-alarm-email = Email address
help-alarm-email = Whoever looks after this gets an email when something is wrong, and one when it is over. It goes through the other server if there is one.
label-alarm-webhook = Web address to notify
help-alarm-webhook = A web address that your IT person gives you, for example of a chat or of a monitoring system. It works although no mail can be sent.
label-waiting-limit = Warn when mail waits longer than (hours)
help-waiting-limit = Somebody is told once when mail has waited for longer than this, although sending is not paused and no server is known to be at fault. Mail for full mailboxes does not count. It must be less than the time after which mail is given up. 24 hours are usual.
label-deadman = Web address to call while all is well
help-deadman = Once a minute, and only while all is well, Bookpost calls this address of a monitoring service, which tells you when the calls stay away: then this computer is off, Bookpost does not work, or no mail can leave, as with a mail server that does not answer and no backup. Your IT person has such an address.
fault-waiting-limit = Choose from 1 to 8760 hours, and less than the time after which mail is given up; 24 are usual.
fault-web-address = This must be a web address that begins with https:// and has no name or password in it.
pause-section = Pause all sending
pause-stands-still = While sending is paused, or set to Do not send, the { $after } after which mail is given up stand still.

## What is wrong with what was entered
fault-number = Write a whole number, in figures only.
fault-range = Choose a number from { $least } to { $most }.
fault-no-host = Enter the server's address, or empty the other fields of this server.
fault-only-second = There is no Server 1. Enter your only server as Server 1.
fault-host = This is not a server's name or address. Write it without https:// and without the port, as in smtp.library.example.
fault-port = The port is a number from 1 to 65535; 587, 465 or 25 are usual.
fault-plain = Without encryption, patrons' names and titles could be read on the way. Choose an encryption, or tick Allow Non-Secure Connections if that is meant.
fault-plain-login = A password is never sent without encryption. Choose an encryption, or leave the login empty, or allow it under Advanced.
fault-login-alone = There is a login, but no password for it. Enter the password, or leave the login empty.
fault-key-again = Enter the key again. It was entered for a sign-in service at another address.
fault-password-again = Enter the password again. It was entered for another server, or for a connection that is better protected.
fault-password-alone = There is a password, but no login for it. Enter the login.
fault-no-backup = This is not set up yet. Enter Server 1 below, or have the provider set up, or choose “Nothing else”.
fault-same-backup = That is the way of sending already. Choose another, or “Nothing else”.
fault-no-server = Enter Server 1 below, or choose another way.
fault-own-name = Mail servers ask for this computer's full name, with a dot in it, as in books.library.example. Your IT person knows it.
fault-short-range = Choose from 10 to 1440 minutes.
fault-wait = The first number must be at least 1, and not larger than the second.
fault-give-up = Mail would be given up before the first tries are over. Choose a longer time; 100 hours are usual.
fault-keep = Records must be kept at least as long as texts.
fault-email = This is not an email address. Look for a typing mistake, such as a missing @.
fault-comes-back = This is not an address with at most one star in front of the @ and a short name there, as in returns+*@library.example.
fault-comes-by-smtp = Anybody could bring mail to an address without a star. Write the address above with a star, as in *@returns.library.example, or take the tick away.
fault-too-large = This number cannot be used. Choose a smaller one.
fault-value = This value cannot be used. Choose one that is offered.
fault-password = This password cannot be used. Enter it again.
fault-elsewhere = { $what }: the value cannot be used as it stands.

## Why nothing was changed
refused-elsewhere = { $what }: it is set elsewhere ({ $place }), which is stronger. It can be changed only there.
refused-half-heard = The change is stored, and the running Bookpost could not read all of it. Restart Bookpost.
refused-key = The key that seals passwords cannot be used. Show this to your IT person.
refused-unusable = Bookpost cannot work with this. Show this to your IT person.
refused-change = This could not be changed. Open the page again; if it stays so, show this to your IT person.

## Copies and the key
copies-title = Copies and the key
copies-key-for = Bookpost encrypts the passwords of your mail servers with a key. The key is in no backup that Bookpost makes, so that a backup alone gives no password away: to restore one completely you need both.
copies-key-in-file = The key is in the file { $file } on the computer that Bookpost runs on. Copy this somewhere safe, but not beside the backups.
copies-key-not-yet = There is no key yet. Bookpost makes it when it first needs it, for example when a password is entered, in the file { $file } on the computer that it runs on. Then copy this somewhere safe, but not beside the backups.
copies-key-missing = The key is missing. It belongs in the file { $file } on the computer that Bookpost runs on: put your copy of it back there, and start Bookpost again.
copies-key-by-file = The key is in the file { $file } on the computer that Bookpost runs on, as the configuration says (secrets.key_file). Copy this somewhere safe, but not beside the backups.
copies-key-by-variable = The key comes from the environment variable { $name }, as the configuration says (secrets.key_env). Copy what is set there somewhere safe, but not beside the backups.
copies-key-by-credential = The key comes from the systemd credential { $name }, as the configuration says (secrets.key_credential). Copy what is kept there somewhere safe, but not beside the backups.
copies-key-lost = If the key is lost, the passwords of the mail servers must be entered again, and programs that are notified at a web address need a new secret: the page Today says which. Everything else goes on.
copies-commands = These commands show where the key comes from, and make a backup of everything else:
said-google-client = Google, Client id
said-google-secret = Google, Client secret
said-microsoft-client = Microsoft, Client id
said-microsoft-secret = Microsoft, Client secret
said-service-address = Sign-in service, Address
said-service-key = Sign-in service, Key
said-service-name = Sign-in service, Run by
said-microsoft-tenant = Microsoft, Organisation (tenant)
said-google-audience = Google, for whom the client is (audience)
said-google-send-by = Google, how mail is handed over
said-microsoft-send-by = Microsoft, how mail is handed over

## Whoever enters a password for Google's or Microsoft's mail server
instead-google = Do you use Gmail for your SMTP?
instead-google-why = Nothing is saved yet. Google does not take the usual password of an account from programs any more. Sign in with Google instead: then Bookpost needs no password. If you made an app password for this login, you can go on with it.
instead-google-go-on = Go on with an app password
instead-microsoft = Do you use Microsoft 365 for your SMTP?
instead-microsoft-why = Nothing is saved yet. Microsoft is ending passwords for programs that send mail. Sign in with Microsoft instead: then Bookpost needs no password. If your organisation still allows a password here, you can go on with it.
instead-microsoft-go-on = Go on with this password
