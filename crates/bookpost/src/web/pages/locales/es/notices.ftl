## Avisos de retraso
notices-title = Avisos de retraso
notices-lead = Suba la exportación de su sistema de biblioteca. Antes de enviar nada verá quién recibiría un correo.
upload-title = Enviar avisos
upload-file = La exportación
upload-hint = Un archivo CSV de { $n } MB como máximo, o un libro de Excel (.xlsx) de { $workbook } MB como máximo: la lista de retrasos de Koha, Evergreen u otro sistema de biblioteca.
upload-button = Subir y comprobar
upload-unnamed = exportación
upload-kept = Solo usted y los administradores pueden abrirlo. Se borra cuando se ha enviado, o pasado un día.
upload-too-large = El archivo ocupa más de { $n } MB, demasiado para una exportación de retrasos. ¿Es el archivo correcto?
upload-empty = El archivo está vacío. Si no hay nada retrasado, no hay nada que enviar; si no, haga de nuevo la exportación y compruebe que el sistema de biblioteca escribió algo en ella.
upload-none = Elija primero el archivo de la exportación.
upload-broke-off = El archivo no llegó entero. Inténtelo de nuevo; si dura, enséñeselo a su informático.
upload-busy = En este momento se están subiendo varios archivos. Inténtelo de nuevo dentro de un minuto.
upload-disk = No queda sitio suficiente en el disco de Bookpost. Enséñeselo a su informático.
uploads-title = Sin enviar todavía
uploads-full = No se guardan más de { $n }. Con la próxima subida desaparece la más antigua: { $name }.
uploads-open = Comprobar y enviar
uploads-forget = Borrar
uploads-forget-one = Borrar { $name }
uploads-at = subido { $when }
runs-title = Lo que se envió
runs-none = Todavía no se ha enviado nada
runs-none-why = Aquí aparece cada envío, con quién recibió un correo y quién no. También lo que envían la línea de órdenes y la carpeta vigilada.
run-title = Envío { $id }
run-line-cut-short = interrumpido
run-by-program = por una orden o la carpeta vigilada
run-begun-by = iniciado por { $who }

## Comprobación
check-title = Comprobar
check-uploaded = Subido
check-shape = Forma
check-encoding = Letras (codificación)
check-sheet = Hoja
check-other-sheets = Otras hojas, no leídas
check-hidden-rows = Filas ocultas, no incluidas
check-order = Orden de las fechas
check-newest = Fecha más reciente
check-age = Si estas fechas parecen antiguas, haga de nuevo la exportación.
check-people = { $n ->
    [one] persona recibe un correo
   *[other] personas reciben un correo
  }
check-items = { $n ->
    [one] ejemplar en el archivo
   *[other] ejemplares en el archivo
  }
check-libraries = { $n ->
    [one] biblioteca escribe
   *[other] bibliotecas escriben
  }
check-not-written = { $n ->
    [one] no recibe correo
   *[other] no reciben correo
  }
check-by-library = Por biblioteca
check-left-out = Quién no recibe correo, y por qué
check-all-written = Todas las personas del archivo reciben un correo.
check-all-of-them = Todas las personas de estas bibliotecas que están en el archivo reciben un correo.
check-none-of-them = En el archivo no hay nadie de estas bibliotecas.
check-more = { $n ->
    [one] y { $n } más
   *[other] y { $n } más
  }
check-to-libraries = Añadir el código, y después volver a cargar esta página
check-see = Ver los correos
check-see-hint = Cada correo tal como se enviaría, uno por uno.
check-options = ¿No se ha leído bien el archivo?
check-read-again = Leerlo de nuevo
check-samples = Enviarme 3 muestras
check-samples-hint = El primer correo, uno del medio y el último van a { $email }, marcados como muestras. Ningún usuario recibe nada.
check-samples-hint-practice = Está elegido el buzón de prácticas: el primer correo, uno del medio y el último van allí, marcados como muestras. Están en la cola, y nadie los recibe.
check-changed = Última modificación del archivo
doubt-title = ¿Es este el archivo correcto?
doubt-file = El archivo se modificó por última vez el { $when }, hace más de 24 horas. Todavía contiene lo que se ha devuelto desde entonces.
doubt-dates = La última fecha del archivo es el { $day }. Puede ser una exportación anterior, que todavía contiene lo que se ha devuelto desde entonces.
doubt-broken-off = El archivo termina en mitad de su última línea. Puede que la exportación se cortara y falten personas.
doubt-sure = Sí, enviar a partir de este archivo
notice-none-on = Ningún aviso está activado, así que no se puede enviar nada.
notice-none-on-link = Activar uno
unread-off = El aviso «{ $name }» está desactivado.
unread-off-do = Actívelo o elija otro aviso. El archivo se guarda aquí hasta mañana.
unread-off-switch = Abrir este aviso para activarlo
unread-off-instead = Usar «{ $name }» en su lugar
check-see-lists = Ver las listas para docentes
check-send-title = Enviar
check-send = Enviar
check-send-practice = Enviar al buzón de prácticas
check-take-note = { $n ->
    [one] Tener en cuenta esta exportación: { $n } aviso que espera no se envía
   *[other] Tener en cuenta esta exportación: { $n } avisos que esperan no se envían
  }
shape-koha-page = Koha, página de retrasos
shape-koha-notices = Koha, overdue_notices -csv
shape-evergreen = Evergreen, notify-csv
shape-empty = ninguna: el archivo está vacío
shape-named = reconocido por los nombres de sus columnas
shape-by-hand = columnas elegidas a mano
between-comma = con comas
between-semicolon = con puntos y comas
between-tab = con tabuladores
between-cell = un libro de Excel
order-day = Primero el día (25/12/2026)
order-month = Primero el mes (12/25/2026)
order-year = Primero el año (2026/12/25)
option-found = Como se encontró en el archivo
option-sheet-first = La primera con columnas
option-encoding-hint = Si los nombres salen con letras equivocadas, pruebe otra.
nameless-title = ¿Qué biblioteca?
nameless = { $n ->
    [one] Las líneas de { $n } persona no dicen de qué biblioteca son, y aquí hay varias. Por eso esta persona aún no recibe correo.
   *[other] Las líneas de { $n } personas no dicen de qué biblioteca son, y aquí hay varias. Por eso estas personas aún no reciben correo.
  }
nameless-belong = Las líneas que no dicen la biblioteca son de
nameless-remember = Recordarlo para todas las exportaciones, las envíe quien las envíe
nameless-choose = Elija una biblioteca
option-site = Líneas que no dicen de qué biblioteca son
option-site-none = No usarlas
option-site-hint = A qué biblioteca pertenecen.
n-mails = { $n ->
    [one] { $n } correo
   *[other] { $n } correos
  }
n-people = { $n ->
    [one] { $n } persona
   *[other] { $n } personas
  }
n-addresses = { $n ->
    [one] { $n } dirección
   *[other] { $n } direcciones
  }
n-addresses-of = { $addresses } de { $people }
n-libraries = { $n ->
    [one] { $n } biblioteca
   *[other] { $n } bibliotecas
  }
says-servers = Se envían { $mails } a { $people } de { $libraries } a través de { $way }.
says-practice = Se ponen { $mails } para { $people } de { $libraries } en el buzón de prácticas. Ningún usuario recibe nada.
says-no-way = Se preparan { $mails } para { $people } de { $libraries }. No se ha elegido ninguna forma de envío, así que esperan hasta que se elija una.
says-off = Se preparan { $mails } para { $people } de { $libraries }. Se ha elegido «No enviar», así que esperan hasta que se elija otra forma de envío.
says-nobody = Nadie recibiría un correo con este archivo.
says-lists = Además, { $n ->
    [one] { $n } docente recibe
   *[other] { $n } docentes reciben
} una lista de sus alumnos.
says-without-teacher = { $n ->
    [one] { $n } de estas personas no tiene
   *[other] { $n } de estas personas no tienen
} ninguna dirección de docente en el archivo, así que ningún docente sabrá de ellas.
says-again = El envío de este archivo se interrumpió antes. Si lo envía ahora, solo se escribe a quienes no se escribió.
says-dates = La mayoría de los ejemplares de este archivo aún no vencen. Puede que el día y el mes estén cambiados: mire las fechas antes de enviar.
says-paused = El envío está en pausa: los correos esperan hasta que un administrador lo reanude.
says-limited = Solo se muestra y se envía la parte de sus bibliotecas.
says-notice-limited = Este aviso es solo para: { $libraries }.

## Un archivo que no se puede leer
unread-title = Este archivo no se puede usar todavía
unread-empty = El archivo está vacío.
unread-empty-do = Haga de nuevo la exportación y compruebe que el sistema de biblioteca escribió algo en ella.
unread-kind = Esto es { $kind }, no una exportación con columnas.
unread-kind-do = Elija CSV o un libro de Excel (.xlsx) para la exportación en el sistema de biblioteca.
unread-save-as-do = Ábralo, elija Guardar como, y elija un libro de Excel (.xlsx) o CSV (UTF-8).
unread-locked-do = Ábralo, quítele la contraseña (en Excel, en Archivo, Información, Proteger libro) y guárdelo de nuevo como .xlsx o CSV.
unread-compressed-do = Descomprímalo y suba la exportación que contiene.
unread-workbook-large-do = Si es el correcto: ábralo, vaya a la hoja con los préstamos atrasados y guárdela como CSV (UTF-8).
unread-damaged = Este libro de cálculo está dañado.
unread-damaged-do = Haga la exportación de nuevo, o abra el libro y guárdelo otra vez como .xlsx o CSV.
unread-no-sheet = Ninguna hoja de este libro empieza con los nombres de las columnas.
unread-no-sheet-do = Quite lo que está encima de los nombres, guarde el libro y súbalo de nuevo.
unread-sheet = Ninguna hoja se llama «{ $said }». El libro tiene: { $sheets }.
unread-sheet-do = Elija una de ellas más abajo.
unread-no-names = La primera línea de este archivo no tiene nombres de columnas, sino una dirección, una fecha o un número, o está casi vacía.
unread-no-names-do = Elija en el sistema de biblioteca que se exporten también los nombres de las columnas.
unread-no-table = Este archivo no es una tabla de préstamos atrasados.
unread-large = El archivo es demasiado grande para una exportación de retrasos.
unread-large-do = Compruebe que es el archivo correcto.
unread-columns = No se conocen las columnas de este archivo. Faltan: { $missing }. El archivo tiene: { $seen }.
unread-columns-do = Suba el archivo de nuevo e indique qué son sus columnas.
unread-column = No se sabe qué columna es «{ $name }».
unread-dates = Las fechas se pueden leer de más de una manera: «{ $text }» en la línea { $line }, por ejemplo.
unread-mixed = Las fechas se contradicen: la línea { $day } tiene primero el día, la línea { $month } el mes.
unread-dates-do = Elija lo que es correcto para este archivo.
unread-quote = En la línea { $line } se abren unas comillas que no se cierran, así que todo lo que sigue parece una sola celda.
unread-quote-do = Haga de nuevo la exportación; si no ayuda, corrija esa línea.
unread-other = Algo no está configurado como debería.
unread-other-do = Enséñeselo a su informático.
unread-not-whole = Este archivo no está completo: Bookpost se interrumpió mientras lo guardaba.
unread-not-whole-do = Súbalo de nuevo.
unread-choose = Leerlo así
unread-upload = Subir otro archivo
kind-pdf = un documento PDF
kind-binary-workbook = un libro binario de Excel (.xlsb)
kind-open-document = una hoja de cálculo OpenDocument (.ods)
kind-locked = un archivo protegido con contraseña
kind-old-office = un archivo antiguo de Excel o Word (.xls, .doc)
kind-compressed = un archivo ZIP u otro archivo comprimido
kind-picture = una imagen
kind-text-document = un documento de texto
kind-web-page = una página web, quizá un error o una página de entrada
kind-not-text = un archivo sin texto legible

## Un correo antes de enviarlo
mail-list = Lista para un docente
mail-list-title = Lista { $n } de { $of }
mail-title = Correo { $n } de { $of }
mail-from = De
mail-to = Para
mail-subject = Asunto
mail-previous = Anterior
mail-next = Siguiente
mail-find = Buscar a alguien
mail-find-hint = un nombre, número de carné o dirección
mail-find-button = Buscar
mail-found = Encontrados
mail-found-none = Nadie en este archivo tiene eso en el nombre, el número o la dirección.
mail-not-made = Este correo no se puede preparar: { $why }
sample-mark = [Muestra]

## Un envío
run-sums = Las cuentas
run-lists = Listas para docentes
run-lists-hint = Un correo para cada docente, además de los avisos. No se cuentan arriba.
run-asked = Entradas en total
run-asked-hint = Cuenta cada dirección a la que se escribió, y cada persona o línea a la que no.
run-addresses = { $addresses } de { $people }: algunas personas tienen varias. Cada una recibe su propio correo, y cuenta.
run-accepted = aceptados por el servidor de correo
run-accepted-by = aceptados por { $server }
run-not-written = sin correo
run-aside = También en el archivo
run-by-library = Por biblioteca
run-no-library = Biblioteca desconocida
run-without = { $n ->
    [one] { $n } entrada del archivo queda sin correo.
   *[other] { $n } entradas del archivo quedan sin correo.
  }
run-all = Se aceptaron los { $asked }. No hay nada que hacer.
run-over = Se aceptaron { $done } de { $asked }. Los números llevan a los demás, y a lo que hay que hacer.
run-leaving = Hasta ahora se han aceptado { $done } de { $asked }.
run-in-practice = { $done } de { $asked } están en el buzón de prácticas. Ningún usuario recibió nada.
run-under-way = { $n ->
    [one] Los correos se están preparando: { $n } hasta ahora.
   *[other] Los correos se están preparando: { $n } hasta ahora.
  }
run-cut-short = { $n ->
    [0] Este envío se interrumpió antes de preparar ningún correo.
    [one] Este envío se interrumpió: se preparó { $n } correo, los demás no.
   *[other] Este envío se interrumpió: se prepararon { $n } correos, los demás no.
  }
run-stopped = { $who } detuvo este envío ({ $when }): lo que no había salido no se envía.
run-stopped-for = { $who } detuvo este envío para { $libraries } ({ $when }): lo que no había salido no se envía allí.
run-go-on = Suba de nuevo la misma exportación y envíela: solo reciben un correo aquellos a quienes no se escribió.
run-neither = { $n ->
    [one] Una persona canceló { $n } correo de este envío y no se envía. Tampoco un aviso anterior que le hubiera cedido el paso. Salvo que un envío posterior les haya escrito, no se ha escrito a nadie sobre sus ejemplares. Para escribir de todos modos, suba la exportación más reciente y envíela: quien haya recibido un correo desde entonces queda fuera.
   *[other] Una persona canceló { $n } correos de este envío y no se envían. Tampoco los avisos anteriores que les hubieran cedido el paso. Salvo que un envío posterior les haya escrito, no se ha escrito a nadie sobre sus ejemplares. Para escribir de todos modos, suba la exportación más reciente y envíela: quien haya recibido un correo desde entonces queda fuera.
}
run-doubtful = { $n ->
    [one] { $n } correo de este envío puede haber llegado antes de que una persona lo cancelara. Por eso cuenta como escrito: una exportación nueva no escribe a esta persona sobre los mismos ejemplares durante unos días. Pregúntele si lo recibió; si no, elija Enviar de nuevo junto a su nombre.
   *[other] { $n } correos de este envío pueden haber llegado antes de que una persona los cancelara. Por eso cuentan como escritos: una exportación nueva no escribe a estas personas sobre los mismos ejemplares durante unos días. Pregúnteles si los recibieron; para quien no, elija Enviar de nuevo junto al nombre.
}
run-neither-names = Ver quiénes son
run-go-on-link = Ir a subirla
run-practice = Esto fue una práctica. Para escribir a los usuarios, un administrador elige una forma de envío; después envíe de nuevo la exportación.
run-paused = El envío está en pausa: lo que espera sale cuando un administrador lo reanude.
run-no-way = No se ha elegido ninguna forma de envío: lo que espera sale cuando se elija una.
run-off = Se ha elegido «No enviar»: lo que espera sale cuando se elija otra forma de envío.
run-later = Un servidor de correo todavía puede devolver un correo más tarde. Ese correo va a la dirección para correo no entregable.
run-later-goes-to = Un servidor de correo todavía puede devolver un correo más tarde. Ese correo va a { $address }.
run-stuck-link = Qué hacer
run-none = En este envío no se preparó ningún correo.
run-over-all = Se aceptaron { $done } de { $asked }.
run-may-have-arrived = { $n ->
    [one] De los que esperan, { $n } puede haber llegado: la conexión se cortó mientras el servidor respondía. El mismo correo se envía otra vez por sí solo.
   *[other] De los que esperan, { $n } pueden haber llegado: la conexión se cortó mientras el servidor respondía. Los mismos correos se envían otra vez por sí solos.
  }
run-again = { $n ->
    [one] { $n } se envió de nuevo, y cuenta otra vez como pedido. Si también se devolvió, la persona cuenta una sola vez.
   *[other] { $n } se enviaron de nuevo, y cuentan otra vez como pedidos. Si también se devolvieron, cada persona cuenta una sola vez.
  }
run-stop = Detener: cancelar lo que no ha salido
run-csv = Descargar como tabla (CSV)
part-delivered = { $n ->
    [one] { $n } aceptado
   *[other] { $n } aceptados
  }
part-practiced = { $n } en el buzón de prácticas
part-waiting = { $n } en espera
part-sending = { $n } enviándose
part-returned = { $n ->
    [one] { $n } devuelto
   *[other] { $n } devueltos
  }
part-in-doubt = { $n ->
    [one] { $n } puede haber llegado
   *[other] { $n } pueden haber llegado
  }
part-held = { $n ->
    [one] { $n } apartado
   *[other] { $n } apartados
  }
part-cancelled = { $n ->
    [one] { $n } cancelado
   *[other] { $n } cancelados
  }
part-not-written = { $n } sin correo
part-none = no había que escribir a nadie

## Quién no recibió correo, y qué hacer
left-no-address = { $n ->
    [one] persona sin dirección de correo
   *[other] personas sin dirección de correo
  }
left-no-address-do = Ponga la dirección en el sistema de biblioteca. El próximo envío les escribe.
left-refused-line = { $n ->
    [one] línea que no pudimos usar
   *[other] líneas que no pudimos usar
  }
left-refused-line-do = Corrija el registro en el sistema de biblioteca y haga de nuevo la exportación. Otro envío solo escribe a quienes no se escribió.
left-unknown-branch = { $n ->
    [one] persona de una biblioteca desconocida
   *[other] personas de una biblioteca desconocida
  }
left-unknown-branch-do = Un administrador añade el código en Preferencias, Bibliotecas. Después envíe de nuevo la exportación: solo reciben correo estas personas.
left-other-library = { $n ->
    [one] persona de una biblioteca para la que no es este aviso
   *[other] personas de una biblioteca para la que no es este aviso
  }
left-other-library-do = Nada, si es lo que se quiere. Si deben recibir un correo, añada su biblioteca al aviso, o use un aviso que sea para ella.
left-written-lately = { $n ->
    [one] persona a la que se escribió hace poco
   *[other] personas a las que se escribió hace poco
  }
left-written-lately-do = Nada. Recibieron hace poco un correo sobre los mismos ejemplares, o uno aún espera o puede haber llegado: la lista dice cuál.
left-came-back = { $n ->
    [one] persona cuyo último correo se devolvió
   *[other] personas cuyo último correo se devolvió
  }
left-came-back-do = Corrija la dirección en el sistema de biblioteca, haga de nuevo la exportación y envíela: a otra dirección sí se les escribe. Si la dirección es correcta, abra su correo y elija Enviar de nuevo.
left-not-made = { $n ->
    [one] persona cuyo correo no se pudo preparar
   *[other] personas cuyo correo no se pudo preparar
  }
left-not-made-do = Enseñe el motivo a su informático; puede que haya que cambiar el texto.
left-stopped = { $n ->
    [one] persona cuyo correo se detuvo
   *[other] personas cuyo correo se detuvo
  }
left-stopped-do = Para escribirles después de todo, envíe de nuevo la exportación.
left-not-due-yet = { $n ->
    [one] ejemplar al que aún no le toca este aviso
   *[other] ejemplares a los que aún no les toca este aviso
  }
left-not-due-yet-do = Nada. Estarán en una exportación posterior si no se devuelven.
left-unusable-address = { $n ->
    [one] dirección inservible de alguien que tiene otra
   *[other] direcciones inservibles de personas que tienen otra
  }
left-unusable-address-do = Corrija la dirección en el sistema de biblioteca cuando pueda.
left-aside = { $n ->
    [one] línea que no es para este aviso
   *[other] líneas que no son para este aviso
  }
left-aside-do = Nada. Son para otro aviso, o el mismo ejemplar dos veces.
left-dates = { $n ->
    [one] duda sobre las fechas
   *[other] dudas sobre las fechas
  }
left-dates-do = Compruebe el orden de día y mes, y si es una exportación de retrasos.
left-no-lines = { $n ->
    [one] archivo vacío, o solo con los nombres de las columnas
   *[other] archivos vacíos, o solo con los nombres de las columnas
  }
left-no-lines-do = No hay a quién escribir, o la exportación se cortó. Mire en el sistema de biblioteca.
left-items-returned = { $n ->
    [one] aviso anterior que no se envía, porque sus ejemplares se devolvieron
   *[other] avisos anteriores que no se envían, porque sus ejemplares se devolvieron
  }
left-items-returned-do = Nada. Aún no habían salido, y ninguno de sus ejemplares está en esta exportación.
left-not-told = { $n ->
    [one] biblioteca de la que no podemos saber por esta exportación qué se devolvió
   *[other] bibliotecas de las que no podemos saber por esta exportación qué se devolvió
  }
left-not-told-do = Los correos anteriores que aún esperan se envían de todos modos, aunque algunos de sus ejemplares puedan haberse devuelto. Para que no salgan, corrija la exportación o hágala de nuevo, y envíela.
left-line = línea { $line }
names-none = Nadie
names-none-why = Ya no queda nadie de este envío aquí.
names-family-do = Pida a la familia la dirección correcta y corríjala en la ficha del usuario.
names-tried-again = Nada: se intenta otra vez por sí solo hasta { $until }.
names-can-still = { $n ->
    [one] { $n } entrada quedó sin correo, y todavía puede recibirlo
   *[other] { $n } entradas quedaron sin correo, y todavía pueden recibirlo
  }
names-waiting-in-doubt = en espera, y puede haber llegado
names-doubtful-do = Puede haber llegado, así que una exportación nueva no escribe sobre los mismos ejemplares durante unos días. Pregunte si lo recibió; si no, elija Enviar de nuevo.
names-cancelled-do = Para escribir de todos modos, suba la exportación más reciente y envíela.
names-accepted-by = aceptado por { $server }
names-message = Qué pasó
names-again = Enviar de nuevo
names-again-to = Enviar de nuevo a alguien: { $who }
names-went-again = Enviado de nuevo a { $address }: { $state }
names-more = Más
names-first = Desde el principio

## Detener
stop-question = { $n ->
    [0] ¿Detener este envío?
    [one] ¿Detener este envío y cancelar { $n } correo?
   *[other] ¿Detener este envío y cancelar { $n } correos?
  }
stop-consequence = Lo que no ha salido ya no se envía. No se puede deshacer, pero si envía de nuevo la exportación se escribe exactamente a estas personas.
stop-consequence-but = Lo que no ha salido ya no se envía. No se puede deshacer. Si envía de nuevo la exportación se escribe exactamente a estas personas, pero no a aquellas cuyo correo puede haber llegado.
stop-doubtful = { $n ->
    [one] { $n } de estos correos puede haber llegado: la conexión se cortó mientras el servidor contestaba. No se envía otra vez y cuenta como escrito: una exportación nueva no escribe a esta persona sobre los mismos ejemplares durante unos días. Pregúntele si lo recibió; si no, elija Enviar de nuevo junto a su nombre.
   *[other] { $n } de estos correos pueden haber llegado: la conexión se cortó mientras el servidor contestaba. No se envían otra vez y cuentan como escritos: una exportación nueva no escribe a estas personas sobre los mismos ejemplares durante unos días. Pregúnteles si los recibieron; a quien no, elija Enviar de nuevo junto al nombre.
  }
stop-under-way = Los correos se están preparando todavía: los que faltan ya no se preparan.
stop-gone = { $n ->
    [0] No ha salido ningún correo.
    [one] { $n } correo ya ha salido y no se puede recuperar.
   *[other] { $n } correos ya han salido y no se pueden recuperar.
  }
stop-button = Detener este envío

## Enviar de nuevo
again-title = Enviar de nuevo a { $who }
again-lead = El mismo correo va a esta dirección y a nadie más. Queda escrito en el registro.
again-to = Dirección de correo
again-to-hint = Fue a { $address }. Corríjala también en el sistema de biblioteca.
again-button = Enviar de nuevo
again-no-address = Esto no es una dirección de correo.
again-gone = El texto de este correo ya está borrado. Haga un envío nuevo con otra exportación.
again-not-now = Bookpost no acepta correo en este momento. Inténtelo de nuevo dentro de un minuto.
again-not-finished = Este correo aún está en camino.
again-doubt = ¿Sigue siendo correcto?
again-not-there = Este usuario ya no está en la exportación de { $day } (envío { $run }): probablemente se ha devuelto aquello de lo que trata el correo.
again-wrote = Se escribió a este usuario un aviso más reciente con la exportación de { $day } (envío { $run }). Si ese también fue devuelto, envíe de nuevo ese: este puede nombrar lo que se ha devuelto desde entonces.
again-sure = Sí, enviar este correo de todos modos
again-same-title = ¿Es correcta esta dirección?
again-same = El correo a { $address } se devolvió. Escriba arriba otra dirección. Si esta ya es correcta, dígalo.
again-may-have-arrived = El correo puede haber llegado ya a { $address }: esta persona puede recibirlo dos veces. Si es lo que quiere, dígalo.
again-same-sure = Sí, enviarlo otra vez a esta dirección
again-practice = Este correo es de una práctica: va al buzón de prácticas, y nadie lo recibe.
again-waits = En este momento el correo no llega a los usuarios: está elegido el buzón de prácticas o «No enviar», o ninguna forma de envío. Este correo espera hasta que se elija una forma de envío.

done-samples = { $n ->
    [0] No se envió ninguna muestra: con este archivo, nadie recibiría un correo.
    [one] { $n } muestra va en camino hacia usted.
   *[other] { $n } muestras van en camino hacia usted.
  }
done-samples-practised = { $n ->
    [0] No se hizo ninguna muestra: con este archivo, nadie recibiría un correo.
    [one] { $n } muestra está en el buzón de prácticas. No la recibe nadie, tampoco usted.
   *[other] { $n } muestras están en el buzón de prácticas. No las recibe nadie, tampoco usted.
  }
done-not-sure = No se ha enviado nada: indique antes, encima del botón, que este es el archivo correcto.
done-not-sent = No se ha enviado nada: lo que haría este archivo ha cambiado desde que lo miró. Mírelo de nuevo y envíelo después.
done-not-now = Bookpost no acepta correo en este momento. Inténtelo de nuevo dentro de un minuto.
done-export-forgotten = El archivo subido se ha borrado.
done-oldest-forgotten = Su subida más antigua que no se había enviado se ha borrado: no se guardan más de cinco.
done-run-stopped = { $n ->
    [0] El envío está detenido.
    [one] El envío está detenido. { $n } correo no se enviará.
   *[other] El envío está detenido. { $n } correos no se enviarán.
  }
columns-title = ¿Qué son las columnas?
columns-lead = Indique qué es cada columna que un aviso necesita. Deje las demás como están: no se leen.
columns-needed = Un aviso necesita:
columns-kept = Lo que indique se guarda para todos y para todos los archivos con las mismas columnas. Se puede cambiar y olvidar.
columns-kept-own = Lo que indique vale solo para este archivo subido. Para todos lo indican los administradores y los gestores de todas las bibliotecas.
columns-own = Qué son las columnas se indicó solo para este archivo subido.
columns-for-all = Solo los administradores y los gestores de todas las bibliotecas lo indican y lo olvidan para todos.
columns-missing = Falta por indicar: { $missing }.
columns-twice = Dos columnas no pueden ser las dos «{ $meaning }». Elija una.
columns-secret = Nunca se lee ni se guarda.
columns-empty = Vacía en las primeras líneas.
columns-not-used = No hace falta
columns-save = Leer el archivo así
columns-summary = Columnas
columns-by = Qué son las columnas lo indicó { $who }, { $when }.
columns-by-names = Las columnas se reconocen por sus nombres.
columns-change = Indicar qué son las columnas
columns-forget = Olvidarlo
columns-forget-hint = Para todos los archivos con estas columnas, y para todos.
needed-email = la dirección de correo del usuario
needed-patron = el nombre o el número del usuario
needed-item = el título o el código de barras del ejemplar
needed-date = la fecha de vencimiento o la de préstamo
needed-charge = el importe que se debe
meaning-email = Dirección de correo
meaning-teacher-email = Correo de un docente
meaning-guardian-email = Correo de un padre, madre o tutor
meaning-patron-name = Nombre del usuario
meaning-first-name = Nombre de pila
meaning-family-name = Apellidos
meaning-patron-number = Número de carné
meaning-patron-id = Número interno del sistema de biblioteca
meaning-title = Título
meaning-author = Autor
meaning-item-barcode = Código de barras del ejemplar
meaning-due = Fecha de vencimiento
meaning-checked-out = Fecha de préstamo
meaning-branch = Biblioteca
meaning-language = Idioma del usuario
meaning-call-number = Signatura
meaning-item-number = Número del ejemplar
meaning-price = Precio
meaning-charge = Importe debido
done-columns-kept = A partir de ahora las columnas se leen así.
done-library-of-lines = A partir de ahora las líneas que no dicen la biblioteca se leen como de esa biblioteca, en todas las exportaciones. Para deshacerlo: notices.default_site, entre los cambios en Preferencias.
done-columns-forgotten = Lo indicado sobre las columnas se ha olvidado.
done-sent-again = El correo se envía de nuevo a esta dirección.
done-sent-again-practice = El correo va otra vez al buzón de prácticas. Nadie lo recibe.
done-sent-again-waits = El correo a esta dirección espera hasta que se elija una forma de envío.
csv-name = Nombre
csv-list = (lista para un docente)
csv-number = Número
csv-address = Dirección de correo
csv-library = Biblioteca
csv-line = Línea de la exportación
csv-state = Qué fue de él
csv-accepted-by = Servidor de correo que lo aceptó
csv-why = Por qué
csv-todo = Qué hacer

## Los pormenores de cada uno
detail-export = la exportación
detail-a-teacher = un docente
detail-nameless = un usuario sin nombre
detail-other-notice = es para otro aviso: { $kind }
detail-overdue-already = «{ $item }» ya está vencido
detail-no-due-date-at-all = «{ $item }» no tiene fecha de vencimiento
detail-on-loan = «{ $item }» tiene fecha de vencimiento, así que no es una reserva
detail-nothing-owed = no se debe nada por «{ $item }»
detail-twice = el mismo ejemplar del mismo usuario ya está más arriba
detail-quotation-mark = unas comillas abarcan lo que sigue, hasta la línea { $last }; no se usa ninguna de estas líneas. Quite las comillas de la exportación, o haga que el sistema de biblioteca ponga comillas en todas las celdas
detail-fewer-cells = tiene menos celdas que la primera línea: { $has } en lugar de { $needs }
detail-more-cells = tiene más celdas que la primera línea: { $has } en lugar de { $needs }
detail-fewer-cells-others = tiene menos celdas que las demás: { $has } en lugar de { $needs }
detail-more-cells-others = tiene más celdas que las demás: { $has } en lugar de { $needs }
detail-long-cell = una celda ocupa más de { $kib } KiB
detail-no-items = no nombra ningún ejemplar
detail-no-item = no nombra ningún ejemplar: el título y el código de barras están vacíos
detail-no-patron = no nombra a ningún usuario: el número, el nombre y la dirección están vacíos
detail-many-branches = el archivo nombra más de 65 536 sucursales
detail-no-date = no tiene fecha de vencimiento ni fecha de préstamo
detail-no-due-date = la fecha de vencimiento «{ $text }» no es una fecha
detail-no-checkout-date = la fecha de préstamo «{ $text }» no es una fecha
detail-in-order = { $what } (las fechas de este archivo: { $order })
detail-many-items = el usuario ya tiene { $most } ejemplares más arriba, más de los que lleva nadie
detail-empty = está vacía: no hay retrasos, o la exportación se cortó
detail-only-columns = tiene nombres de columnas y ninguna línea debajo: no hay retrasos, o la exportación se cortó
detail-items = { $n ->
    [one] { $n } ejemplar
   *[other] { $n } ejemplares
  }
detail-no-branch = { $items }: la exportación no dice de qué biblioteca; con varias bibliotecas tiene que decirlo
detail-unknown-branch = { $items }: ninguna biblioteca de aquí tiene el código «{ $code }»
detail-other-library = { $items } de { $library }
detail-not-due = «{ $item }» vence el { $day }
detail-item = «{ $item }»
detail-dates = aún sin vencer: { $part } de { $items }; puede que el día y el mes estén al revés: las fechas se leyeron como { $order }
detail-dates-export = aún sin vencer: { $part } de { $items }; ¿es una exportación de retrasos?
detail-not-an-address = «{ $text }» no es una dirección de correo
detail-no-address = el usuario no tiene dirección de correo en el sistema de biblioteca
detail-no-sender = { $library } no tiene dirección de correo de la que venga el aviso: póngala en Preferencias > Bibliotecas
detail-one-not-an-address = «{ $text }» no es una dirección de correo; el aviso va a { $used }
detail-written-on = se le escribió por última vez el { $day }
detail-came-back = su último correo se devolvió el { $day }, y la dirección sigue siendo la misma
detail-still-waits = un correo sobre los mismos ejemplares aún espera
detail-may-have-arrived = un correo sobre los mismos ejemplares puede haber llegado
detail-stopped = el envío se detuvo antes de preparar este aviso
detail-not-sent = el aviso del envío { $run } aún no había salido y no se envía
detail-thin = { $library }: { $items } en esta exportación, y solo el { $percent } % de los ejemplares de una anterior están entre ellos. No se devuelven tantos a la vez: puede que la exportación se cortara, o que sea solo de una parte
detail-broken-off = la exportación termina en mitad de una línea, así que se cortó
detail-older = { $library }: antes de esta se usó una exportación más reciente, del { $day }
detail-unread-lines = { $n ->
    [one] { $n } línea no se pudo leer y puede ser sobre cualquiera
   *[other] { $n } líneas no se pudieron leer y pueden ser sobre cualquiera
  }
