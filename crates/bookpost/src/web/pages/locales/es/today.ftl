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
health-do-not-send-by = No se envía nada: se ha elegido «No enviar» desde { $since } ({ $who }).
health-do-not-send = No se envía nada: se ha elegido «No enviar».
health-practice = El correo va al buzón de prácticas. Nadie lo recibe.
health-stopped = El envío se ha detenido: una parte de Bookpost ha terminado. Reinicie Bookpost.
last-run = { $when }: { $what }
last-run-practice = { $when }, una práctica: { $what }. Ningún usuario recibió nada.
last-run-under-way = { $when }: hay un envío en marcha. Hasta ahora { $what }
last-run-cut-short = { $when }: un envío se interrumpió. Hasta entonces { $what }
last-run-since = Desde la última vez que miró ({ $when }): { $runs } envíos con { $what }
last-run-since-many = Desde la última vez que miró ({ $when }): más de { $runs } envíos
last-run-notices = { $n ->
    [one] { $n } aviso
   *[other] { $n } avisos
  }
last-run-accepted = { $accepted } por { $server }
last-run-server = el servidor de correo
server-1 = el Servidor 1
server-2 = el Servidor 2

figures = Cómo va
figure-accepted = entregados a Bookpost hoy
figure-delivered = aceptados hoy por el servidor
figure-practiced = practicados hoy
figure-returned = devueltos hoy
figure-waiting = en espera
figure-in-doubt = pueden haber llegado
figure-held = apartados

libraries = Por biblioteca
library = Biblioteca
of-no-library = de ninguna biblioteca

chart-hours = Las últimas 24 horas
chart-days = Los últimos 7 días
chart-handed-in = entregados a Bookpost
chart-accepted = aceptados por el servidor
chart-returned = devueltos
chart-rest = sin terminar o no enviados
chart-when = Cuándo se entregaron a Bookpost
chart-table = Los números en una tabla
chart-most-hour = Como máximo { $n } en una hora
chart-most-day = Como máximo { $n } en un día

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
alarm-certificate-ends = El certificado de Bookpost caduca
alarm-certificate-ends-do = Pida a su informático que lo renueve antes de ese día. No hay que reiniciar nada.
alarm-waiting = Hay correo que espera desde hace mucho
alarm-waiting-do = Mire en la cola qué espera y por qué. Si la causa no es el buzón del usuario, enséñeselo a su informático.
alarm-in-doubt = Hay correo que puede haber llegado
alarm-in-doubt-do = Pregunte a los usuarios antes de volver a enviarlo.
alarm-silence = Hace más tiempo de lo habitual que no se envían avisos
alarm-silence-do = Compruebe si el sistema de la biblioteca sigue haciendo la exportación y si llega aquí.
silence-daily = No se ha enviado nada desde { $since }; lo habitual es a diario
silence-weekdays = No se ha enviado nada desde { $since }; lo habitual es de lunes a viernes
silence-weekly = No se ha enviado nada desde { $since }; lo habitual es cada semana
silence-days = No se ha enviado nada desde { $since }; lo habitual es al menos cada { $days } días
alarm-restored = Esto se recuperó de una copia de seguridad y el envío está en pausa
alarm-restored-do = Mire lo que quedó apartado y después reanude el envío.
alarm-other = Hay algo que conviene mirar
alarm-other-do = Enséñeselo a su informático.
