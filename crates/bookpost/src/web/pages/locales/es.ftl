# Lo que dicen las páginas, en español. Cada clave está también en los demás archivos de esta carpeta, con los mismos argumentos.

## En todas partes
skip = Ir al contenido
nav = Principal
nav-today = Hoy
nav-queue = Cola
sign-out = Salir
signed-in-as = Sesión de { $name }
language = Idioma
language-change = Cambiar
version = Bookpost { $version }
copy = Copiar
copied = Copiado
for-it = Para su informático
cancel-and-back = Volver sin cambiar nada
day-and-time = { $day }, { $time }

banner-paused = El envío está en pausa desde { $since }. El correo se acepta y espera.
banner-no-way = No se ha elegido ninguna forma de envío. El correo se acepta y espera.
banner-practice = Buzón de prácticas: el correo se guarda aquí y nadie lo recibe.
banner-resume = Volver a enviar

month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre
date = { $day } de { $month }
date-with-year = { $day } de { $month } de { $year }

## Entrar
sign-in-title = Entrar
sign-in-email = Correo electrónico
sign-in-password = Contraseña
sign-in-button = Entrar
sign-in-forgot = ¿La ha olvidado? Pregunte a un administrador, o ejecute esto en el ordenador donde funciona Bookpost:
sign-in-refused = Este correo electrónico y esta contraseña no van juntos.
sign-in-disabled = Esta cuenta está desactivada. Pregunte a un administrador.
sign-in-busy = Demasiadas personas están entrando en este momento. Inténtelo de nuevo en un minuto.
sign-in-slow = Demasiadas contraseñas equivocadas desde aquí. Inténtelo de nuevo en { $n ->
    [one] { $n } segundo
   *[other] { $n } segundos
  }.
sign-in-ended = Ha salido.
show-password = Mostrar
hide-password = Ocultar

set-up-title = El primer administrador
set-up-intro = Desde ahora usted cuida de Bookpost, y más adelante puede dar acceso a otras personas.
set-up-name = Su nombre
set-up-button = Empezar
invitation-title = Le damos la bienvenida a Bookpost
invitation-intro = Elija una contraseña y ya está dentro.
reset-title = Una contraseña nueva
reset-intro = Elija una contraseña nueva. Se cerrarán sus sesiones en los demás ordenadores.
password-new = Contraseña nueva
password-rule = 12 caracteres o más. Van bien varias palabras que solo usted juntaría.
password-too-short = Una contraseña tiene al menos 12 caracteres. Unas cuantas palabras seguidas hacen una buena.
password-too-long = Esta contraseña es demasiado larga.
password-common = Esta contraseña es de las que se adivinan primero. Elija unas palabras que no tengan nada que ver entre sí.
password-own-address = Esta contraseña está hecha con su correo electrónico, que otros conocen.
email-taken = Alguien entra ya con este correo electrónico.
bad-address-own = Este correo electrónico no está completo.
bad-name = Escriba su nombre, tal como lo conocen los demás.
password-button = Guardar la contraseña
link-dead = Este enlace ya no sirve
link-dead-why = Ya se usó, o se acabó su tiempo. Pida uno nuevo a un administrador, o ejecute esto en el ordenador donde funciona Bookpost:

## Hoy
today-title = Hoy
health-well = Todo el correo sale por { $server }.
health-well-two = Todo el correo sale por { $server }; el servidor de reserva está preparado.
health-backup = El servidor de reserva envía desde { $since }.
health-backup-just-now = En este momento envía el servidor de reserva.
health-down = No sale nada desde { $since }: el servidor de correo no responde como debería. El correo se guarda, y saldrá solo en cuanto se pueda.
health-down-just-now = En este momento no sale nada: el servidor de correo no responde como debería. El correo se guarda, y saldrá solo en cuanto se pueda.
health-paused = El envío está en pausa desde { $since }.
health-no-way = No se envía nada: no se ha elegido ninguna forma de envío.
health-practice = El correo va al buzón de prácticas. Nadie lo recibe.
health-stopped = El envío se ha detenido: una parte de Bookpost ha terminado. Reinicie Bookpost.
server-1 = el Servidor 1
server-2 = el Servidor 2

figures = Cómo va
figure-delivered = aceptados hoy por el servidor
figure-practiced = practicados hoy
figure-returned = devueltos hoy
figure-waiting = en espera
figure-in-doubt = pueden haber llegado
figure-held = apartados

to-do = Por hacer
to-do-none = Nada requiere su atención.
to-do-since = desde { $since }
to-do-held = { $n ->
    [one] Se ha apartado { $n } mensaje, que espera su decisión.
   *[other] Se han apartado { $n } mensajes, que esperan su decisión.
  }
to-do-in-doubt = { $n ->
    [one] { $n } mensaje puede haber llegado. Pregunte al usuario antes de enviarlo de nuevo.
   *[other] { $n } mensajes pueden haber llegado. Pregunte a los usuarios antes de enviarlos de nuevo.
  }
look-at-them = Ver en la cola

waits = Lo que espera
waits-nothing = No espera nada.
waits-next = Próximo intento
waits-oldest = Espera desde
waits-expires = Se desiste como muy pronto
waits-expires-hint = entonces se devuelve a la biblioteca
reports-owed = { $n ->
    [one] Falta escribir { $n } informe de devolución.
   *[other] Faltan por escribir { $n } informes de devolución.
  }
sending-pause = Poner en pausa todo el envío

alarm-server-down = El servidor de correo no responde como debería
alarm-server-down-do = El correo se guarda y saldrá solo. Si dura, avise a su informático.
alarm-sign-in = El servidor de correo no ha aceptado nuestra contraseña
alarm-sign-in-do = Pida que se vuelvan a escribir el usuario y la contraseña. Hasta entonces el correo se guarda.
alarm-backup-in-use = Está enviando el servidor de reserva
alarm-backup-in-use-do = Diga a su informático que el Servidor 1 no funciona. Mientras tanto el correo sale.
alarm-sender-refused = El servidor de correo no nos deja enviar desde una de nuestras direcciones
alarm-sender-refused-do = Compruebe el correo electrónico de la biblioteca y envíe después lo que se apartó.
alarm-report-lost = No se pudo entregar un informe de devolución
alarm-report-lost-do = Mire en «devuelto a la biblioteca» quién no recibió su correo, y compruebe adónde va el correo que no se puede entregar.
alarm-stuck = Hay correo que debería salir y no se está enviando
alarm-stuck-do = Reinicie Bookpost. Si vuelve a ocurrir, enséñeselo a su informático.
alarm-clock-jump = El reloj de este ordenador va mal
alarm-clock-jump-do = Pida a su informático que ponga el reloj en hora. El correo no envejece por ello.
alarm-disk = El disco está lleno o falla
alarm-disk-do = Haga sitio ahora en este ordenador: hasta entonces se rechaza el correo nuevo.
alarm-broken-message = Un mensaje impide a Bookpost enviarlo
alarm-broken-message-do = Enséñeselo a su informático. Al resto del correo no le afecta.
alarm-held = Se ha apartado correo
alarm-held-do = Mírelo y decida si se envía.
alarm-quota = Se ha agotado el límite diario de la cuenta de correo
alarm-quota-do = Nada: el resto sale cuando el límite vuelva a estar libre.
alarm-drop-folder = No se puede usar una exportación
alarm-drop-folder-do = Lea abajo el motivo, corríjalo y vuelva a dejar la exportación en la carpeta.
alarm-run-interrupted = Se ha interrumpido un envío de avisos
alarm-run-interrupted-do = Repita la misma exportación: se omite a quienes ya se escribió.
alarm-webhook = No se puede comunicar a un programa qué ha sido de su correo
alarm-webhook-do = Enséñeselo a quien cuida de ese programa.
alarm-certificate = No se puede usar el certificado de Bookpost
alarm-certificate-do = Pida a su informático que lo renueve. Mientras tanto se usa el anterior.
alarm-restored = Esto se recuperó de una copia de seguridad y el envío está en pausa
alarm-restored-do = Mire lo que quedó apartado y después reanude el envío.
alarm-other = Hay algo que conviene mirar
alarm-other-do = Enséñeselo a su informático.

## Pausa
pause-title = ¿Poner en pausa todo el envío?
pause-consequence = El correo se acepta y espera. Este tiempo no lo hace más viejo: mientras tanto no se desiste de nada.
pause-button = Poner en pausa
resume-title = ¿Volver a enviar?
resume-consequence = Lo que espera vuelve a salir. Estaba en pausa desde { $since }, y ese tiempo no hace más viejo ningún mensaje.
resume-button = Volver a enviar
resume-old = { $n ->
    [one] { $n } mensaje ha esperado más de 48 horas. ¿Qué se hace con él?
   *[other] { $n } mensajes han esperado más de 48 horas. ¿Qué se hace con ellos?
  }
resume-old-send = Enviar a pesar de todo
resume-old-send-hint = Los usuarios reciben noticias que pueden estar anticuadas.
resume-old-cancel = No enviar
resume-old-cancel-hint = No se avisa a nadie. El correo más nuevo sale.
resume-old-return = Desistir y avisar a la biblioteca
resume-old-return-hint = La biblioteca recibe un informe de devolución. El correo más nuevo sale.

## Cola
queue-title = Cola
queue-filter = Mostrar
queue-all-states = todo
queue-all-sites = todas las bibliotecas
queue-all-programs = todos los programas
queue-state = Estado
queue-site = Biblioteca
queue-program = Programa
queue-run = Envío de avisos
queue-to = Para (dirección completa)
queue-tag = Etiqueta
queue-since = Aceptado desde
queue-more-filters = Más
queue-apply = Mostrar
queue-clear = Mostrar todo
queue-none = Aquí no hay correo
queue-none-why = Nada en la cola es así.
queue-none-yet = Todavía no se ha entregado ningún correo. Aparece aquí en cuanto un programa entregue alguno.
queue-bad-filter = Esto no se puede buscar: { $what }.
bad-address = el correo electrónico no está completo
no-addresses = usted no ve las direcciones completas
bad-date = el día no es una fecha
bad-run = un envío de avisos es un número
queue-caption = Correo, lo más nuevo primero
queue-select = Seleccionar { $subject }
queue-select-all = Seleccionar todo en esta página
queue-older = Más antiguo
queue-newest = Lo más nuevo
queue-without-subject = (sin asunto)
queue-with-selected = Con lo seleccionado
queue-all-that-match = Con todos estos
queue-practice = prácticas
queue-from = de { $program }
queue-from-run = envío de avisos { $run }

state-waiting = en espera
state-sending = enviándose
state-in-doubt = puede haber llegado
state-delivered = aceptado por el servidor
state-practiced = prácticas: nadie lo recibió
state-returned = devuelto a la biblioteca
state-held = apartado
state-cancelled = no enviado, según se decidió

when-waits-first = espera hasta { $time }
when-waits-again = se intenta de nuevo: { $time }
when-waits-no-way = espera hasta que se elija una forma de envío
when-waits-paused = espera hasta que continúe el envío
when-waits-now = sale en cuanto se pueda

## Decisiones
do-release = Enviar a pesar de todo
do-hold = Retener
do-cancel = No enviar
do-return = Desistir y avisar a la biblioteca
do-retry = Intentar ahora

sure-release = { $n ->
    [one] ¿Enviar { $n } mensaje a pesar de todo?
   *[other] ¿Enviar { $n } mensajes a pesar de todo?
  }
sure-hold = { $n ->
    [one] ¿Retener { $n } mensaje?
   *[other] ¿Retener { $n } mensajes?
  }
sure-cancel = { $n ->
    [one] ¿No enviar { $n } mensaje?
   *[other] ¿No enviar { $n } mensajes?
  }
sure-return = { $n ->
    [one] ¿Desistir de { $n } mensaje y avisar a la biblioteca?
   *[other] ¿Desistir de { $n } mensajes y avisar a la biblioteca?
  }
sure-retry = { $n ->
    [one] ¿Intentar ahora { $n } mensaje?
   *[other] ¿Intentar ahora { $n } mensajes?
  }
consequence-release = Sale en cuanto se pueda. El tiempo que estuvo apartado no cuenta.
consequence-hold = Se aparta y no sale hasta que alguien lo decida. El correo que ya se está enviando no se puede retener.
consequence-cancel = El usuario no lo recibe nunca, y no se avisa a nadie. Esto no se puede deshacer.
consequence-return = El usuario no lo recibe nunca, y la biblioteca recibe un informe de devolución. Esto no se puede deshacer.
consequence-retry = Sale en cuanto se pueda. El correo que puede haber llegado puede llegar dos veces.
consequence-only-possible = Solo afecta al correo cuyo estado lo permite.
selected-all-state = Todo el correo en este estado: { $state }
selected-all-run = Todo el correo del envío de avisos { $run }
selected-more = { $n ->
    [one] y { $n } más
   *[other] y { $n } más
  }
nothing-selected = No hay nada seleccionado
nothing-selected-why = Marque los mensajes a los que se refiere y elija después qué se hace con ellos.

done-release = { $n ->
    [one] { $n } mensaje sale a pesar de todo.
   *[other] { $n } mensajes salen a pesar de todo.
  }
done-hold = { $n ->
    [one] Se retiene { $n } mensaje.
   *[other] Se retienen { $n } mensajes.
  }
done-cancel = { $n ->
    [one] { $n } mensaje no se enviará.
   *[other] { $n } mensajes no se enviarán.
  }
done-return = { $n ->
    [one] Se ha desistido de { $n } mensaje, y se avisa a la biblioteca.
   *[other] Se ha desistido de { $n } mensajes, y se avisa a la biblioteca.
  }
done-retry = { $n ->
    [one] { $n } mensaje se intenta ahora.
   *[other] { $n } mensajes se intentan ahora.
  }
done-left = { $n ->
    [one] Con { $n } no fue posible en el estado en que está.
   *[other] Con { $n } no fue posible en el estado en que están.
  }
done-paused = El envío está en pausa.
done-resumed = El envío continúa.
done-language = Se ha cambiado el idioma.

## Un mensaje
message-of = Mensaje { $id }
message-what-can-be-done = Lo que puede hacer
message-recipients = { $n ->
    [one] Destinatario
   *[other] { $n } destinatarios
  }
message-facts = Sobre este mensaje
fact-program = Programa
fact-run = Envío de avisos
fact-site = Biblioteca
fact-class = Sale
fact-tags = Etiquetas
fact-size = Tamaño
fact-returns-to = Adónde va si no se puede entregar
fact-returns-to-nobody = a nadie (es él mismo un informe)
fact-message-id = Message-ID
fact-accepted = Aceptado
class-urgent = primero
class-normal = normal
class-bulk = con los envíos grandes
timeline = Qué ha pasado
event-accepted = Aceptado de { $program }
event-attempt-accepted = Aceptado por { $server }
event-attempt-practiced = Guardado en el buzón de prácticas
event-next = Próximo intento
event-expires = Se desiste, si no se puede entregar hasta entonces
event-state = Ahora: { $state }
attempt-server = Servidor
attempt-no-server = no se llegó a ninguno
attempt-took = Duró
attempt-phase = Llegó hasta
attempt-answer = Las palabras del propio servidor
attempt-code = Código del motivo
seconds = { $n } s
milliseconds = { $n } ms
what-to-do = Qué hacer:
text-title = Texto del mensaje { $id }
text-open = Abrir el texto
text-open-hint = Que usted lo ha mirado queda en el registro.
text-plain = Texto
text-html = Como lo ve el usuario
text-source = Fuente
text-gone = El texto está borrado
text-gone-why = Los textos se guardan solo un tiempo; lo que pasó con el mensaje queda registrado.
text-none-plain = Este mensaje no tiene texto sin formato.
text-none-html = Este mensaje no tiene texto con formato.
text-cut = Solo se muestra el principio.

phase-connect = abrir la conexión
phase-tls = cifrar la conexión
phase-greeting = el saludo del servidor
phase-ehlo = nuestro saludo
phase-start-tls = pedir el cifrado
phase-auth = entrar
phase-mail = nombrar al remitente
phase-rcpt = nombrar al destinatario
phase-data = enviar el mensaje
phase-dot = la respuesta al mensaje

## Lo que no hay
not-found-title = No existe esa página
not-found-why = Puede que se haya borrado, o que la dirección tenga un error.
not-allowed-title = No puede hacer esto
not-allowed-why = Pregunte a un administrador, si lo necesita.
refused-title = Esto no se ha hecho
refused-origin = La petición no venía de una página de Bookpost. Abra Bookpost y hágalo allí.
refused-form = La página era demasiado antigua. Vuelva atrás, cárguela de nuevo y repita lo que hizo.
refused-host = A Bookpost no se le conoce por este nombre. Ábralo por la dirección que dice `bookpost config show`.
unavailable-title = La cola no se puede leer en este momento
unavailable-why = No se pierde ningún correo. Inténtelo de nuevo; si dura, enséñeselo a su informático.
back-to-today = Ir a Hoy

## Motivos, por el código con el que se guardan
reason-address_unknown = La dirección no existe.
reason-address_unknown-do = Pida al usuario la dirección correcta y corríjala en su ficha.
reason-domain_unknown = La parte que sigue a la @ no existe, o no acepta correo.
reason-domain_unknown-do = Busque un error de escritura después de la @ en la ficha del usuario.
reason-mailbox_disabled = El buzón se ha cerrado.
reason-mailbox_disabled-do = Pida otra dirección al usuario y corríjala en su ficha.
reason-mailbox_full = El buzón está lleno.
reason-mailbox_full-do = Diga al usuario que su buzón no acepta más correo, o pídale otra dirección.
reason-too_large = El mensaje es más grande de lo que acepta el servidor de correo.
reason-too_large-do = Acorte el texto, o pida que se suba el límite del servidor de correo.
reason-try_later = El servidor de correo nos ha pedido que volvamos más tarde.
reason-try_later-do = Nada: se vuelve a intentar solo.
reason-too_many_recipients = El servidor de correo acepta menos destinatarios a la vez.
reason-too_many_recipients-do = Nada: los demás se envían en grupos más pequeños.
reason-sender_refused = El servidor de correo no nos deja enviar desde la dirección de esta biblioteca.
reason-sender_refused-do = Compruebe el correo electrónico de la biblioteca, y pida que se le permita enviar desde él.
reason-reputation = El mensaje se tomó por correo no deseado.
reason-reputation-do = Pida a su informático que compruebe el dominio del remitente (SPF, DKIM, DMARC) y las listas de bloqueo.
reason-too_fast = El servidor de correo nos ha pedido que enviemos más despacio.
reason-too_fast-do = Nada: el envío sigue solo, más despacio.
reason-quota_used_up = Se ha agotado el límite diario de la cuenta de correo.
reason-quota_used_up-do = Nada: el resto sale cuando el límite vuelva a estar libre.
reason-sign_in_refused = El servidor de correo no ha aceptado nuestra contraseña.
reason-sign_in_refused-do = Escriba de nuevo el usuario y la contraseña en Preferencias > Configuración > Correo.
reason-sign_in_required = El servidor de correo quiere que antes nos identifiquemos.
reason-sign_in_required-do = Escriba un usuario y una contraseña en Preferencias > Configuración > Correo.
reason-sign_in_unavailable = El servidor de correo no puede comprobar contraseñas en este momento.
reason-sign_in_unavailable-do = Nada: se vuelve a intentar solo; la contraseña no tiene la culpa.
reason-sign_in_impossible = El servidor de correo no ofrece ninguna forma segura de identificarse.
reason-sign_in_impossible-do = Elija una conexión cifrada, o quite el usuario si el servidor no lo necesita.
reason-password_lost = Ya no se puede leer la contraseña del servidor de correo.
reason-password_lost-do = Introdúzcala de nuevo en Preferencias > Configuración > Correo.
reason-relay_denied = El servidor de correo no reenvía correo nuestro.
reason-relay_denied-do = Compruebe el usuario, y pida que se permita a este ordenador enviar por el servidor de correo.
reason-host_not_found = No hay ningún servidor de correo con este nombre.
reason-host_not_found-do = Compruebe el nombre del servidor de correo en Preferencias > Configuración > Correo.
reason-name_lookup_failed = No se pudo consultar el nombre del servidor de correo.
reason-name_lookup_failed-do = Pida a su informático que compruebe la red y su servidor de nombres (DNS) en este ordenador.
reason-unreachable = No se puede llegar al servidor de correo.
reason-unreachable-do = Pida a su informático que compruebe si funciona el servidor de correo, su puerto y el cortafuegos.
reason-timed_out = El servidor de correo no ha respondido a tiempo.
reason-timed_out-do = Al principio, nada: se vuelve a intentar solo; si dura, avise a su informático.
reason-connection_lost = Se ha cortado la conexión con el servidor de correo.
reason-connection_lost-do = Al principio, nada: se vuelve a intentar solo; si dura, avise a su informático.
reason-tls_unavailable = No se pudo establecer una conexión cifrada con el servidor de correo.
reason-tls_unavailable-do = Pida a su informático que compruebe el puerto y el cifrado del servidor de correo.
reason-certificate_refused = El servidor de correo no ha podido demostrar su identidad.
reason-certificate_refused-do = Pida a su informático que mire el certificado del servidor de correo.
reason-certificate_expired = La prueba de identidad del servidor de correo ha caducado.
reason-certificate_expired-do = Pida que se renueve el certificado del servidor de correo, y compruebe la fecha de este ordenador.
reason-certificate_wrong_name = La prueba de identidad del servidor de correo es de otro nombre.
reason-certificate_wrong_name-do = Escriba el servidor de correo con el nombre que figura en su certificado.
reason-certificate_unknown_issuer = La prueba de identidad del servidor de correo viene de alguien que no conocemos.
reason-certificate_unknown_issuer-do = Pida a su informático que dé a Bookpost el certificado de la autoridad que lo firmó.
reason-server_refuses = El servidor de correo no acepta correo en este momento.
reason-server_refuses-do = Si dura, avise a su informático; el correo se guarda y sale después.
reason-server_full = El servidor de correo no tiene sitio en este momento.
reason-server_full-do = Avise a quienes llevan el servidor de correo; el correo se guarda y sale después.
reason-protocol_violation = El servidor de correo ha respondido de una manera que no entendemos.
reason-protocol_violation-do = Pida a su informático que compruebe que la dirección y el puerto llevan a un servidor de correo.
reason-utf8_unsupported = El servidor de correo no puede enviar a una dirección con estas letras.
reason-utf8_unsupported-do = Pida al usuario una dirección con letras sencillas, o que se active SMTPUTF8 en el servidor de correo.
reason-header_utf8_unsupported = El servidor de correo no acepta las letras de la cabecera del mensaje.
reason-header_utf8_unsupported-do = Pida que se active SMTPUTF8 en el servidor de correo, o que el programa que lo envía codifique su cabecera.
reason-conversion_unsupported = El servidor de correo no acepta el mensaje tal como es, y no se puede cambiar.
reason-conversion_unsupported-do = Pida que se active 8BITMIME en el servidor de correo, o que el mensaje se envíe sin firma.
reason-refused = El servidor de correo ha rechazado el mensaje.
reason-refused-do = Lea la respuesta del propio servidor, o enséñesela a su informático.
reason-answer_unknown = Puede haber llegado: la conexión se cortó mientras el servidor respondía.
reason-answer_unknown-do = Pregunte al usuario, o mire en el servidor de correo, antes de enviarlo de nuevo.
reason-expired = No se pudo entregar en el tiempo previsto.
reason-expired-do = Lea la última respuesta; después envíelo de nuevo o avise al usuario de otra manera.
reason-broke = Hay algo en este mensaje que impide a Bookpost enviarlo.
reason-broke-do = Enséñeselo a su informático; a los demás mensajes no les afecta.
reason-by_person = Lo decidió una persona, o el programa que lo envió.
reason-by_person-do = Si el usuario debe enterarse a pesar de todo, dígaselo de otra manera.
reason-from_backup = No estaba terminado en la copia de seguridad y puede haberse enviado después.
reason-from_backup-do = Mire si se envió, y envíelo de todos modos o no lo envíe.
