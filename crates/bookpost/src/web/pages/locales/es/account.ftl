## Su cuenta
account-language = Idioma de las páginas
account-language-browser = El que pida el navegador
account-password = Contraseña
account-password-hint = Con una contraseña nueva se cierran sus sesiones en los demás ordenadores.
password-present = Contraseña actual
password-present-wrong = Esta no es su contraseña actual.
account-sessions = Dónde ha entrado
account-sessions-hint = Una sesión termina tras 12 horas sin uso, y a los 7 días de empezar. Si no reconoce alguna, ciérrela y elija una contraseña nueva.
session-end = Cerrar
session-end-that = Cerrar la sesión de { $from }, abierta desde { $since }
session-end-others = Cerrar todas las demás
done-account-changed = Guardado.
done-password-changed = Tiene una contraseña nueva, y sus demás sesiones están cerradas.
done-sessions-ended = { $n ->
    [0] No había ninguna otra sesión.
    [one] Se ha cerrado { $n } sesión.
   *[other] Se han cerrado { $n } sesiones.
  }

## ¿La ha olvidado?
forgot-title = Una contraseña nueva
forgot-lead = Escriba el correo electrónico con el que entra. Recibirá un correo con un enlace, con el que elige una contraseña nueva.
forgot-button = Enviar el enlace
forgot-back = Volver a entrar
forgot-asked = Si alguien entra con este correo electrónico, va en camino un mensaje con un enlace. Mire también en el correo no deseado.
forgot-otherwise = Pida un enlace a un administrador, o ejecute esto en el ordenador donde funciona Bookpost:
forgot-slow = Se han pedido enlaces demasiadas veces. Inténtelo de nuevo en { $n ->
    [one] { $n } segundo
   *[other] { $n } segundos
  }.
own-keys = Claves para programas
own-keys-hint = Un programa que tenga una de ellas puede hacer lo mismo que su persona. Se hacen con el comando bookpost people key.
