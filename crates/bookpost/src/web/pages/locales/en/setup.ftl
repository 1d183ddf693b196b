## Preferences, all pages
setup-path = Preferences > Setup > { $page }
save = Save
saved-not-yet = What you changed is not saved yet.
not-saved = Nothing was saved. Look at what is marked.
help-with = What is meant by { $field }?
password-kept = kept; enter a new one to change it
set-elsewhere = Set elsewhere: { $place }. It can be changed only there.
