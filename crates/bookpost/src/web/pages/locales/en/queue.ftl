## Pause
pause-title = Pause all sending?
pause-consequence = Mail is accepted and waits. This time makes it no older: nothing is given up meanwhile.
pause-button = Pause sending
resume-title = Go on sending?
resume-nothing-goes = Nothing goes out all the same: “Do not send” is chosen. Choose another way of sending in Preferences.
resume-consequence = What waits goes out, each mail once. Sending was paused since { $since }, and that time makes no mail older.
resume-restored = This was restored from the backup of { $of }. What has been sent since is not in it. What was unfinished then was set aside, as it may have been sent since: that does not go out by this.
resume-held = { $n ->
    [0] Nothing is set aside.
    [one] Look at the { $n } mail that is set aside
   *[other] Look at the { $n } mails that are set aside
  }
resume-button = Go on sending
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
queue-counted-all = { $n ->
   *[other] in all
  }
queue-all-sites = all libraries
queue-all-programs = all programs
queue-state = State
queue-site = Library
queue-program = Program
queue-run = Notice run
queue-to = To
queue-to-hint = an address, how it begins, or @domain
queue-to-hint-domain = @domain
queue-subject = Subject
queue-subject-hint = words of it; the last 7 days
queue-number = Message number
queue-counts = How many of these there are
queue-counts-end = Counted among the newest; there may be more.
queue-looked-back-to = Nothing more was found back to { $since }. There may be older mail.
queue-look-on = Look through older mail
queue-new = new mail: show it
queue-tag = Tag
queue-since = Handed in since
queue-answered = Accepted by the server, or sent back, since
queue-more-filters = More
queue-apply = Show
queue-clear = Show everything
queue-none = No mail here
queue-none-why = Nothing in the queue is like this.
queue-none-yet = No mail was handed in yet. It appears here as soon as a program hands some in.
queue-bad-filter = This cannot be looked for: { $what }.
bad-beginning = write at least 3 letters of the address
bad-domain = behind the @ there is no domain; write one, such as @example.org
bad-number = a message has a number
no-addresses = email addresses are not shown to you in full
bad-date = the day is not a date
bad-run = a notice run is a number
queue-caption = Mail, the newest first
queue-select = Select { $subject }
queue-select-all = Select all on this page
queue-older = Older
queue-newest = Newest
subject-return-report = return report
subject-summary = summary of returns
subject-relayed = mail that came back, passed on
queue-without-subject = (no subject)
queue-with-selected = With what is selected
queue-all-that-match = With all mail like this, on other pages too
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
states-waiting = { $n ->
   *[other] waiting
  }
states-sending = { $n ->
   *[other] being sent
  }
states-in-doubt = { $n ->
   *[other] may have arrived
  }
states-delivered = { $n ->
   *[other] accepted by the server
  }
states-practiced = { $n ->
   *[other] practice: nobody received it
  }
states-returned = { $n ->
   *[other] sent back to the library
  }
states-held = { $n ->
   *[other] set aside
  }
states-cancelled = { $n ->
   *[other] not sent, as decided
  }

when-waits-first = waits until { $time }
when-waits-again = will try again at { $time }
when-waits-no-way = waits until a way of sending is chosen
when-waits-do-not-send = waits, because “Do not send” is chosen
when-waits-paused = waits until sending goes on
when-waits-now = goes out as soon as it can
when-waits-down = stopped, because the mail server does not answer; it is asked every minute
when-waits-signed-out = stopped, because Bookpost cannot sign in at the mail server; it tries every minute

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
    [one] Do not send this mail?
   *[other] Do not send these { $n } mails?
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
consequence-cancel-in-doubt = It is not sent again, and nobody is told. It may have arrived all the same. This cannot be undone.
consequence-some-in-doubt = { $n ->
    [one] { $n } of them may have arrived already: it is not sent again, but the patron may have it all the same.
   *[other] { $n } of them may have arrived already: they are not sent again, but the patrons may have them all the same.
  }
consequence-return = The patron never gets it, and the library gets a return report. This cannot be undone.
consequence-retry = It goes out as soon as it can. Mail that may have arrived may arrive twice.
consequence-only-possible = Mail that has already gone out stays as it is.
selected-all = All mail like this:
selected-decided = Moved at
selected-or-more = Counted among the newest; there may be more, and they are meant too.
selected-more = { $n ->
    [one] and { $n } more
   *[other] and { $n } more
  }
nothing-left = There is nothing left to decide
nothing-left-why = No mail matches any more: it has gone out, or somebody has decided about it meanwhile. Nothing was changed.
nothing-left-back = Back
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
done-resumed-in-vain = Sending is not paused any more, and nothing goes out all the same: “Do not send” is chosen in Preferences.
done-saved-and-paused = Saved. Some mail has waited for more than 48 hours: nothing goes out before you have decided about it.
done-language = The language is changed.

## Who cannot be reached
unreachable-title = Who cannot be reached
unreachable-lead = The last mail to each of them came back, because of the address or its mailbox. Whoever has had a mail since is not on the list.
unreachable-filter = Choose a library
unreachable-none = Everybody can be reached, as far as we know
unreachable-none-why = No mail has come back because of the address without a later one being accepted. A mail server may still send mail back later.
unreachable-none-yet = Nobody was found in this part of the list. It goes on.
unreachable-further = Look further
unreachable-csv = Download the whole list as a table (CSV)
unreachable-since = since { $since }
unreachable-last = last on { $when }
csv-since = Not reached since
csv-last = Last mail that came back
