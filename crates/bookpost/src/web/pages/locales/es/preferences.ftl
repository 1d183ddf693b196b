## Preferencias > Configuración > Correo
prefs-path = Preferencias > Configuración
prefs-title = Correo
applies-to = { $n ->
    [0] Esto vale para todas las bibliotecas; aún no hay ninguna.
    [one] Esto vale para su biblioteca.
   *[other] Esto vale para las { $n } bibliotecas.
  }
changes-programs = Un cambio aquí cambia el correo de: avisos, { $programs }.
changes-notices = Un cambio aquí cambia el correo de los avisos. Ningún otro programa envía aún por Bookpost.
no-preferences = No se pueden mostrar las preferencias
done-preferences = Guardado. Vale desde ahora.
done-preferences-without-address = Guardado. Vale desde ahora. La dirección de correo de arriba solo se ha averiguado: las direcciones de las bibliotecas se escriben en Bibliotecas.
done-address-looked-up = No se ha cambiado nada. La dirección de correo de arriba solo se averigua: las direcciones de las bibliotecas se escriben en Bibliotecas.
done-nothing-changed = No había nada que guardar: ya estaba así.
done-imported = Pasado a Bookpost. Lo que sigue en el archivo tiene más fuerza: quítelo de allí.
not-done = No se ha cambiado nada.

in-use-since-set = Se usa { $server } desde { $since }, cuando se configuró así.
in-use-since-again = Se usa { $server } desde { $since }, cuando volvió a aceptar correo.
in-use-since-started = Se usa { $server } desde { $since }, cuando se inició Bookpost.
in-use-backup = Todo el correo sale, por el servidor de reserva, desde { $since }. Motivo: { $why } (Servidor 1).
so-many-minutes = { $n ->
    [one] { $n } minuto
   *[other] { $n } minutos
  }
so-many-hours = { $n ->
    [one] { $n } hora
   *[other] { $n } horas
  }

## La lista
checklist-title = Para que el correo funcione, también necesita
checklist-done = Hecho:
checklist-missing = Falta:
need-library-yes = { $n ->
    [one] Su biblioteca tiene una dirección de correo.
   *[other] Las { $n } bibliotecas tienen una dirección de correo.
  }
need-library-no = Una biblioteca con su dirección de correo. Sin ella, los avisos no tienen remitente.
need-library-email = Una dirección de correo para: { $libraries }. Hasta entonces sus avisos no se pueden enviar.
need-library-email-fix = Escribir la dirección
need-library-fix = Añadir la biblioteca
need-way-yes = Una forma de envío que funciona: { $name } ({ $server }) ha aceptado correo.
need-way-none = Una forma de envío. El correo espera hasta que elija una.
need-way-practice = Una forma de envío de verdad. Está elegido el buzón de prácticas, y nadie recibe su correo.
need-way-untested = Probar { $name } tal como está configurado: últimamente no se ha visto que acepte correo.
need-way-down = Una forma de envío que funciona. En este momento no sale nada.
need-way-backup = Una forma de envío que funciona. { $name } no acepta correo en este momento, y envía el de reserva.
need-way-locked = La contraseña de { $name }: ya no se puede leer y hay que volver a introducirla.
need-way-fix = Elegir una forma
need-way-test = Ir a la prueba
need-staff-yes = { $n ->
        [one] La dirección de la persona que entra: ningún correo ha vuelto de ella.
       *[other] Las direcciones de { $n } personas que entran: ningún correo ha vuelto de ellas.
    }
need-staff-no = Una dirección correcta para: { $people }. El último correo ha vuelto a causa de la dirección.
need-staff-fix = Corregirla
need-alarm-yes = Se avisa a alguien cuando algo va mal.
need-alarm-no = Alguien a quien se avise cuando algo vaya mal.
need-alarm-fix = Escribir una dirección
need-alarm-second = Otra vía para avisar a alguien si deja de funcionar su servidor de correo: un correo no saldría entonces.
need-alarm-second-fix = Añadir otra vía
need-second-yes = Puede entrar más de un administrador.
need-second-no = Un segundo administrador, para los días en que usted no esté.
need-second-fix = Invitar a alguien

## Encima del formulario
undo = Deshacer esto
undo-too-late = Alguien ha cambiado algo después. Mírelo abajo antes de deshacerlo.
undo-nothing = No hay nada que deshacer.
changed-by = Cambiado por { $who }, { $when }
changed-more = { $n } más
change-line = { $what }: { $before } → { $after }
change-to = { $what }: { $after }
value-usual = el valor habitual
value-yes = sí
value-no = no
prefs-unknown = Una versión posterior de Bookpost ha guardado ajustes que esta versión no conoce, y de los que prescinde: { $names }. Si alguien volvió a esta versión a propósito, no hay que hacer nada.
import-why = Esto lo fija el archivo de configuración o el entorno, y solo se puede cambiar allí:
import = Pasar a Bookpost
meanwhile-title = No se ha guardado nada: otra persona ha cambiado algo desde que abrió esta página.
meanwhile-form = El formulario de abajo tiene sus cambios y todo lo que usted escribió. Mírelo y guarde de nuevo.
meanwhile-both = Esto lo han cambiado los dos. En el formulario está lo que usted escribió:
both-changed = Otra persona ha puesto aquí { $text } entretanto. Si guarda, valdrá lo que está aquí.
both-changed-empty = Otra persona ha vaciado esto entretanto. Si guarda, valdrá lo que está aquí.
tried-not-saved = Aún no se ha guardado nada: la prueba ha fallado.
tried-failed = El { $server } no funciona como está abajo
tried-choose = Corríjalo abajo y guarde de nuevo, o guárdelo tal como está.
tried-back = Corregirlo en el formulario
tried-not-made = No se pudo hacer la prueba.
save-anyway = Guardar de todos modos
taken-over = El Servidor 1 está rellenado abajo y aún no está guardado. Escriba usuario y contraseña si los necesita, y guarde.
port-taken = El puerto { $port } y su seguridad están abajo en el formulario, y todavía no están guardados.

## La primera pregunta
suggest-title = ¿Quién lleva el correo de su biblioteca?
suggest-hint = Bookpost averigua quién aloja esta dirección y propone cómo enviar. Averiguarlo no cambia nada.
suggest-hint-saved = Al guardar, es lo que los usuarios de { $library } ven como remitente.
suggest-hint-several = Las direcciones de sus bibliotecas se cambian en Bibliotecas.
label-library-email = La dirección de correo de la biblioteca
find-out = Averiguar
use-this = Usar esto
host-at = { $domain } tiene su correo en { $by }.
host-behind = El correo de { $domain } pasa por { $by }, que lo revisa. Desde fuera no se ve dónde están los buzones.
host-own = { $domain } tiene su correo en un servidor propio, o en un proveedor que Bookpost no conoce.
host-no-mail = { $domain } no admite correo, y así lo dice. Nadie podría responder a la biblioteca desde allí: use otra dirección.
host-ask = No se encontró ningún servidor por el que enviar. Pregunte a quien lleva su correo por el servidor que usan los programas, su puerto, su cifrado y un usuario.
host-no-domain = No existe { $domain }. Busque una errata en la dirección.
host-no-answer = No se pudo averiguar. Compruebe la red de este ordenador e inténtelo de nuevo.
suggest-google-relay = El servidor de Google para organizaciones, sin contraseña
suggest-google-relay-note = Para escuelas y bibliotecas con Google Workspace. Su administrador de Google permite antes este ordenador: consola de administración de Google, Aplicaciones, Google Workspace, Gmail, Enrutamiento, servicio de relay SMTP.
suggest-gmail = Un buzón en Google
suggest-gmail-note = El usuario es la dirección completa. La contraseña es una contraseña de aplicación, no la habitual: se crea en myaccount.google.com/apppasswords cuando está activada la verificación en dos pasos.
suggest-microsoft = Un buzón en Microsoft 365
suggest-microsoft-note = El usuario es la dirección completa. Pregunte a su administrador si el SMTP autenticado está activado para este buzón: Microsoft está retirando el acceso con contraseña.
suggest-microsoft-direct = El servidor de Microsoft para su propio dominio, sin contraseña
suggest-microsoft-direct-note = Por sí solo admite correo únicamente para su propia organización. Para usuarios de fuera, el administrador crea en el centro de administración de Exchange un conector que conozca este ordenador.
suggest-own = Un servidor de correo que responde allí
suggest-needs-login = Pide usuario y contraseña.
suggest-not-encrypted = No ofrece cifrado: los nombres de los usuarios y los títulos podrían leerse por el camino. Úselo solo dentro de su propia red.
suggest-port-25 = Puede que solo admita correo para sus propias direcciones: pruébelo con una dirección de otro lugar.

## La forma de envío
way-title = Forma de envío
way-none = No enviar
way-none-is = El correo se acepta y espera, sin envejecer. Todas las páginas lo dicen.
way-practice = Buzón de prácticas
way-practice-is = Todo funciona como si fuera de verdad, pero el correo se guarda aquí y nadie lo recibe.
way-servers = Servidores propios
way-servers-is = El correo sale por el Servidor 1 de abajo, y por el Servidor 2 cuando falla el Servidor 1.
way-google = Google
way-google-today = Google todavía no conoce a Bookpost; su informático lo configura una vez. Hasta entonces se envía por Google como Servidores propios: por su relay sin contraseña, o desde un buzón con una contraseña de aplicación.
way-microsoft = Microsoft
way-microsoft-today = Microsoft todavía no conoce a Bookpost; su informático lo configura una vez. Hasta entonces se envía por Microsoft 365 como Servidores propios, desde un buzón con SMTP autenticado.
way-integrated = Servicio de correo integrado
way-integrated-today = Aún no hay ninguno que envíe por usted. Pida un servidor a quien lleva el correo de su biblioteca y elija Servidores propios.
fill-google-relay = Rellenar el relay de Google
fill-gmail = Rellenar un buzón de Gmail
fill-microsoft = Rellenar Microsoft 365

## Servidores
server-1-is = Todo el correo pasa por él.
server-2-is = La reserva, mientras falla el Servidor 1. Sin ella, el correo espera hasta que el Servidor 1 vuelva a funcionar.
server-fields = Ajustes de este servidor
server-test = Probar el { $server }
advanced = Avanzado
label-host = Dirección
help-host = El nombre de su servidor de correo, como smtp.library.example. Lo sabe quien lleva su correo. Para no tener este servidor, vacíe este campo.
label-port = Puerto
hint-port = Son habituales 587, 465 o 25.
help-port = El número de la puerta por la que el servidor admite correo. 587 es lo correcto en la mayoría; 465 está cifrado desde el principio; 25 es para servidores dentro de su propia red.
label-encryption = Seguridad
encryption-by-port = Lo habitual en este puerto
encryption-starttls = Cifrado (recomendado)
encryption-tls = Cifrado desde el principio
encryption-none = Sin cifrar
help-encryption = Cifrado (recomendado) es STARTTLS y va con los puertos 587 y 25; Cifrado desde el principio es TLS y va con el puerto 465. Si no está seguro, deje lo habitual en este puerto.
label-non-secure = Permitir conexiones no seguras
hint-non-secure = Los nombres de los usuarios y los títulos podrían leerse por el camino.
help-non-secure = Bookpost cifra primero. Con esta marca, envía sin cifrar cuando el servidor no puede cifrar. Márquelo solo para un servidor dentro de su propia red.
label-login = Usuario
hint-login = Déjelo vacío si el servidor no pide ninguno.
help-login = El nombre con el que Bookpost entra en el servidor de correo, a menudo una dirección completa. Algunos servidores conocen este ordenador y no piden ninguno.
label-password = Contraseña
help-password = La contraseña que va con el usuario. Se guarda sellada y no se muestra nunca más; si cambia la dirección del servidor, escríbala de nuevo. En Google es una contraseña de aplicación, no la habitual.
label-forget-password = Olvidar la contraseña guardada
password-too-long-ago = La contraseña que se escribió aquí antes ya no se conserva, porque ha pasado más de una hora. Escríbala de nuevo. Todavía no se ha guardado nada.
password-typed = Escrita hace un momento, y conservada hasta que guarde.
label-plain-password = Enviar la contraseña sin cifrar
help-plain-password = Sin esto, una contraseña no se envía nunca por una conexión sin cifrar, aunque se permita lo demás. Otros podrían leerla por el camino.
label-connections = Conexiones al mismo tiempo
help-connections = Cuántos mensajes pueden ir a la vez hacia este servidor. Menos si su proveedor se queja; 20 es lo habitual, Microsoft 365 admite 3.
label-for-urgent = Más conexiones para el correo que va primero
help-for-urgent = Se reservan otras tantas para el correo que no debe esperar detrás de un envío grande, como los enlaces de contraseña.
label-per-minute = Destinatarios por minuto, como máximo
help-per-minute = Si su proveedor solo admite tantos por minuto, escríbalo aquí, y Bookpost retiene el resto. Si está vacío, envía tan deprisa como el servidor admite correo.
label-per-day = Destinatarios por día, como máximo
help-per-day = Lo mismo para 24 horas cualesquiera, como 2000 para un buzón de Gmail. Lo que se retiene por ello se envía al día siguiente, y no envejece mientras espera.
label-per-connection = Mensajes por conexión
help-per-connection = Tras tantos mensajes se cierra una conexión y se abre otra. Algunos servidores quieren pocos.
own-name-title = El nombre con el que nos presentamos
label-own-name = Nombre completo de este ordenador
hint-own-name = Como books.library.example; lo piden los servidores de correo.
help-own-name = Los servidores de correo piden a cada ordenador su nombre completo, con un punto dentro, y desconfían del que no lo tiene. Lo sabe su informático. Si está vacío, no se pueden usar servidores.

## Lo que ven los usuarios
senders-title = Lo que ven los usuarios
senders-library = Biblioteca
senders-from = Lo que ven los usuarios
senders-reply = Adónde van las respuestas
senders-returns = Adónde va el correo que no se puede entregar
senders-none = ninguna: no se puede enviar nada
senders-same = la misma dirección
senders-rewritten = { $name } escribe { $account } en lugar de { $address }; el nombre se queda. Para que los usuarios vean { $address }, introdúzcala en esa cuenta en «Enviar correo como».
senders-if-allowed = { $name } rechaza el correo de { $address }, salvo que quien administra { $name } permita a { $account } enviar como esa dirección («Enviar como»).
senders-change = Cambiarlo en Bibliotecas

## Qué pasa si un correo no se puede enviar
failing-title = ¿Qué pasa si un correo no se puede enviar?
failing-short = En los primeros { $range } (el «periodo corto») se intenta una y otra vez, cada vez tras { $from } a { $to }.
failing-long = Después se intenta de nuevo tras { $from } a { $to }.
failing-end = Tras { $after } se desiste y se devuelve a la biblioteca, con un informe que dice por qué.
failing-at-once = Lo que un servidor rechaza para siempre, como una dirección que no existe, se devuelve enseguida.
label-short-range = Los primeros intentos duran (minutos)
help-short-range = El periodo corto: durante este tiempo tras su primer intento, un mensaje que falló se intenta de nuevo cada pocos minutos. De 10 minutos a 24 horas.
label-short-least = Espera de los primeros intentos, desde (minutos)
label-short-most = hasta (minutos)
help-short-wait = Antes de cada uno de los primeros intentos Bookpost espera un tiempo al azar entre estos dos, para que los mensajes que fallaron juntos no vuelvan juntos.
label-long-least = Espera de los intentos posteriores, desde (minutos)
label-long-most = hasta (minutos)
help-long-wait = Antes de cada intento posterior Bookpost espera un tiempo al azar entre estos dos.
label-give-up = Desistir tras (horas)
help-give-up = Pasado este tiempo, un mensaje que no se pudo enviar vuelve a la biblioteca. 100 horas es lo habitual: un fin de semana largo con un servidor averiado no pierde nada. Un cambio vale para el correo que entre desde ahora; lo que espera conserva su plazo.
label-backup = Mientras eso falla, el correo sale por
backup-none = Nada más (en propios: Servidor 2)
help-backup = La forma de envío elegida arriba puede fallar un tiempo: un servidor no funciona, o un proveedor pide que alguien inicie sesión de nuevo. Entonces el correo sale por lo que se elija aquí, y vuelve a la otra en cuanto funcione. Ningún correo sale por las dos.
label-in-doubt = Si la conexión se corta mientras el servidor responde
in-doubt-retry = Enviar de nuevo (quizá dos veces)
in-doubt-hold = Apartarlo y preguntar a una persona
help-in-doubt = Rara vez una conexión se corta justo cuando el servidor iba a decir que tiene el mensaje. Entonces nadie sabe si llegó. En ambos casos se ve en la cola como «puede haber llegado».

## Informes de devolución
reports-title = Informes de devolución
reports-are = De cada correo que vuelve se informa a la biblioteca: a quién, por qué y qué hacer. El informe va a la dirección de la biblioteca para el correo que no se puede entregar; si no tiene, adonde van las respuestas. De lo que envió un programa se informa al remitente del propio programa.
reports-sample = Ver un ejemplo
label-digest-from = Un solo resumen si vuelven más de
help-digest-from = Si a una dirección vuelven más correos que estos en pocos minutos, la biblioteca recibe un resumen con una lista en lugar de un informe por cada uno.
label-digest-window = Las devoluciones se reúnen durante (minutos)
help-digest-window = Las devoluciones de tantos minutos van en un mismo resumen.
label-report-delay = Un informe se escribe tras (minutos)
help-report-delay = Bookpost espera este tiempo por si vuelve algo más del mismo mensaje, para que haya un solo informe.
label-bulk-over = Un envío grande tiene más mensajes que
help-bulk-over = Lo que es mayor que esto va al final, para que unos pocos correos urgentes no esperen detrás de miles de avisos.
label-null-sender = Los informes no tienen dirección de devolución
help-null-sender = Los informes no suelen tenerla, para que nunca puedan causar otro informe. Quite la marca solo si su servidor rechaza ese correo.
sample-title = Un ejemplo de informe de devolución
sample-lead = Así lee una biblioteca lo que volvió. El usuario no existe; no se envió nada. Los informes están en inglés.
sample-back = Volver a Correo

## Correo que vuelve más tarde
comes-back-title = Correo que vuelve más tarde
comes-back-is = Un servidor de correo puede aceptar un correo y devolverlo minutos o días después, porque la dirección no existe o el buzón está lleno. Si Bookpost lee el lugar adonde va ese correo, la cola y la página del envío de avisos también lo dicen.
comes-back-no-folder = No se lee ninguna carpeta con ese correo. Su informático puede indicar una en el archivo de configuración (undeliverable.maildir).
comes-back-folder = Se lee en { $folder }, cada 15 segundos.
comes-back-counts = Desde que se inició Bookpost: anotados { $noted }; dejados para personas porque nada los une a un correo { $untied }; otra cosa { $others }.
label-comes-back = Dirección adonde va ese correo
hint-comes-back = Por ejemplo returns+*@library.example
help-comes-back = Dónde lo lee Bookpost. Con un asterisco, cada correo recibe su propia dirección de devolución, con letras y cifras en lugar del asterisco que nadie puede inventar, para que lo que vuelva se encuentre con seguridad. Su servidor de correo debe entregar todas estas direcciones en el mismo lugar. Sin asterisco, lo que vuelve se encuentra por lo que cita del correo.
label-comes-by-smtp = Recibir ese correo por la red (SMTP)
help-comes-by-smtp = Su servidor de correo lo entrega directamente a Bookpost. Entonces cualquiera puede traer correo a estas direcciones, y solo a las que Bookpost ha dado a un correo. La dirección debe tener un asterisco.

## Cuánto se guarda
keep-title = Cuánto tiempo se guardan las cosas
label-texts = Guardar los textos (días)
help-texts = Tantos días después de terminar un mensaje, su texto se borra para siempre. En él está lo que alguien tomó prestado: menos tiempo es más privado.
label-records = Guardar los registros (días)
help-records = Tantos días después de terminar un mensaje se borra su registro: a quién, cuándo y qué fue de él. Al menos tanto como los textos.

## A quién avisar
alarms-title = A quién avisar cuando algo va mal
alarms-unheard = Si su servidor de correo deja de funcionar, no podemos avisarle. Añada uno: una dirección web abajo, o un Servidor 2 arriba.
alarms-command = También se ejecuta esta orden, como dice el archivo de configuración:
label-alarm-email = Dirección de correo
help-alarm-email = Quien se ocupa de esto recibe un correo cuando algo va mal, y otro cuando ha pasado. Va por el otro servidor si lo hay.
label-alarm-webhook = Dirección web a la que avisar
help-alarm-webhook = Una dirección web que le da su informático, por ejemplo de un chat o de un sistema de vigilancia. Funciona aunque no se pueda enviar correo.
label-waiting-limit = Avisar cuando el correo espera más de (horas)
help-waiting-limit = Se avisa una vez cuando hay correo que espera desde hace más tiempo que este, aunque el envío no esté en pausa y no se sepa que falle ningún servidor. El correo para buzones llenos no cuenta. Debe ser menos que el tiempo tras el que se desiste. Lo habitual son 24 horas.
label-deadman = Dirección web a la que llamar mientras todo va bien
help-deadman = Una vez por minuto, y solo mientras todo va bien, Bookpost llama a esta dirección de un servicio de vigilancia, que le avisa cuando faltan las llamadas: entonces este ordenador está apagado, Bookpost no funciona o no puede salir ningún correo, como cuando el servidor de correo no responde y no hay otro de reserva. Su informático tiene una dirección así.
fault-waiting-limit = Elija de 1 a 8760 horas, y menos que el tiempo tras el que se desiste; lo habitual son 24.
fault-web-address = Debe ser una dirección web que empiece por https:// y no contenga nombre ni contraseña.
pause-section = Poner en pausa todo el envío
pause-stands-still = Mientras el envío está en pausa, o en No enviar, las { $after } tras las que se desiste no corren.

## Lo que está mal en lo escrito
fault-number = Escriba un número entero, solo con cifras.
fault-range = Elija un número de { $least } a { $most }.
fault-no-host = Escriba la dirección del servidor, o vacíe los demás campos de este servidor.
fault-only-second = No hay Servidor 1. Escriba su único servidor como Servidor 1.
fault-host = Esto no es el nombre ni la dirección de un servidor. Escríbalo sin https:// y sin el puerto, como smtp.library.example.
fault-port = El puerto es un número de 1 a 65535; son habituales 587, 465 o 25.
fault-plain = Sin cifrado, los nombres de los usuarios y los títulos podrían leerse por el camino. Elija un cifrado, o marque Permitir conexiones no seguras si es lo que quiere.
fault-plain-login = Una contraseña no se envía nunca sin cifrar. Elija un cifrado, o deje el usuario vacío, o permítalo en Avanzado.
fault-login-alone = Hay un usuario, pero falta su contraseña. Escriba la contraseña, o deje el usuario vacío.
fault-key-again = Escriba de nuevo la clave. Se escribió para un servicio de inicio de sesión en otra dirección.
fault-password-again = Escriba de nuevo la contraseña. Se escribió para otro servidor, o para una conexión mejor protegida.
fault-password-alone = Hay una contraseña, pero falta su usuario. Escriba el usuario.
fault-no-backup = Esto todavía no está configurado. Escriba abajo el Servidor 1, o haga configurar el proveedor, o elija «Nada más».
fault-same-backup = Esa ya es la forma de envío. Elija otra, o «Nada más».
fault-no-server = Escriba abajo el Servidor 1, o elija otra forma.
fault-own-name = Los servidores de correo piden el nombre completo de este ordenador, con un punto dentro, como books.library.example. Lo sabe su informático.
fault-short-range = Elija de 10 a 1440 minutos.
fault-wait = El primer número debe ser al menos 1, y no mayor que el segundo.
fault-give-up = Se desistiría antes de que terminen los primeros intentos. Elija más tiempo; 100 horas es lo habitual.
fault-keep = Los registros deben guardarse al menos tanto como los textos.
fault-email = Esto no es una dirección de correo. Busque una errata, como una @ que falta.
fault-comes-back = Esto no es una dirección con un asterisco como máximo delante de la @ y un nombre corto allí, como en returns+*@library.example.
fault-comes-by-smtp = Cualquiera podría traer correo a una dirección sin asterisco. Escriba la dirección de arriba con un asterisco, como en *@returns.library.example, o quite la marca.
fault-too-large = Este número no se puede usar. Elija uno menor.
fault-value = Este valor no se puede usar. Elija uno de los que se ofrecen.
fault-password = Esta contraseña no se puede usar. Escríbala de nuevo.
fault-elsewhere = { $what }: el valor no se puede usar así.

## Por qué no se ha cambiado nada
refused-elsewhere = { $what }: se fija en otro lugar ({ $place }), que es más fuerte. Solo se puede cambiar allí.
refused-half-heard = El cambio está guardado, y el Bookpost en marcha no ha podido leerlo todo. Reinicie Bookpost.
refused-key = La clave que sella las contraseñas no se puede usar. Enséñelo a su informático.
refused-unusable = Bookpost no puede trabajar así. Enséñelo a su informático.
refused-change = No se ha podido cambiar. Abra la página de nuevo; si sigue así, enséñelo a su informático.

## Las copias y la clave
copies-title = Copias y la clave
copies-key-for = Bookpost cifra con una clave las contraseñas de sus servidores de correo. La clave no está en ninguna copia de seguridad que haga Bookpost, para que una copia sola no descubra ninguna contraseña: para restaurarla por completo hacen falta las dos.
copies-key-in-file = La clave está en el archivo { $file } del equipo donde funciona Bookpost. Copie este archivo a un lugar seguro, pero no junto a las copias de seguridad.
copies-key-not-yet = Todavía no hay clave. Bookpost la crea cuando la necesita por primera vez, por ejemplo al escribir una contraseña, en el archivo { $file } del equipo donde funciona. Copie entonces este archivo a un lugar seguro, pero no junto a las copias de seguridad.
copies-key-missing = Falta la clave. Su lugar es el archivo { $file } del equipo donde funciona Bookpost: vuelva a poner ahí su copia y reinicie Bookpost.
copies-key-by-file = La clave está en el archivo { $file } del equipo donde funciona Bookpost, como dice la configuración (secrets.key_file). Copie este archivo a un lugar seguro, pero no junto a las copias de seguridad.
copies-key-by-variable = La clave viene de la variable de entorno { $name }, como dice la configuración (secrets.key_env). Copie lo que hay en ella a un lugar seguro, pero no junto a las copias de seguridad.
copies-key-by-credential = La clave viene de la credencial de systemd { $name }, como dice la configuración (secrets.key_credential). Copie lo que hay en ella a un lugar seguro, pero no junto a las copias de seguridad.
copies-key-lost = Si se pierde la clave, hay que volver a escribir las contraseñas de los servidores de correo, y los programas que reciben avisos en una dirección web necesitan un secreto nuevo: la página Hoy dice cuáles. Todo lo demás sigue funcionando.
copies-commands = Estas órdenes muestran de dónde viene la clave y hacen una copia de seguridad de todo lo demás:
said-google-client = Google, Identificador de cliente
said-google-secret = Google, Secreto de cliente
said-microsoft-client = Microsoft, Identificador de cliente
said-microsoft-secret = Microsoft, Secreto de cliente
said-service-address = Servicio de inicio de sesión, Dirección
said-service-key = Servicio de inicio de sesión, Clave
said-service-name = Servicio de inicio de sesión, Gestionado por
said-microsoft-tenant = Microsoft, Organización (tenant)
said-google-audience = Google, para quién es el cliente (público)
said-google-send-by = Google, cómo se entrega el correo
said-microsoft-send-by = Microsoft, cómo se entrega el correo

## Quien escribe una contraseña para el servidor de Google o de Microsoft
instead-google = ¿Usa Gmail para su SMTP?
instead-google-why = Aún no se ha guardado nada. Google ya no acepta de los programas la contraseña habitual de una cuenta. Inicie sesión con Google en su lugar: así Bookpost no necesita contraseña. Si ha creado una contraseña de aplicación para este nombre de usuario, puede seguir con ella.
instead-google-go-on = Seguir con una contraseña de aplicación
instead-microsoft = ¿Usa Microsoft 365 para su SMTP?
instead-microsoft-why = Aún no se ha guardado nada. Microsoft está retirando las contraseñas para los programas que envían correo. Inicie sesión con Microsoft en su lugar: así Bookpost no necesita contraseña. Si su organización aún permite aquí una contraseña, puede seguir con ella.
instead-microsoft-go-on = Seguir con esta contraseña
