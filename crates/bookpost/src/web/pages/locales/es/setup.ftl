## Preferencias, todas las páginas
setup-path = Preferencias > Configuración > { $page }
save = Guardar
saved-not-yet = Lo que ha cambiado aún no está guardado.
not-saved = No se ha guardado nada. Mire lo que está marcado.
help-with = ¿Qué significa { $field }?
password-kept = guardada; escriba otra para cambiarla
set-elsewhere = Se fija en otro lugar: { $place }. Solo se puede cambiar allí.
