## Overdue notices
notices-title = Overdue notices
notices-lead = Upload the export of your library system. You see who would get a mail before anything is sent.
upload-title = Send notices
upload-file = The export
upload-hint = A CSV file of at most { $n } MB, or an Excel workbook (.xlsx) of at most { $workbook } MB: the overdue list of Koha, Evergreen or another library system.
upload-button = Upload and check
upload-unnamed = export
upload-kept = Only you and administrators can open it. It is deleted when it has been run, or after a day.
upload-too-large = The file is larger than { $n } MB, too large for an overdue export. Is it the right file?
upload-empty = The file is empty. If nothing is overdue there is nothing to send; else make the export again, and check that the library system wrote something into it.
upload-none = Choose the file of the export first.
upload-broke-off = The file did not come through. Try it again; if it lasts, show this to your IT person.
upload-busy = Several files are being uploaded at the moment. Try again in a minute.
upload-disk = There is not enough room on the disk of Bookpost. Show this to your IT person.
uploads-title = Not sent yet
uploads-full = More than { $n } are not kept. With the next upload the oldest goes: { $name }.
uploads-open = Check and send
uploads-forget = Delete
uploads-forget-one = Delete { $name }
uploads-at = uploaded { $when }
runs-title = What was sent
runs-none = Nothing was sent yet
runs-none-why = Each run stands here, with who got a mail and who did not. What the command line and the drop folder run stands here too.
run-title = Run { $id }
run-line-cut-short = cut short
run-by-program = by a command or the drop folder
run-begun-by = begun by { $who }

## Check
check-title = Check
check-uploaded = Uploaded
check-shape = Form
check-encoding = Letters (encoding)
check-sheet = Sheet
check-other-sheets = Other sheets, not read
check-hidden-rows = Rows that are hidden, left out
check-order = Order of the dates
check-newest = Newest date in it
check-age = If these dates look old, make the export again.
check-people = { $n ->
    [one] person gets a mail
   *[other] people get a mail
  }
check-items = { $n ->
    [one] item in the file
   *[other] items in the file
  }
check-libraries = { $n ->
    [one] library writes
   *[other] libraries write
  }
check-not-written = { $n ->
    [one] is not written to
   *[other] are not written to
  }
check-by-library = By library
check-left-out = Who gets no mail, and why
check-all-written = Everybody in the file gets a mail.
check-all-of-them = All people of these libraries in the file get a mail.
check-none-of-them = Nobody in the file is of these libraries.
check-more = { $n ->
    [one] and { $n } more
   *[other] and { $n } more
  }
check-to-libraries = Add the code, then load this page again
check-see = Look at the mails
check-see-hint = Every mail as it would be sent, one by one.
check-options = The file was not read right?
check-read-again = Read it again
check-samples = Send 3 samples to me
check-samples-hint = The first mail, one of the middle and the last go to { $email }, marked as samples. No patron gets anything.
check-samples-hint-practice = The practice mailbox is chosen: the first mail, one of the middle and the last go there, marked as samples. They stand in the queue, and nobody receives them.
check-changed = File last changed
doubt-title = Is this the right file?
doubt-file = The file was last changed on { $when }, more than 24 hours ago. It still lists what was brought back since then.
doubt-dates = The last date in the file is { $day }. It may be an older export that still lists what was brought back since then.
doubt-broken-off = The file ends in the middle of its last line. The export may have broken off, so that people are missing.
doubt-sure = Yes, send from this file
notice-none-on = No notice is switched on, so nothing can be sent.
notice-none-on-link = Switch one on
unread-off = The notice “{ $name }” is switched off.
unread-off-do = Switch it on, or choose another notice. The file stays here until tomorrow.
unread-off-switch = Open this notice to switch it on
unread-off-instead = Use “{ $name }” instead
check-see-lists = See the lists for teachers
check-send-title = Send
check-send = Send
check-send-practice = Send to the practice mailbox
check-take-note = { $n ->
    [one] Take note of this export: { $n } waiting notice is not sent
   *[other] Take note of this export: { $n } waiting notices are not sent
  }
shape-koha-page = Koha, Overdues page
shape-koha-notices = Koha, overdue_notices -csv
shape-evergreen = Evergreen, notify-csv
shape-empty = none: the file is empty
shape-named = known by its column names
shape-by-hand = columns as they were chosen by hand
between-comma = with commas
between-semicolon = with semicolons
between-tab = with tabs
between-cell = an Excel workbook
order-day = Day first (25/12/2026)
order-month = Month first (12/25/2026)
order-year = Year first (2026/12/25)
option-found = As found in the file
option-sheet-first = The first with column names
option-encoding-hint = If names show wrong letters, try another one.
nameless-title = Which library?
nameless = { $n ->
    [one] The lines of { $n } person name no library, and there are several here. So this person gets no mail yet.
   *[other] The lines of { $n } people name no library, and there are several here. So these people get no mail yet.
  }
nameless-belong = Lines that name no library belong to
nameless-remember = Remember it for all exports, whoever runs them
nameless-choose = Choose a library
option-site = Lines that name no library
option-site-none = Do not use them
option-site-hint = Which library they belong to.
n-mails = { $n ->
    [one] { $n } email
   *[other] { $n } emails
  }
n-people = { $n ->
    [one] { $n } person
   *[other] { $n } people
  }
n-addresses = { $n ->
    [one] { $n } address
   *[other] { $n } addresses
  }
n-addresses-of = { $addresses } of { $people }
n-libraries = { $n ->
    [one] { $n } library
   *[other] { $n } libraries
  }
says-servers = This sends { $mails } to { $people } of { $libraries } through { $way }.
says-practice = This puts { $mails } to { $people } of { $libraries } into the practice mailbox. No patron receives anything.
says-no-way = This makes { $mails } to { $people } of { $libraries }. No way of sending is chosen, so they wait until one is.
says-off = This makes { $mails } to { $people } of { $libraries }. “Do not send” is chosen, so they wait until another way of sending is.
says-nobody = Nobody would get a mail from this file.
says-lists = Beside that, { $n ->
    [one] { $n } teacher gets
   *[other] { $n } teachers get
} a list of their students.
says-without-teacher = { $n ->
    [one] { $n } of these people has
   *[other] { $n } of these people have
} no address of a teacher in the file, so no teacher hears of them.
says-again = The run of this file was cut short before. Sending it now writes only to those who were not written to.
says-dates = Most items in this file are not due yet. Day and month may be the wrong way round: look at the dates before you send.
says-paused = Sending is paused: the mails wait until an administrator lets it go on.
says-limited = Only the part of your libraries is shown and sent.
says-notice-limited = This notice is only for: { $libraries }.

## A file that cannot be read
unread-title = This file cannot be used yet
unread-empty = The file is empty.
unread-empty-do = Make the export again, and check that the library system wrote something into it.
unread-kind = This is { $kind }, not an export with columns.
unread-kind-do = In the library system choose CSV or an Excel workbook (.xlsx) for the export.
unread-save-as-do = Open it, choose Save As, and choose an Excel workbook (.xlsx) or CSV (UTF-8).
unread-locked-do = Open it, take the password away (in Excel under File, Info, Protect Workbook), and save it again as .xlsx or CSV.
unread-compressed-do = Unpack it, and upload the export that is in it.
unread-workbook-large-do = If it is the right one: open it, go to the sheet with the overdue items, and save that as CSV (UTF-8).
unread-damaged = This workbook is damaged.
unread-damaged-do = Make the export again; or open the workbook, and save it again as .xlsx or CSV.
unread-no-sheet = No sheet of this workbook begins with the names of columns.
unread-no-sheet-do = Take out what stands above the names, save the workbook, and upload it again.
unread-sheet = No sheet is called “{ $said }”. The workbook has: { $sheets }.
unread-sheet-do = Choose one of them below.
unread-no-names = The first line of this file has no names of columns, but an address, a date or a number, or is mostly empty.
unread-no-names-do = In the library system choose that the names of the columns are exported as well.
unread-no-table = This file is no table of overdue items.
unread-large = The file is too large for an overdue export.
unread-large-do = Check that it is the right file.
unread-columns = The columns of this file are not known. Missing: { $missing }. The file has: { $seen }.
unread-columns-do = Upload the file again, and say what its columns are.
unread-column = It is not known which column “{ $name }” is.
unread-dates = The dates can be read in more than one way: “{ $text }” in line { $line }, for one.
unread-mixed = The dates contradict each other: line { $day } has the day first, line { $month } the month.
unread-dates-do = Choose what is right for this file.
unread-quote = A quotation mark opens in line { $line } and is never closed, so everything below it looks like one cell.
unread-quote-do = Make the export again; if that does not help, correct that line.
unread-other = Something is not set up as it should be.
unread-other-do = Show this to your IT person.
unread-not-whole = This file is not whole: Bookpost was cut off while it was stored.
unread-not-whole-do = Upload it again.
unread-choose = Read it this way
unread-upload = Upload another file
kind-pdf = a PDF document
kind-binary-workbook = a binary Excel workbook (.xlsb)
kind-open-document = an OpenDocument spreadsheet (.ods)
kind-locked = a file that is protected with a password
kind-old-office = an old Excel or Word file (.xls, .doc)
kind-compressed = a ZIP archive or another compressed file
kind-picture = a picture
kind-text-document = a text document
kind-web-page = a web page, perhaps an error or a sign-in page
kind-not-text = a file without readable text

## One mail before it is sent
mail-list = List for a teacher
mail-list-title = List { $n } of { $of }
mail-title = Mail { $n } of { $of }
mail-from = From
mail-to = To
mail-subject = Subject
mail-previous = Previous
mail-next = Next
mail-find = Find somebody
mail-find-hint = a name, card number or address
mail-find-button = Find
mail-found = Found
mail-found-none = Nobody in this file has that in the name, number or address.
mail-not-made = This mail cannot be made: { $why }
sample-mark = [Sample]

## A run
run-sums = It adds up
run-lists = Lists for teachers
run-lists-hint = One mail for each teacher, beside the notices. They are not counted above.
run-asked = Entries in all
run-asked-hint = Each address that was written to counts, and each person or line that was not.
run-addresses = { $addresses } of { $people }: some people have several. Each gets a mail of its own, and counts.
run-accepted = accepted by the mail server
run-accepted-by = accepted by { $server }
run-not-written = not written to
run-aside = Also in the file
run-by-library = By library
run-no-library = No library known
run-without = { $n ->
    [one] { $n } entry of the file gets no mail.
   *[other] { $n } entries of the file get no mail.
  }
run-all = All { $asked } were accepted. There is nothing to do.
run-over = { $done } of { $asked } were accepted. The numbers lead to the others, and to what to do.
run-leaving = { $done } of { $asked } are accepted so far.
run-in-practice = { $done } of { $asked } are in the practice mailbox. No patron received anything.
run-under-way = { $n ->
    [one] The mails are being made: { $n } so far.
   *[other] The mails are being made: { $n } so far.
  }
run-cut-short = { $n ->
    [0] This run was cut short before any mail was made.
    [one] This run was cut short: { $n } mail was made, the others were not.
   *[other] This run was cut short: { $n } mails were made, the others were not.
  }
run-stopped = { $who } stopped this run ({ $when }): what had not left by then is not sent.
run-stopped-for = { $who } stopped this run for { $libraries } ({ $when }): what had not left by then is not sent there.
run-go-on = Upload the same export again and send it: only those who were not written to get a mail.
run-neither = { $n ->
    [one] { $n } mail of this run was cancelled by a person and is not sent. Nor is an earlier notice that had given way to it, if there was one. Unless a later run has written to them, nobody was written to about its items. To write after all, upload the newest export and send it: whoever was written to since is left out.
   *[other] { $n } mails of this run were cancelled by a person and are not sent. Nor are earlier notices that had given way to them, if there were any. Unless a later run has written to them, nobody was written to about their items. To write after all, upload the newest export and send it: whoever was written to since is left out.
}
run-doubtful = { $n ->
    [one] { $n } mail of this run may have arrived before a person cancelled it. So it counts as written: a new export does not write to this person about the same items for some days. Ask them whether they had it; if they did not, choose Send again beside their name.
   *[other] { $n } mails of this run may have arrived before a person cancelled them. So they count as written: a new export does not write to these people about the same items for some days. Ask them whether they had them; to whoever did not, choose Send again beside the name.
}
run-neither-names = See who they are
run-go-on-link = To the upload
run-practice = This was a practice. To write to patrons, an administrator chooses a way of sending; then run the export again.
run-paused = Sending is paused: what waits goes out when an administrator lets it go on.
run-no-way = No way of sending is chosen: what waits goes out when one is.
run-off = “Do not send” is chosen: what waits goes out when another way of sending is.
run-later = A mail server may still send a mail back later. Such mail goes to the address for undeliverable mail.
run-later-goes-to = A mail server may still send a mail back later. Such mail goes to { $address }.
run-stuck-link = What to do
run-none = No mail was made in this run.
run-over-all = { $done } of { $asked } were accepted.
run-may-have-arrived = { $n ->
    [one] { $n } of those that wait may have arrived: the connection broke while the server was answering. The same mail is sent again by itself.
   *[other] { $n } of those that wait may have arrived: the connection broke while the server was answering. The same mails are sent again by themselves.
  }
run-again = { $n ->
    [one] { $n } was sent again, and counts as asked for once more. If that came back too, the person counts once.
   *[other] { $n } were sent again, and count as asked for once more. If that came back too, the person counts once.
  }
run-stop = Stop: cancel what has not left
run-csv = Download as a table (CSV)
part-delivered = { $n } accepted
part-practiced = { $n } in the practice mailbox
part-waiting = { $n } waiting
part-sending = { $n } being sent
part-returned = { $n } sent back
part-in-doubt = { $n } may have arrived
part-held = { $n } set aside
part-cancelled = { $n } cancelled
part-not-written = { $n } not written to
part-none = nobody was to be written to

## Who got no mail, and what to do
left-no-address = { $n ->
    [one] person without an email address
   *[other] people without an email address
  }
left-no-address-do = Enter the address in the library system. The next run writes to them.
left-refused-line = { $n ->
    [one] line we could not use
   *[other] lines we could not use
  }
left-refused-line-do = Correct the record in the library system and make the export again. A further run writes only to those who were not written to.
left-unknown-branch = { $n ->
    [one] person of an unknown library
   *[other] people of an unknown library
  }
left-unknown-branch-do = An administrator adds the branch code under Preferences, Libraries. Then run the export again: only these get a mail.
left-other-library = { $n ->
    [one] person of a library that this notice is not for
   *[other] people of a library that this notice is not for
  }
left-other-library-do = Nothing, if it is meant so. If they should get a mail, add their library to the notice, or run a notice that is for it.
left-written-lately = { $n ->
    [one] person written to lately
   *[other] people written to lately
  }
left-written-lately-do = Nothing. They had a mail about the same items a short time ago, or one still waits or may have arrived: the list says which.
left-came-back = { $n ->
    [one] person whose last mail came back
   *[other] people whose last mail came back
  }
left-came-back-do = Correct the address in the library system, make the export again and send it: at another address they are written to. If the address is right, open their mail and choose Send again.
left-not-made = { $n ->
    [one] person whose mail could not be made
   *[other] people whose mail could not be made
  }
left-not-made-do = Show the reason to your IT person; the wording may need a change.
left-stopped = { $n ->
    [one] person whose mail was stopped
   *[other] people whose mail was stopped
  }
left-stopped-do = To write to them after all, run the export again.
left-not-due-yet = { $n ->
    [one] item not due for this notice yet
   *[other] items not due for this notice yet
  }
left-not-due-yet-do = Nothing. They are in a later export if they stay out.
left-unusable-address = { $n ->
    [one] unusable address of somebody who has another
   *[other] unusable addresses of people who have another
  }
left-unusable-address-do = Correct the address in the library system when you can.
left-aside = { $n ->
    [one] line that is not for this notice
   *[other] lines that are not for this notice
  }
left-aside-do = Nothing. They are for another notice, or the same item twice.
left-dates = { $n ->
    [one] doubt about the dates
   *[other] doubts about the dates
  }
left-dates-do = Check the order of day and month, and whether it is an export of overdue items.
left-no-lines = { $n ->
    [one] file that is empty, or has only the names of columns
   *[other] files that are empty, or have only the names of columns
  }
left-no-lines-do = There is nobody to be written to, or the export broke off. Look into the library system.
left-items-returned = { $n ->
    [one] earlier notice that is not sent, as its items came back
   *[other] earlier notices that are not sent, as their items came back
  }
left-items-returned-do = Nothing. They had not left yet, and none of their items is in this export.
left-not-told = { $n ->
    [one] library where we cannot tell from this export what was brought back
   *[other] libraries where we cannot tell from this export what was brought back
  }
left-not-told-do = Earlier mails that still wait are sent all the same, though some of their items may be back. To keep those from going out, correct the export or make it again, and run it.
left-line = line { $line }
names-none = Nobody
names-none-why = Nobody of this run stands here any more.
names-family-do = Ask the family for the right address and correct it on the patron's record.
names-tried-again = Nothing: it is tried again by itself until { $until }.
names-can-still = { $n ->
    [one] { $n } entry got no mail, and can still get one
   *[other] { $n } entries got no mail, and can still get one
  }
names-waiting-in-doubt = waiting, and may have arrived
names-doubtful-do = It may have arrived, so a new export does not write about the same items for some days. Ask whether they had it; if they did not, choose Send again.
names-cancelled-do = To write after all, upload the newest export and send it.
names-accepted-by = accepted by { $server }
names-message = What happened
names-again = Send again
names-again-to = Send again to somebody: { $who }
names-went-again = Sent again to { $address }: { $state }
names-more = More
names-first = From the beginning

## Stop
stop-question = { $n ->
    [0] Stop this run?
    [one] Stop this run, and cancel { $n } mail?
   *[other] Stop this run, and cancel { $n } mails?
  }
stop-consequence = What has not left is not sent any more. This cannot be taken back, but running the export again writes to exactly these people.
stop-consequence-but = What has not left is not sent any more. This cannot be taken back. Running the export again writes to exactly these people, but not to those whose mail may have arrived.
stop-doubtful = { $n ->
    [one] { $n } of these mails may have arrived: the connection broke while the server was answering. It is not sent once more, and counts as written: a new export does not write to this person about the same items for some days. Ask them whether they had it; if they did not, choose Send again beside their name.
   *[other] { $n } of these mails may have arrived: the connection broke while the server was answering. They are not sent once more, and count as written: a new export does not write to these people about the same items for some days. Ask them whether they had them; to whoever did not, choose Send again beside the name.
  }
stop-under-way = The mails are still being made: those that are not made yet are not made any more.
stop-gone = { $n ->
    [0] No mail has left.
    [one] { $n } mail has left already, and cannot be called back.
   *[other] { $n } mails have left already, and cannot be called back.
  }
stop-button = Stop this run

## Send again
again-title = Send again to { $who }
again-lead = The same mail goes to this address, and to nobody else. It is written to the log.
again-to = Email address
again-to-hint = It went to { $address }. Correct it in the library system as well.
again-button = Send again
again-no-address = This is not an email address.
again-gone = The text of this mail is deleted already. Run a new export instead.
again-not-now = Bookpost takes no mail at the moment. Try again in a minute.
again-not-finished = This mail is still on its way.
again-doubt = Is this still right?
again-not-there = This patron is not in the export of { $day } (run { $run }) any more: what the mail is about has probably been brought back.
again-wrote = A newer notice was written to this patron from the export of { $day } (run { $run }). If that one came back too, send that one again: this one may name what has been brought back since.
again-sure = Yes, send this mail all the same
again-same-title = Is this address right?
again-same = Mail came back from { $address }. Enter another address above. If this one is right by now, say so.
again-may-have-arrived = The mail may have arrived at { $address } already: this person may get it twice. If that is meant, say so.
again-same-sure = Yes, send it to this address once more
again-practice = This mail is a practice: it goes to the practice mailbox, and nobody receives it.
again-waits = Mail does not go to patrons at the moment: the practice mailbox or “Do not send” is chosen, or no way of sending. This mail waits until a way of sending is chosen.

done-samples = { $n ->
    [0] No sample was sent: from this file, nobody would get a mail.
    [one] { $n } sample is on its way to you.
   *[other] { $n } samples are on their way to you.
  }
done-samples-practised = { $n ->
    [0] No sample was made: from this file, nobody would get a mail.
    [one] { $n } sample is in the practice mailbox. Nobody receives it, nor do you.
   *[other] { $n } samples are in the practice mailbox. Nobody receives them, nor do you.
  }
done-not-sure = Nothing was sent: say first, above the button, that this is the right file.
done-not-sent = Nothing was sent: what this file would do has changed since you looked at it. Look at it again, then send it.
done-not-now = Bookpost takes no mail at the moment. Try again in a minute.
done-export-forgotten = The upload is deleted.
done-oldest-forgotten = Your oldest upload that was not sent was deleted: no more than five are kept.
done-run-stopped = { $n ->
    [0] The run is stopped.
    [one] The run is stopped. { $n } mail will not be sent.
   *[other] The run is stopped. { $n } mails will not be sent.
  }
columns-title = What are the columns?
columns-lead = Say of each column that a notice needs what it is. Leave the others as they are; they are not read.
columns-needed = A notice needs:
columns-kept = What you say is kept for everybody, for all files with the same columns. It can be changed and forgotten.
columns-kept-own = What you say holds for this upload only. Administrators, and managers of all libraries, say it for everybody.
columns-own = The columns were described for this upload only.
columns-for-all = Only administrators, and managers of all libraries, say and forget it for everybody.
columns-missing = Not said yet: { $missing }.
columns-twice = Two columns cannot both be “{ $meaning }”. Choose one of them.
columns-secret = Never read and never kept.
columns-empty = Empty in the first lines.
columns-not-used = Not needed
columns-save = Read the file like this
columns-summary = Columns
columns-by = The columns were described by { $who }, { $when }.
columns-by-names = The columns are known by their names.
columns-change = Say what the columns are
columns-forget = Forget these columns
columns-forget-hint = For all files with these columns, and for everybody.
needed-email = the patron’s email address
needed-patron = the patron’s name or number
needed-item = the item’s title or barcode
needed-date = the due date, or the checkout date
needed-charge = the amount that is owed
meaning-email = Email address
meaning-teacher-email = Email address of a teacher
meaning-guardian-email = Email address of a parent or guardian
meaning-patron-name = Patron’s name
meaning-first-name = First name
meaning-family-name = Family name
meaning-patron-number = Card number
meaning-patron-id = Number in the library system (inside)
meaning-title = Title
meaning-author = Author
meaning-item-barcode = Item’s barcode
meaning-due = Due date
meaning-checked-out = Checkout date
meaning-branch = Library
meaning-language = Patron’s language
meaning-call-number = Call number
meaning-item-number = Item’s number
meaning-price = Price
meaning-charge = Amount owed
done-columns-kept = The columns are read like this from now on.
done-library-of-lines = From now on lines that name no library are read as of that library, in all exports. To undo it: notices.default_site, among the changes under Preferences.
done-columns-forgotten = What was said of the columns is forgotten.
done-sent-again = The mail is sent again to this address.
done-sent-again-practice = The mail goes to the practice mailbox once more. Nobody receives it.
done-sent-again-waits = The mail to this address waits until a way of sending is chosen.
csv-name = Name
csv-list = (list for a teacher)
csv-number = Number
csv-address = Email address
csv-library = Library
csv-line = Line of the export
csv-state = What became of it
csv-accepted-by = Mail server that accepted it
csv-why = Why
csv-todo = What to do

## The particulars of one of them
detail-export = the export
detail-a-teacher = a teacher
detail-nameless = a patron without a name
detail-other-notice = it is for another notice: { $kind }
detail-overdue-already = "{ $item }" is overdue already
detail-no-due-date-at-all = "{ $item }" has no due date
detail-on-loan = "{ $item }" has a due date, so it is no hold
detail-nothing-owed = "{ $item }" has no amount that is owed
detail-twice = the same item of the same patron stands above already
detail-quotation-mark = a quotation mark takes in what follows, down to line { $last }; none of these lines is used. Take the mark out of the export, or let the library system put marks around all cells
detail-fewer-cells = it has fewer cells than the first line: { $has } instead of { $needs }
detail-more-cells = it has more cells than the first line: { $has } instead of { $needs }
detail-fewer-cells-others = it has fewer cells than the others: { $has } instead of { $needs }
detail-more-cells-others = it has more cells than the others: { $has } instead of { $needs }
detail-long-cell = a cell is longer than { $kib } KiB
detail-no-items = it names no item
detail-no-item = it names no item: title and barcode are empty
detail-no-patron = it names no patron: number, name and address are all empty
detail-many-branches = the file names more than 65,536 branches
detail-no-date = it has neither a due date nor a checkout date
detail-no-due-date = the due date "{ $text }" is not a date
detail-no-checkout-date = the checkout date "{ $text }" is not a date
detail-in-order = { $what } (the dates of this file are { $order })
detail-many-items = the patron already has { $most } items above, more than anybody carries
detail-empty = it is empty: nothing is overdue, or the export broke off
detail-only-columns = it has column names but no lines below them: nothing is overdue, or the export broke off
detail-items = { $n ->
    [one] { $n } item
   *[other] { $n } items
  }
detail-no-branch = { $items }: the export does not say which library it is; with several libraries it must
detail-unknown-branch = { $items }: no library here has the branch code "{ $code }"
detail-other-library = { $items } of { $library }
detail-not-due = "{ $item }" is due on { $day }
detail-item = "{ $item }"
detail-dates = not due yet: { $part } of { $items }; the day and the month may be the wrong way round: the dates were read as { $order }
detail-dates-export = not due yet: { $part } of { $items }; is it an export of overdue items?
detail-not-an-address = "{ $text }" is not an email address
detail-no-address = the patron has no email address in the library system
detail-no-sender = { $library } has no email address for the notice to be from: enter one under Preferences > Libraries
detail-one-not-an-address = "{ $text }" is not an email address; the notice is for { $used }
detail-written-on = last written to on { $day }
detail-came-back = their last mail came back on { $day }, and the address is still the same
detail-still-waits = a mail about the same items still waits
detail-may-have-arrived = a mail about the same items may have arrived
detail-stopped = the run was stopped before this notice was made
detail-not-sent = the notice of run { $run } had not left yet and is not sent
detail-thin = { $library }: { $items } in this export, and only { $percent } % of the items of an earlier one are among them. So many are not brought back at once: the export may have broken off, or be of a part only
detail-broken-off = the export ends in the middle of a line, so it has broken off
detail-older = { $library }: a newer export, of { $day }, was run before this one
detail-unread-lines = { $n ->
    [one] { $n } line could not be read and may be about anybody
   *[other] { $n } lines could not be read and may be about anybody
  }
