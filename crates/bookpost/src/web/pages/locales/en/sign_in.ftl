## Signing in
sign-in-title = Sign in
sign-in-email = Email address
sign-in-password = Password
sign-in-button = Sign in
sign-in-forgot = Forgot it?
sign-in-new = Nobody can sign in as administrator yet.
sign-in-new-log = The link by which the first administrator is made stands where Bookpost was started: in that window, or in the log of the service (journalctl -u bookpost). It opens for one hour.
sign-in-new-link = For a new one, run this on the computer where Bookpost works, with the --config by which it was started, if it was:
sign-in-refused = This email address and password do not go together.
sign-in-disabled = This account is switched off. Ask an administrator.
sign-in-busy = Too many people sign in at this moment. Try again in a minute.
sign-in-slow = Too many wrong passwords from here. Try again in { $n ->
    [one] { $n } second
   *[other] { $n } seconds
  }.
sign-in-kept-out = If it was not you who typed them, whoever looks after Bookpost's computer can make you a link that lets you in at once: bookpost people reset-link, and your email address.
sign-in-nothing-saved = You were signed out in the meantime, and nothing was saved. Sign in, and the page comes again; what you typed last is to be typed once more.
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
reset-intro = Choose a new password. You will be signed out everywhere else, and keys that were made for you open nothing any more.
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
link-set-up-why = Bookpost is set up already. Whoever set it up signs in, and adds the others under Preferences > People.
link-dead-why = It was used before, or its time is over. Ask an administrator for a new one, or run this on the computer where Bookpost works:

## Signing in by somebody else
oidc-button = Sign in with { $name }
oidc-or = Or with your password here:
oidc-title = You are not signed in
oidc-again = Back to signing in
oidc-slow = Too many attempts from here did not succeed. Try again in { $n ->
    [one] { $n } second
   *[other] { $n } seconds
  }.
oidc-stale = This took too long, or was begun in another browser. Begin again.
oidc-refused = { $name } did not sign you in.
oidc-provider = { $name } cannot be asked at the moment. Try again, or sign in with your password.
oidc-not-verified = { $name } does not say that this email address is yours. Have your IT person look at it.
oidc-no-address = { $name } does not tell us your email address. Have your IT person look at it.
oidc-unknown = { $name } says that you are { $email }. Nobody with this address may use Bookpost. Ask an administrator to let you in.
