## Today
today-title = Today
health-well = All mail goes out through Server 1.
health-well-two = All mail goes out through Server 1; the backup server stands by.
health-well-alone = All mail goes out through Server 1. The backup server cannot be used at the moment.
health-backup = The backup server has been sending since { $since }.
health-backup-just-now = Server 1 takes no mail. What comes next goes out through the backup server.
health-down = Nothing has gone out since { $since }: the mail server does not answer as it should. Mail is kept, and goes out by itself as soon as it can.
health-down-just-now = Nothing goes out at the moment: the mail server does not answer as it should. Mail is kept, and goes out by itself as soon as it can.
health-down-both = Nothing has gone out since { $since }: neither { $first } nor the backup takes mail as it should. Mail is kept, and goes out by itself as soon as one of them does.
health-down-both-just-now = Nothing goes out at the moment: neither { $first } nor the backup takes mail as it should. Mail is kept, and goes out by itself as soon as one of them does.
health-signed-out = Nothing has gone out since { $since }: the mail server does not accept our password. Mail is kept, and goes out by itself once the new one is entered.
health-signed-out-both = Nothing has gone out since { $since }: neither { $first } nor the backup accepts our password. Mail is kept, and goes out by itself once a new one is entered.
health-refused = Nothing has gone out since { $since }. { $why } Mail is kept, and goes out by itself once that is put right.
health-locked = Nothing has gone out since { $since }: the passwords cannot be opened, as their key is missing. Mail is kept, and goes out by itself once the key is back, or the password is entered again.
health-paused = Sending has been paused since { $since }.
health-no-way = Nothing is sent: no way of sending is chosen.
health-do-not-send-by = Nothing is sent: “Do not send” has been chosen since { $since } ({ $who }).
health-do-not-send = Nothing is sent: “Do not send” is chosen.
health-by = All mail goes out through { $first }.
health-by-two = All mail goes out through { $first }; the backup stands by.
health-by-alone = All mail goes out through { $first }. The backup cannot be used at the moment.
health-by-backup = All mail has gone out through the backup since { $since }: { $first } takes none.
health-by-backup-just-now = All mail goes out through the backup: { $first } takes none at the moment.
health-by-signed-out = Nothing has gone out since { $since }: somebody must sign in at { $first }. Mail is kept, and goes out by itself afterwards.
named-server-1 = Server 1
named-practice = the practice mailbox
named-server-2 = Server 2
health-practice = Mail goes to the practice mailbox. Nobody receives it.
health-stopped = Sending has stopped: a part of Bookpost ended. Restart Bookpost.
last-run = { $when }: { $what }
last-run-practice = { $when }, a practice: { $what }. No patron received anything.
last-run-under-way = { $when }: a run is under way. So far { $what }
last-run-cut-short = { $when }: a run broke off. Until then { $what }
last-run-stopped = { $when }: a run that { $who } stopped. Until then { $what }
last-run-since = Since you last looked ({ $when }): { $runs } runs with { $what }
last-run-since-many = Since you last looked ({ $when }): more than { $runs } runs
last-run-notices = { $n ->
    [one] { $n } notice
   *[other] { $n } notices
  }
last-run-notices-to = { $notices } to { $addresses }
last-run-accepted = { $accepted } by { $server }
last-run-server = the mail server

figures = How it stands
figure-accepted = handed in today
figure-delivered = accepted by the server today
figure-practiced = practised today
figure-returned = sent back today
figure-waiting = waiting now
figure-in-doubt = may have arrived, undecided, today
figure-cancelled = not sent today, as decided
figure-held = set aside now

libraries = By library
library = Library
of-no-library = of no library

chart-hours = The last 24 hours
chart-days = The last 7 days
chart-handed-in = handed in
chart-accepted = accepted by the server
chart-practiced = practised: nobody received it
chart-returned = sent back
chart-in-doubt = may have arrived
chart-when = When
chart-table = The numbers as a table
chart-most-hour = The highest bar: { $n } within an hour
chart-most-day = The highest bar: { $n } on a day

to-do = To do
to-do-none = Nothing needs you.
to-do-since = since { $since }
to-do-held = { $n ->
    [one] { $n } mail is set aside and waits for your decision.
   *[other] { $n } mails are set aside and wait for your decision.
  }
to-do-kept-back-by = { $mails } kept back by { $who } ({ $when }).
to-do-kept-back = { $mails } kept back by a person or by the program that sent them ({ $when }).
to-do-kept-back-undo = To undo that, open the queue under “set aside”, tick the mails and choose “Send after all”; if they are not to go, “Do not send”.
to-do-kept-back-ask = Whoever runs the notices of the library can undo that in the queue, under “set aside”.
to-do-in-doubt = { $n ->
    [one] { $n } mail may have arrived. Ask the patron before you send it again.
   *[other] { $n } mails may have arrived. Ask the patrons before you send them again.
  }
to-do-do-not-send = Mail waits: “Do not send” is chosen
to-do-no-way = Mail waits: no way of sending is chosen
to-do-choose-way = No way of sending is chosen
to-do-choose-way-why = Until one is chosen, nothing is sent.
to-do-no-way-link = Choose how mail goes out
to-do-no-way-waits = { $n ->
    [one] { $n } mail waits. The { $after } stand still: nothing is given up.
   *[other] { $n } mails wait. The { $after } stand still: nothing is given up.
  }
to-do-paused = Sending is paused
to-do-paused-by = Paused by { $who }.
to-do-paused-waits = { $n ->
    [0] No mail waits. While sending is paused, the { $after } stand still: nothing is given up.
    [one] { $n } mail waits. While sending is paused, the { $after } stand still: nothing is given up.
   *[other] { $n } mails wait. While sending is paused, the { $after } stand still: nothing is given up.
  }
to-do-down-waits = { $n ->
    [one] { $n } mail waits. It is not lost, and goes out by itself as soon as the server takes mail again.
   *[other] { $n } mails wait. None is lost, and they go out by themselves as soon as the server takes mail again.
  }
to-do-locked-waits = { $n ->
    [one] { $n } mail waits. It is not lost.
   *[other] { $n } mails wait. None is lost.
  }
to-do-down-asked = It is asked again every minute, and mail goes out by itself as soon as it answers.
to-do-down-expires = If nothing changes, the first is given up and sent back to the library: { $at }.
to-do-sign-in-link = Enter the new password and test it
to-do-server-link = Look at its settings and test it
to-do-backup-down = All mail goes out through Server 1, and none waits for this. Have Server 2 repaired: until then nothing stands by.
to-do-backup-signed-out = All mail goes out through Server 1, and none waits for this. Have the new password for Server 2 entered and tested: until then nothing stands by.
to-do-first-down = Mail goes out through the backup server meanwhile. Have Server 1 repaired. Nothing has to be sent again.
to-do-probe = Check now
done-probing = The mail server is being asked. Whether it answers stands here in a moment.
for-it-down = Bookpost, which sends the library's email, has got nothing through the mail server { $server } since { $since }. Please look at the server, the network on the way to it, and the firewall. Nothing has to be sent again: Bookpost asks at least once a minute, and what waits goes out by itself.
for-it-backup-down = Bookpost, which sends the library's email, has not been able to use its backup mail server { $server } since { $since }. Meanwhile all mail goes out through the first server. Please look at the server, the account on it, the network on the way to it, and the firewall. Bookpost asks it again by itself.
for-it-sign-in = Bookpost, which sends the library's email, has not been let in by the mail server { $server } since { $since }. Please look at the account and its password, and tell us the new one: we enter it under Preferences > Setup > Email. Nothing has to be sent again: what waits goes out by itself.
for-it-backup = Bookpost, which sends the library's email, has got nothing through the mail server { $server } since { $since }. All mail goes out through the backup server meanwhile. Please have the server repaired. Nothing has to be sent again: Bookpost goes back to it by itself.
to-do-practised = { $n ->
    [one] { $n } mail of the last run is in the practice mailbox. No patron received anything.
   *[other] { $n } mails of the last run are in the practice mailbox. No patron received anything.
  }
to-do-practised-do = To write to patrons, choose how mail is sent, then run the export again.
to-do-practised-ask = To write to patrons, ask an administrator to choose how mail is sent, then run the export again.
to-do-practised-link = Choose how mail is sent
to-do-returned = { $n ->
    [one] { $n } mail of the last run was sent back
   *[other] { $n } mails of the last run were sent back
  }
to-do-returned-days = { $n ->
    [one] { $n } mail of the last days was sent back
   *[other] { $n } mails of the last days were sent back
  }
to-do-of-run = { $when }: { $n }
to-do-all-runs = All runs
returned-address-unknown = { $n ->
    [one] { $n } address does not exist.
   *[other] { $n } addresses do not exist.
  }
returned-domain-unknown = { $n ->
    [one] { $n } address has something behind the @ that does not exist, or takes no mail.
   *[other] { $n } addresses have something behind the @ that does not exist, or takes no mail.
  }
returned-mailbox-disabled = { $n ->
    [one] { $n } mailbox has been closed.
   *[other] { $n } mailboxes have been closed.
  }
returned-mailbox-full = { $n ->
    [one] { $n } mailbox stayed full.
   *[other] { $n } mailboxes stayed full.
  }
returned-other = { $n }: { $why }
to-do-returned-others = All others are done.
to-do-returned-correct = { $n ->
    [one] Correct the address, then send again to this one person. Nobody else gets a mail.
   *[other] Correct the addresses, then send again to these { $n }. Nobody else gets a mail.
  }
to-do-returned-look = What to do stands with each of them.
to-do-returned-link = { $n ->
    [one] Show it
   *[other] Show these { $n }
  }
to-do-not-written = { $n ->
    [one] { $n } entry of the last run got no mail, and can still get one
   *[other] { $n } entries of the last run got no mail, and can still get one
  }
to-do-not-written-days = { $n ->
    [one] { $n } entry of the last days got no mail, and can still get one
   *[other] { $n } entries of the last days got no mail, and can still get one
  }
to-do-not-written-link = Show who and why
limited-minute = { $n ->
    [one] No more than { $n } mail a minute goes to { $server }: that is the limit under Preferences > Setup > Email. The rest waits its turn and goes by itself.
   *[other] No more than { $n } mails a minute go to { $server }: that is the limit under Preferences > Setup > Email. The rest waits its turn and goes by itself.
  }
limited-day = { $n ->
    [one] The { $n } mail that { $server } is given in 24 hours has gone: that is the limit under Preferences > Setup > Email. The rest is not lost, and goes on by itself at { $until }, bit by bit.
   *[other] The { $n } mails that { $server } is given in 24 hours have gone: that is the limit under Preferences > Setup > Email. The rest is not lost, and goes on by itself at { $until }, bit by bit.
  }
limited-server = { $server } takes no more mail for now: our allowance there is used up. What waits is not lost and comes back to nobody. It is tried again at { $until }, and then every hour until it is taken.
limited-through = All that waits now will have gone by about { $when }.
recovered = Mail has been going out again since { $since }. What waited for the server leaves by itself within the next { $minutes }, a part at a time.
waits-for-later = { $n ->
    [one] { $n } mail is timed for later.
   *[other] { $n } mails are timed for later.
  }
waits-for-later-many = At least { $count } mails are timed for later.
waits-for-later-next = The next goes out at { $time }.
waits-in-doubt = { $n ->
    [one] Of what waits, { $n } mail may have arrived: the connection broke while the server was answering.
   *[other] Of what waits, { $n } mails may have arrived: the connection broke while the server was answering.
  }
waits-in-doubt-many = Of what waits, more than 100 mails may have arrived: the connection broke while the server was answering.
waits-in-doubt-again = { $n ->
    [one] The same mail is sent again by itself. There is nothing to do, unless you do not want it sent again.
   *[other] The same mails are sent again by themselves. There is nothing to do, unless you do not want one sent again.
  }
waits-in-doubt-still = { $n ->
    [one] The same mail is sent again when mail goes out to patrons again, unless you do not want it.
   *[other] The same mails are sent again when mail goes out to patrons again, unless you do not want one sent.
  }
waits-mail = Mail { $id }
waits-full = { $n ->
    [one] { $n } mailbox is full.
   *[other] { $n } mailboxes are full.
  }
waits-full-until = Bookpost tries until { $until }, then tells you. There is nothing to do now.
waits-full-until-first = Bookpost tries each for its time, the first until { $until }, then tells you. There is nothing to do now.
waits-full-still = Bookpost tries again when sending goes on, and their time stands still until then. There is nothing to do now.
waits-full-link = Who it is
look-at-set-aside = Look at what was set aside
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
alarm-server-down-do = If it lasts, tell your IT person.
alarm-server-down-1 = Server 1 does not answer as it should
alarm-server-down-2 = Server 2, the backup, does not answer as it should
alarm-sign-in-1 = Server 1 did not accept our password
alarm-sign-in-2 = Server 2, the backup, did not accept our password
alarm-sign-in = The mail server did not accept our password
alarm-sign-in-do = Nobody's mail was sent back for that. Have the new password entered and tested; then the mail leaves by itself.
alarm-backup-in-use = The backup server is sending
alarm-by-down = { $name } does not take mail as it should
alarm-backup-by-do = All mail goes out through the backup meanwhile, and nothing has to be sent again. Have { $name } seen to; Bookpost goes back by itself once it takes mail.
to-do-behind = All mail goes out through { $first }, and none waits for this. Have { $name } seen to: until then nothing stands by.
alarm-backup-in-use-do = All mail goes out through it meanwhile. Have Server 1 repaired. Nothing has to be sent again.
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
alarm-maildrop = Mail of programs of this computer needs a look
alarm-maildrop-do = It comes by the sendmail command and its folder. Show your IT person what stands below.
alarm-held = Mail was set aside
alarm-held-do = Look at it, and decide whether it is sent.
alarm-quota = The daily limit of the mail account is used up
alarm-quota-do = Nothing: the rest goes out when the limit is free again.
to-do-old-export = Is { $name } the right export?
to-do-old-export-why = It lies in the drop folder and was last changed more than 24 hours ago, so nothing was sent: what was brought back since then is still in it.
to-do-old-export-do = Put a newer export in its place, or say that this is the right one. It waits until then.
to-do-old-export-take = It is the right one: send its notices
done-export-taken = Its notices are being made. The run stands here in a moment.
alarm-drop-folder = An export cannot be used
alarm-drop-folder-do = Read why below, put it right, and leave the export in the folder again.
folder-unusable = The drop folder cannot be used
folder-unusable-do = Exports that are put there are not run until that is mended. Show your IT person what stands below.
folder-notices = No notices can be made
folder-notices-do = A wording, or the names of columns, cannot be used. Show your IT person what stands below.
folder-unreadable = The export { $name } cannot be read
folder-unreadable-do = Have your IT person let Bookpost read it. It waits in the drop folder.
folder-settings = The export { $name } waits until settings are put right
folder-settings-do = Show your IT person what stands below. It waits in the drop folder.
folder-not-now = The export { $name } could not be run just now
folder-not-now-do = Nothing: it is tried again by itself.
folder-stays = The export { $name } is finished, and cannot be moved away
folder-stays-do = Have your IT person move it out of the drop folder. It is not run again meanwhile.
folder-refused = The export { $name } could not be used
folder-refused-do = Nothing was sent. Put a better export of this name into the drop folder, or upload one.
folder-refused-link = Upload an export
folder-kept = The finished export { $name } cannot be deleted
folder-kept-do = It may hold passwords. Have your IT person delete it.
folder-undeliverable = Mail that comes back cannot be read
folder-undeliverable-do = Until that is mended you do not hear of mail that comes back later. Show your IT person what stands below.
alarm-run-interrupted = A notice run broke off
alarm-run-interrupted-do = Run the same export again: who was written to is left out.
alarm-webhook = A program cannot be told what becomes of its mail
alarm-webhook-do = Show it to whoever looks after that program.
alarm-certificate = The certificate of Bookpost cannot be used
alarm-certificate-do = Have your IT person renew it. The old one is used meanwhile.
alarm-certificate-ends = The certificate of Bookpost runs out
alarm-certificate-ends-do = Have your IT person renew it before that day. Nothing has to be restarted.
alarm-waiting = Mail has waited for long
alarm-waiting-do = Look in the queue at what waits, and why. If the reason is not the patron's mailbox, show it to your IT person.
alarm-in-doubt = Mail may have arrived
alarm-in-doubt-do = Ask the patrons before you send it again.
alarm-silence = No notices have been sent for longer than usual
alarm-schedule = Scheduled notices were not sent
alarm-schedule-do = Look under Notices, Scheduled, what kept them.
alarm-schedule-link = Look at the schedule
alarm-silence-do = Look whether the library system still makes the export, and whether it comes here.
silence-daily = Nothing sent since { $since }; usually daily
silence-weekdays = Nothing sent since { $since }; usually from Monday to Friday
silence-weekly = Nothing sent since { $since }; usually weekly
silence-days = Nothing sent since { $since }; usually at least every { $days } days
alarm-restored = This was restored from a backup, and sending is paused
alarm-restored-do = What was unfinished in the backup is set aside, as it may have been sent since. Look at it first, then go on sending.
alarm-other = Something needs a look
alarm-other-do = Show it to your IT person.
