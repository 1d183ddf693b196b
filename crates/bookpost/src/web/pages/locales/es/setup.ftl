## Preferencias, todas las páginas
setup-path = Preferencias > Configuración > { $page }
save = Guardar
saved-not-yet = Lo que ha cambiado aún no está guardado.
not-saved = No se ha guardado nada. Mire lo que está marcado.
help-with = ¿Qué significa { $field }?
password-kept = guardada
password-lost = Ya no se puede abrir, porque falta su clave: escríbala de nuevo, o devuelva la clave a su sitio.
place-file = { $file }, línea { $line }
place-environment = el entorno, { $name }
set-elsewhere = Se fija en otro lugar: { $place }. Solo se puede cambiar allí.
