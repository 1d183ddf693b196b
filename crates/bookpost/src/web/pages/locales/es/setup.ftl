## Preferencias, todas las páginas
setup-path = Preferencias > Configuración > { $page }
save = Guardar
saved-not-yet = Lo que ha cambiado aún no está guardado.
not-saved = No se ha guardado nada. Mire lo que está marcado.
help-with = ¿Qué significa { $field }?
password-kept = guardada; escriba otra para cambiarla
password-lost = Ya no se puede abrir, porque falta su clave: escríbala de nuevo, o devuelva la clave a su sitio.
set-elsewhere = Se fija en otro lugar: { $place }. Solo se puede cambiar allí.
