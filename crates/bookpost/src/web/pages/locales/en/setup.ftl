## Preferences, all pages
setup-path = Preferences > Setup > { $page }
save = Save
saved-not-yet = What you changed is not saved yet.
not-saved = Nothing was saved. Look at what is marked.
help-with = What is meant by { $field }?
password-kept = kept
password-lost = It cannot be opened any more, as its key is missing: enter it again, or put the key back.
place-file = { $file }, line { $line }
place-environment = the environment, { $name }
set-elsewhere = Set elsewhere: { $place }. It can be changed only there.
