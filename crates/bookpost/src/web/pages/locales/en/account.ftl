## Your account
account-language = Language of the pages
account-language-browser = As the browser asks
account-password = Password
account-password-hint = With a new password you are signed out everywhere else.
password-present = Present password
password-present-wrong = This is not your present password.
account-sessions = Where you are signed in
account-sessions-hint = A session ends after 12 hours without use, and 7 days after it began. If you do not know one of these, end it and choose a new password.
session-end = End
session-end-that = End the session from { $from }, since { $since }
session-end-others = End all others
done-account-changed = Saved.
done-password-changed = You have a new password, and are signed out everywhere else.
done-sessions-ended = { $n ->
    [0] There was no other session.
    [one] { $n } session is ended.
   *[other] { $n } sessions are ended.
  }

## Forgot it?
forgot-title = A new password
forgot-lead = Enter the email address that you sign in with. You get an email with a link, by which you choose a new password.
forgot-button = Send the link
forgot-back = Back to signing in
forgot-asked = If somebody signs in with this email address, a mail with a link is on its way to it. Look in spam too.
forgot-otherwise = Ask an administrator for a link, or run this on the computer where Bookpost works:
forgot-slow = Links were asked for too often. Try again in { $n ->
    [one] { $n } second
   *[other] { $n } seconds
  }.
own-keys = Keys for programs
own-keys-hint = A program with one of these may do what the person may who has it. They are made with the command bookpost people key.
