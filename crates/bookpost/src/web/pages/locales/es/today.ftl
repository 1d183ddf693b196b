## Hoy
today-title = Hoy
health-well = Todo el correo sale por el Servidor 1.
health-well-two = Todo el correo sale por el Servidor 1; el servidor de reserva está preparado.
health-well-alone = Todo el correo sale por el Servidor 1. En este momento el servidor de reserva no se puede usar.
health-backup = El servidor de reserva envía desde { $since }.
health-backup-just-now = El Servidor 1 no acepta correo. Lo próximo sale por el servidor de reserva.
health-down = No sale nada desde { $since }: el servidor de correo no responde como debería. El correo se guarda, y saldrá solo en cuanto se pueda.
health-down-just-now = En este momento no sale nada: el servidor de correo no responde como debería. El correo se guarda, y saldrá solo en cuanto se pueda.
health-down-both = No sale nada desde { $since }: ni { $first } ni el de reserva aceptan correo como deberían. El correo se guarda, y saldrá solo en cuanto uno de los dos lo acepte.
health-down-both-just-now = En este momento no sale nada: ni { $first } ni el de reserva aceptan correo como deberían. El correo se guarda, y saldrá solo en cuanto uno de los dos lo acepte.
health-signed-out = No sale nada desde { $since }: el servidor de correo no acepta nuestra contraseña. El correo se guarda, y saldrá solo cuando se introduzca la nueva.
health-signed-out-both = No sale nada desde { $since }: ni { $first } ni el de reserva aceptan nuestra contraseña. El correo se guarda, y saldrá solo cuando se introduzca una nueva.
health-refused = No sale nada desde { $since }. { $why } El correo se guarda, y saldrá solo en cuanto eso se arregle.
health-locked = No sale nada desde { $since }: las contraseñas no se pueden abrir, porque falta su clave. El correo se guarda y sale solo en cuanto la clave vuelva o se escriba de nuevo la contraseña.
health-paused = El envío está en pausa desde { $since }.
health-no-way = No se envía nada: no se ha elegido ninguna forma de envío.
health-do-not-send-by = No se envía nada: se ha elegido «No enviar» desde { $since } ({ $who }).
health-do-not-send = No se envía nada: se ha elegido «No enviar».
health-by = Todo el correo sale por { $first }.
health-by-two = Todo el correo sale por { $first }; la reserva está preparada.
health-by-alone = Todo el correo sale por { $first }. En este momento la reserva no se puede usar.
health-by-backup = Todo el correo sale por la reserva desde { $since }: { $first } no acepta ninguno.
health-by-backup-just-now = Todo el correo sale por la reserva: en este momento { $first } no acepta ninguno.
health-by-signed-out = No sale nada desde { $since }: alguien tiene que iniciar sesión en { $first }. El correo se conserva y sale después por sí solo.
named-server-1 = el Servidor 1
named-practice = el buzón de prácticas
named-server-2 = el Servidor 2
health-practice = El correo va al buzón de prácticas. Nadie lo recibe.
health-stopped = El envío se ha detenido: una parte de Bookpost ha terminado. Reinicie Bookpost.
last-run = { $when }: { $what }
last-run-practice = { $when }, una práctica: { $what }. Ningún usuario recibió nada.
last-run-under-way = { $when }: hay un envío en marcha. Hasta ahora { $what }
last-run-cut-short = { $when }: un envío se interrumpió. Hasta entonces { $what }
last-run-stopped = { $when }: un envío que detuvo { $who }. Hasta entonces { $what }
last-run-since = Desde la última vez que miró ({ $when }): { $runs } envíos con { $what }
last-run-since-many = Desde la última vez que miró ({ $when }): más de { $runs } envíos
last-run-notices = { $n ->
    [one] { $n } aviso
   *[other] { $n } avisos
  }
last-run-notices-to = { $notices } a { $addresses }
last-run-accepted = { $accepted } por { $server }
last-run-server = el servidor de correo

figures = Cómo va
figure-accepted = entregados a Bookpost hoy
figure-delivered = aceptados por el servidor hoy
figure-practiced = practicados hoy
figure-returned = devueltos hoy
figure-waiting = en espera ahora
figure-in-doubt = pueden haber llegado, sin decidir, hoy
figure-cancelled = no enviados hoy, según se decidió
figure-held = apartados ahora

libraries = Por biblioteca
library = Biblioteca
of-no-library = de ninguna biblioteca

chart-hours = Las últimas 24 horas
chart-days = Los últimos 7 días
chart-handed-in = entregados a Bookpost
chart-accepted = aceptados por el servidor
chart-practiced = practicados: nadie los recibió
chart-returned = devueltos
chart-in-doubt = pueden haber llegado
chart-when = Cuándo
chart-table = Los números en una tabla
chart-most-hour = La barra más alta: { $n } en una hora
chart-most-day = La barra más alta: { $n } en un día

to-do = Por hacer
to-do-none = Nada requiere su atención.
to-do-since = desde { $since }
to-do-held = { $n ->
    [one] Se ha apartado { $n } mensaje, que espera su decisión.
   *[other] Se han apartado { $n } mensajes, que esperan su decisión.
  }
to-do-kept-back-by = { $mails }: retenido por { $who } ({ $when }).
to-do-kept-back = { $mails }: retenido por una persona o por el programa que lo envió ({ $when }).
to-do-kept-back-undo = Para deshacerlo, abra la cola en «apartado», marque los correos y elija «Enviar a pesar de todo»; si no deben salir, «No enviar».
to-do-kept-back-ask = Quien lleva los avisos de la biblioteca puede deshacerlo en la cola, en «apartado».
to-do-in-doubt = { $n ->
    [one] { $n } mensaje puede haber llegado. Pregunte al usuario antes de enviarlo de nuevo.
   *[other] { $n } mensajes pueden haber llegado. Pregunte a los usuarios antes de enviarlos de nuevo.
  }
to-do-do-not-send = El correo espera: se ha elegido «No enviar»
to-do-no-way = El correo espera: no se ha elegido ninguna forma de envío
to-do-choose-way = No se ha elegido ninguna forma de envío
to-do-choose-way-why = Mientras no se elija una, no se envía nada.
to-do-no-way-link = Elegir cómo sale el correo
to-do-no-way-waits = { $n ->
    [one] Espera { $n } correo. Las { $after } no corren: no se desiste de nada.
   *[other] Esperan { $n } correos. Las { $after } no corren: no se desiste de nada.
  }
to-do-paused = El envío está en pausa
to-do-paused-by = En pausa por { $who }.
to-do-paused-waits = { $n ->
    [0] No espera ningún correo. Mientras el envío está en pausa, las { $after } no corren: no se desiste de nada.
    [one] Espera { $n } correo. Mientras el envío está en pausa, las { $after } no corren: no se desiste de nada.
   *[other] Esperan { $n } correos. Mientras el envío está en pausa, las { $after } no corren: no se desiste de nada.
  }
to-do-down-waits = { $n ->
    [one] Espera { $n } correo. No se ha perdido, y sale por sí solo en cuanto el servidor vuelva a aceptar correo.
   *[other] Esperan { $n } correos. No se ha perdido ninguno, y salen por sí solos en cuanto el servidor vuelva a aceptar correo.
  }
to-do-locked-waits = { $n ->
    [one] Espera { $n } correo. No se ha perdido.
   *[other] Esperan { $n } correos. No se ha perdido ninguno.
  }
to-do-down-asked = Se le pregunta de nuevo cada minuto, y el correo sale por sí solo en cuanto responda.
to-do-down-expires = Si nada cambia, se desiste del primero y se devuelve a la biblioteca: { $at }.
to-do-sign-in-link = Introducir la contraseña nueva y probarla
to-do-server-link = Ver sus datos y probarlo
to-do-backup-down = Todo el correo sale por el Servidor 1, y nada espera por esto. Haga reparar el Servidor 2: hasta entonces no hay nada de reserva.
to-do-backup-signed-out = Todo el correo sale por el Servidor 1, y nada espera por esto. Haga introducir y probar la contraseña nueva del Servidor 2: hasta entonces no hay nada de reserva.
to-do-first-down = Mientras tanto, el correo sale por el servidor de reserva. Haga reparar el Servidor 1. No hay que volver a enviar nada.
to-do-probe = Comprobar ahora
done-probing = Se está preguntando al servidor de correo. Si responde, se dirá aquí en un momento.
for-it-down = Bookpost, que envía el correo de la biblioteca, no consigue enviar nada por el servidor de correo { $server } desde { $since }. Revise el servidor, la red hasta él y el cortafuegos. No hay que volver a enviar nada: Bookpost pregunta al menos una vez por minuto, y lo que espera sale por sí solo.
for-it-backup-down = Bookpost, que envía el correo de la biblioteca, no puede usar su servidor de correo de reserva { $server } desde { $since }. Mientras tanto, todo el correo sale por el primer servidor. Revise el servidor, su cuenta, la red hasta él y el cortafuegos. Bookpost vuelve a preguntarle por sí solo.
for-it-sign-in = Bookpost, que envía el correo de la biblioteca, no puede entrar en el servidor de correo { $server } desde { $since }. Revise la cuenta y su contraseña, y díganos la nueva: la introducimos en Preferencias > Configuración > Correo. No hay que volver a enviar nada: lo que espera sale por sí solo.
for-it-backup = Bookpost, que envía el correo de la biblioteca, no consigue enviar nada por el servidor de correo { $server } desde { $since }. Mientras tanto, todo el correo sale por el servidor de reserva. Haga reparar el servidor. No hay que volver a enviar nada: Bookpost vuelve a él por sí solo.
to-do-practised = { $n ->
    [one] { $n } correo del último envío está en el buzón de prácticas. Ningún usuario ha recibido nada.
   *[other] { $n } correos del último envío están en el buzón de prácticas. Ningún usuario ha recibido nada.
  }
to-do-practised-do = Para escribir a los usuarios, elija cómo se envía el correo y luego vuelva a enviar la exportación.
to-do-practised-ask = Para escribir a los usuarios, pida a un administrador que elija cómo se envía el correo y luego vuelva a enviar la exportación.
to-do-practised-link = Elegir cómo se envía el correo
to-do-returned = { $n ->
    [one] { $n } correo del último envío fue devuelto
   *[other] { $n } correos del último envío fueron devueltos
  }
to-do-returned-days = { $n ->
    [one] { $n } correo de los últimos días fue devuelto
   *[other] { $n } correos de los últimos días fueron devueltos
  }
to-do-of-run = { $when }: { $n }
to-do-all-runs = Todos los envíos
returned-address-unknown = { $n ->
    [one] { $n } dirección no existe.
   *[other] { $n } direcciones no existen.
  }
returned-domain-unknown = { $n ->
    [one] En { $n } dirección, lo que sigue a la @ no existe o no acepta correo.
   *[other] En { $n } direcciones, lo que sigue a la @ no existe o no acepta correo.
  }
returned-mailbox-disabled = { $n ->
    [one] { $n } buzón se ha cerrado.
   *[other] { $n } buzones se han cerrado.
  }
returned-mailbox-full = { $n ->
    [one] { $n } buzón siguió lleno.
   *[other] { $n } buzones siguieron llenos.
  }
returned-other = { $n }: { $why }
to-do-returned-others = Todos los demás están listos.
to-do-returned-correct = { $n ->
    [one] Corrija la dirección y vuelva a enviar a esta persona. Nadie más recibe correo.
   *[other] Corrija las direcciones y vuelva a enviar a estas { $n }. Nadie más recibe correo.
  }
to-do-returned-look = Con cada uno está lo que hay que hacer.
to-do-returned-link = { $n ->
    [one] Verlo
   *[other] Ver estos { $n }
  }
to-do-not-written = { $n ->
    [one] { $n } entrada del último envío quedó sin correo, y todavía puede recibirlo
   *[other] { $n } entradas del último envío quedaron sin correo, y todavía pueden recibirlo
  }
to-do-not-written-days = { $n ->
    [one] { $n } entrada de los últimos días quedó sin correo, y todavía puede recibirlo
   *[other] { $n } entradas de los últimos días quedaron sin correo, y todavía pueden recibirlo
  }
to-do-not-written-link = Ver quién y por qué
limited-minute = { $n ->
    [one] No sale más de { $n } correo por minuto hacia { $server }: es el límite fijado en Preferencias > Configuración > Correo. El resto espera su turno y sale por sí solo.
   *[other] No salen más de { $n } correos por minuto hacia { $server }: es el límite fijado en Preferencias > Configuración > Correo. El resto espera su turno y sale por sí solo.
  }
limited-day = { $n ->
    [one] Ya salió el único correo ({ $n }) que se da a { $server } en 24 horas: es el límite fijado en Preferencias > Configuración > Correo. El resto no se ha perdido y sigue por sí solo, poco a poco, a partir de entonces: { $until }.
   *[other] Ya salieron los { $n } correos que se dan a { $server } en 24 horas: es el límite fijado en Preferencias > Configuración > Correo. El resto no se ha perdido y sigue por sí solo, poco a poco, a partir de entonces: { $until }.
  }
limited-server = { $server } no acepta más correo por ahora: nuestro cupo allí se ha agotado. Lo que espera no se ha perdido y no se devuelve a nadie. Próximo intento: { $until }; después, cada hora hasta que lo acepte.
limited-through = Todo lo que espera ahora habrá salido aproximadamente a esta hora: { $when }.
recovered = El correo vuelve a salir desde { $since }. Lo que esperaba al servidor sale por sí solo en los próximos { $minutes }, por partes.
waits-for-later = { $n ->
    [one] { $n } correo espera la hora que se le dio.
   *[other] { $n } correos esperan la hora que se les dio.
  }
waits-for-later-many = Al menos { $count } correos esperan la hora que se les dio.
waits-for-later-next = El próximo sale a partir de entonces: { $time }.
waits-in-doubt = { $n ->
    [one] De lo que espera, { $n } correo quizá haya llegado: la conexión se cortó mientras el servidor respondía.
   *[other] De lo que espera, { $n } correos quizá hayan llegado: la conexión se cortó mientras el servidor respondía.
  }
waits-in-doubt-many = De lo que espera, más de 100 correos quizá hayan llegado: la conexión se cortó mientras el servidor respondía.
waits-in-doubt-again = { $n ->
    [one] El mismo correo se envía otra vez por sí solo. No hay nada que hacer, salvo que no quiera que se envíe otra vez.
   *[other] Los mismos correos se envían otra vez por sí solos. No hay nada que hacer, salvo que no quiera que alguno se envíe otra vez.
  }
waits-in-doubt-still = { $n ->
    [one] El mismo correo se envía otra vez cuando vuelva a salir correo a los usuarios, salvo que no lo quiera.
   *[other] Los mismos correos se envían otra vez cuando vuelva a salir correo a los usuarios, salvo que no quiera alguno.
  }
waits-mail = Correo { $id }
waits-full = { $n ->
    [one] { $n } buzón está lleno.
   *[other] { $n } buzones están llenos.
  }
waits-full-until = Bookpost lo intenta hasta { $until }, y luego se lo dice. Ahora no hay nada que hacer.
waits-full-until-first = Bookpost intenta cada uno durante su plazo, el primero hasta { $until }, y luego se lo dice. Ahora no hay nada que hacer.
waits-full-still = Bookpost volverá a intentarlo cuando se reanude el envío, y hasta entonces su tiempo se detiene. Ahora no hay nada que hacer.
waits-full-link = Quién es
look-at-set-aside = Ver lo que se apartó
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
alarm-server-down-do = Si dura, avise a su informático.
alarm-server-down-1 = El Servidor 1 no responde como debería
alarm-server-down-2 = El Servidor 2, el de reserva, no responde como debería
alarm-sign-in-1 = El Servidor 1 no ha aceptado nuestra contraseña
alarm-sign-in-2 = El Servidor 2, el de reserva, no ha aceptado nuestra contraseña
alarm-sign-in = El servidor de correo no ha aceptado nuestra contraseña
alarm-sign-in-do = No se ha devuelto el correo de nadie por eso. Haga introducir y probar la contraseña nueva; entonces el correo sale por sí solo.
alarm-backup-in-use = Está enviando el servidor de reserva
alarm-by-down = No se puede enviar como se debe por { $name }
alarm-backup-by-do = Mientras tanto, todo el correo sale por la reserva, y no hay que volver a enviar nada. Haga revisar { $name }; Bookpost vuelve por sí solo en cuanto acepte correo.
to-do-behind = Todo el correo sale por { $first }, y nada espera por esto. Haga revisar { $name }: hasta entonces no hay nada de reserva.
alarm-backup-in-use-do = Mientras tanto, todo el correo sale por él. Haga reparar el Servidor 1. No hay que volver a enviar nada.
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
alarm-maildrop = El correo de los programas de este ordenador necesita que alguien lo mire
alarm-maildrop-do = Llega por la orden sendmail y su carpeta. Muestre a su informático lo que pone abajo.
alarm-held = Se ha apartado correo
alarm-held-do = Mírelo y decida si se envía.
alarm-quota = Se ha agotado el límite diario de la cuenta de correo
alarm-quota-do = Nada: el resto sale cuando el límite vuelva a estar libre.
to-do-old-export = ¿Es { $name } la exportación correcta?
to-do-old-export-why = Está en la carpeta vigilada y se modificó por última vez hace más de 24 horas, por eso no se envió nada: todavía contiene lo que se ha devuelto desde entonces.
to-do-old-export-do = Ponga en su lugar una exportación más reciente, o diga que esta es la correcta. Hasta entonces espera.
to-do-old-export-take = Es la correcta: enviar sus avisos
done-export-taken = Se están preparando sus avisos. El envío aparecerá aquí en un momento.
alarm-drop-folder = No se puede usar una exportación
alarm-drop-folder-do = Lea abajo el motivo, corríjalo y vuelva a dejar la exportación en la carpeta.
folder-unusable = No se puede usar la carpeta vigilada
folder-unusable-do = Las exportaciones que se dejen allí no se ejecutan hasta que se arregle. Enseñe a su informático lo que hay debajo.
folder-notices = No se pueden hacer avisos
folder-notices-do = No se puede usar un texto o los nombres de las columnas. Enseñe a su informático lo que hay debajo.
folder-unreadable = No se puede leer la exportación { $name }
folder-unreadable-do = Pida a su informático que deje que Bookpost la lea. Espera en la carpeta vigilada.
folder-settings = La exportación { $name } espera a que se corrija la configuración
folder-settings-do = Enseñe a su informático lo que hay debajo. Espera en la carpeta vigilada.
folder-not-now = La exportación { $name } no se ha podido ejecutar por ahora
folder-not-now-do = Nada: se intenta otra vez por sí solo.
folder-stays = La exportación { $name } está terminada y no se puede mover
folder-stays-do = Pida a su informático que la saque de la carpeta vigilada. Mientras tanto no se ejecuta otra vez.
folder-refused = No se ha podido usar la exportación { $name }
folder-refused-do = No se ha enviado nada. Deje una exportación mejor con este nombre en la carpeta vigilada, o súbala.
folder-refused-link = Subir una exportación
folder-kept = No se puede borrar la exportación terminada { $name }
folder-kept-do = Puede contener contraseñas. Pida a su informático que la borre.
folder-undeliverable = No se puede leer el correo devuelto
folder-undeliverable-do = Hasta que se arregle, no se sabe del correo que vuelve más tarde. Enseñe a su informático lo que hay debajo.
alarm-run-interrupted = Se ha interrumpido un envío de avisos
alarm-run-interrupted-do = Repita la misma exportación: se omite a quienes ya se escribió.
alarm-webhook = No se puede comunicar a un programa qué ha sido de su correo
alarm-webhook-do = Enséñeselo a quien cuida de ese programa.
alarm-certificate = No se puede usar el certificado de Bookpost
alarm-certificate-do = Pida a su informático que lo renueve. Mientras tanto se usa el anterior.
alarm-certificate-ends = El certificado de Bookpost caduca
alarm-certificate-ends-do = Pida a su informático que lo renueve antes de ese día. No hay que reiniciar nada.
alarm-waiting = Hay correo que espera desde hace mucho
alarm-waiting-do = Mire en la cola qué espera y por qué. Si la causa no es el buzón del usuario, enséñeselo a su informático.
alarm-in-doubt = Hay correo que puede haber llegado
alarm-in-doubt-do = Pregunte a los usuarios antes de volver a enviarlo.
alarm-silence = Hace más tiempo de lo habitual que no se envían avisos
alarm-schedule = No se enviaron avisos programados
alarm-schedule-do = Mire en Avisos, Programados, qué lo impidió.
alarm-schedule-link = Ver la programación
alarm-silence-do = Compruebe si el sistema de la biblioteca sigue haciendo la exportación y si llega aquí.
silence-daily = No se ha enviado nada desde { $since }; lo habitual es a diario
silence-weekdays = No se ha enviado nada desde { $since }; lo habitual es de lunes a viernes
silence-weekly = No se ha enviado nada desde { $since }; lo habitual es cada semana
silence-days = No se ha enviado nada desde { $since }; lo habitual es al menos cada { $days } días
alarm-restored = Esto se recuperó de una copia de seguridad y el envío está en pausa
alarm-restored-do = Lo que en la copia no había terminado está apartado, porque puede haberse enviado después. Mírelo primero y después reanude el envío.
alarm-other = Hay algo que conviene mirar
alarm-other-do = Enséñeselo a su informático.
