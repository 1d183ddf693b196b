alarm-secrets-lost = A password cannot be read any more
alarm-secrets-lost-do = Have your IT person put the key of Bookpost back, or enter the password again.
lost-password-1 = The password for your mail server (Server 1) must be entered again
lost-password-2 = The password for your backup mail server (Server 2) must be entered again
lost-password-do = The key with which Bookpost seals passwords is missing or another. Enter the password under Preferences > Setup > Email, or have your IT person put the key back and start Bookpost again. Everything else goes on.
lost-webhook = { $program } cannot be told what becomes of its mail at { $host }: the secret for it is lost
lost-webhook-do = The key with which Bookpost seals passwords is missing or another. Have your IT person put the key back and start Bookpost again, or add the web address of this program again. Everything else goes on.
