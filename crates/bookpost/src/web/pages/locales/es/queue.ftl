## Pausa
pause-title = ¿Poner en pausa todo el envío?
pause-consequence = El correo se acepta y espera. Este tiempo no lo hace más viejo: mientras tanto no se desiste de nada.
pause-button = Poner en pausa
resume-title = ¿Reanudar el envío?
resume-nothing-goes = Aun así no sale nada: se ha elegido «No enviar». Elija otra forma de envío en Preferencias.
resume-consequence = Lo que espera sale, cada correo una sola vez. El envío estaba en pausa desde { $since }, y ese tiempo no hace más viejo ningún mensaje.
resume-restored = Esto se restauró de la copia de seguridad de { $of }. Lo que se ha enviado después no está en ella. Lo que entonces no había terminado se apartó, porque puede haberse enviado después: eso no sale con esto.
resume-held = { $n ->
    [0] No hay nada apartado.
    [one] Ver el correo apartado ({ $n })
   *[other] Ver los { $n } correos apartados
  }
resume-button = Reanudar el envío
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
queue-counted-all = { $n ->
   *[other] en total
  }
queue-all-sites = todas las bibliotecas
queue-all-programs = todos los programas
queue-state = Estado
queue-site = Biblioteca
queue-program = Programa
queue-run = Envío de avisos
queue-to = Para
queue-to-hint = una dirección, su comienzo o @dominio
queue-to-hint-domain = @dominio
queue-subject = Asunto
queue-subject-hint = palabras; los últimos 7 días
queue-number = Número de mensaje
queue-counts = Cuántos hay de estos
queue-counts-end = Contados entre los más recientes; puede haber más.
queue-looked-back-to = No se encontró nada más hasta { $since }. Puede haber correos más antiguos.
queue-look-on = Buscar en correos más antiguos
queue-new = correos nuevos: mostrarlos
queue-tag = Etiqueta
queue-since = Entregado a Bookpost desde
queue-answered = Aceptado por el servidor, o devuelto, desde
queue-more-filters = Más
queue-apply = Mostrar
queue-clear = Mostrar todo
queue-none = Aquí no hay correo
queue-none-why = Nada en la cola es así.
queue-none-yet = Todavía no se ha entregado ningún correo. Aparece aquí en cuanto un programa entregue alguno.
queue-bad-filter = Esto no se puede buscar: { $what }.
bad-beginning = escriba al menos 3 letras de la dirección
bad-domain = detrás de la @ no hay ningún dominio; escriba uno, como @example.org
bad-number = el mensaje se busca por su número
no-addresses = usted no ve las direcciones completas
bad-date = el día no es una fecha
bad-run = un envío de avisos es un número
queue-caption = Correo, lo más nuevo primero
queue-select = Seleccionar { $subject }
queue-select-all = Seleccionar todo en esta página
queue-older = Más antiguo
queue-newest = Lo más nuevo
subject-return-report = informe de devolución
subject-summary = resumen de devoluciones
subject-relayed = correo que volvió, pasado a la biblioteca
queue-without-subject = (sin asunto)
queue-with-selected = Con lo seleccionado
queue-all-that-match = Con todos los correos así, también en otras páginas
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
states-waiting = { $n ->
    [one] en espera
   *[other] en espera
  }
states-sending = { $n ->
    [one] enviándose
   *[other] enviándose
  }
states-in-doubt = { $n ->
    [one] puede haber llegado
   *[other] pueden haber llegado
  }
states-delivered = { $n ->
    [one] aceptado por el servidor
   *[other] aceptados por el servidor
  }
states-practiced = { $n ->
    [one] prácticas: nadie lo recibió
   *[other] prácticas: nadie los recibió
  }
states-returned = { $n ->
    [one] devuelto a la biblioteca
   *[other] devueltos a la biblioteca
  }
states-held = { $n ->
    [one] apartado
   *[other] apartados
  }
states-cancelled = { $n ->
    [one] no enviado, según se decidió
   *[other] no enviados, según se decidió
  }

when-waits-first = espera hasta { $time }
when-waits-again = se intenta de nuevo: { $time }
when-waits-no-way = espera hasta que se elija una forma de envío
when-waits-do-not-send = espera, porque se ha elegido «No enviar»
when-waits-paused = espera hasta que continúe el envío
when-waits-now = sale en cuanto se pueda
when-waits-down = detenido, porque el servidor de correo no responde; se le pregunta cada minuto
when-waits-signed-out = detenido, porque Bookpost no puede entrar en el servidor de correo; lo intenta cada minuto

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
    [one] ¿No enviar este mensaje?
   *[other] ¿No enviar estos { $n } mensajes?
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
consequence-cancel-in-doubt = No se envía de nuevo, y no se avisa a nadie. Aun así, puede haber llegado. Esto no se puede deshacer.
consequence-some-in-doubt = { $n ->
    [one] { $n } de ellos puede haber llegado ya: no se envía de nuevo, pero el usuario puede tenerlo.
   *[other] { $n } de ellos pueden haber llegado ya: no se envían de nuevo, pero los usuarios pueden tenerlos.
  }
consequence-return = El usuario no lo recibe nunca, y la biblioteca recibe un informe de devolución. Esto no se puede deshacer.
consequence-retry = Sale en cuanto se pueda. El correo que puede haber llegado puede llegar dos veces.
consequence-only-possible = Solo afecta al correo cuyo estado lo permite.
selected-all = Todos los correos que son así:
selected-decided = Movido a las
selected-or-more = Contados entre los más recientes; puede haber más, y también se incluyen.
selected-more = { $n ->
    [one] y { $n } más
   *[other] y { $n } más
  }
nothing-left = No queda nada que decidir
nothing-left-why = Ya no hay correo al que se aplique: ha salido, o alguien ha decidido sobre él entretanto. No se ha cambiado nada.
nothing-left-back = Volver
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
done-resumed-in-vain = El envío ya no está en pausa, y aun así no sale nada: se ha elegido «No enviar» en Preferencias.
done-saved-and-paused = Guardado. Hay correo que espera desde hace más de 48 horas: no sale nada hasta que usted decida.
done-language = Se ha cambiado el idioma.

## Personas a las que no llega el correo
unreachable-title = Personas a las que no llega el correo
unreachable-lead = El último correo a cada una de estas personas volvió a causa de la dirección o de su buzón. Quien ha recibido un correo después no está en la lista.
unreachable-filter = Elegir una biblioteca
unreachable-none = Se llega a todo el mundo, que sepamos
unreachable-none-why = No ha vuelto ningún correo a causa de la dirección sin que después se aceptara otro. Un servidor de correo todavía puede devolver correo más tarde.
unreachable-none-yet = En esta parte de la lista no se encontró a nadie. La lista sigue.
unreachable-further = Buscar más
unreachable-csv = Descargar toda la lista como tabla (CSV)
unreachable-since = desde { $since }
unreachable-last = por última vez: { $when }
csv-since = Sin llegar desde
csv-last = Último correo devuelto
