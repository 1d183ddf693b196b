## Everywhere
skip = Skip to the content
nav = Main
nav-today = Today
nav-preferences = Preferences
nav-notices = Notices
nav-queue = Queue
nav-setup = Preferences, Setup
nav-email = Email
nav-libraries = Libraries
nav-programs = Programs
nav-people = People
nav-log = Log
own-account = Your account
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
banner-do-not-send-by = “Do not send” is chosen since { $since } ({ $who }). Mail is accepted and waits.
banner-do-not-send = “Do not send” is chosen. Mail is accepted and waits.
banner-practice = Practice mailbox: mail is kept here, and nobody receives it.
banner-resume = Send again

weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun
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

## What is not
not-found-title = There is no such page
not-found-why = It may have been deleted, or the address has a mistake.
not-allowed-title = You may not do this
not-allowed-why = Ask an administrator, if you need it.
refused-title = This was not done
refused-origin = The request did not come from a page of Bookpost. Open Bookpost itself, and do it there.
refused-form = The page was too old. Go back, load it again, and repeat what you did.
refused-many = At most 500 mails can be named one by one. Choose fewer, or all that are like this.
refused-host = Bookpost is not known by this name. Open it by the address that `bookpost config show` tells.
unavailable-title = The queue cannot be read at the moment
unavailable-why = No mail is lost. Try again; if it lasts, show this to your IT person.
undone-title = This may not have been done, or only in part
undone-why = Look in the queue how it stands, then try again. If it lasts, show this to your IT person; the reason is in the log of Bookpost.
back-to-today = To Today

## Who changed something
by-command-line = somebody at the command line
by-configuration = the configuration file
by-nobody-signed-in = somebody at the sign-in page
