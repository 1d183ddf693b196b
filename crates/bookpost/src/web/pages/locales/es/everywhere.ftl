## En todas partes
skip = Ir al contenido
nav = Principal
nav-today = Hoy
nav-preferences = Preferencias
nav-notices = Avisos
nav-queue = Cola
nav-setup = Preferencias, configuración
nav-email = Correo
nav-libraries = Bibliotecas
nav-programs = Programas
nav-people = Personas
nav-log = Registro
own-account = Su cuenta
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
banner-do-not-send-by = Se ha elegido «No enviar» desde { $since } ({ $who }). El correo se acepta y espera.
banner-do-not-send = Se ha elegido «No enviar». El correo se acepta y espera.
banner-practice = Buzón de prácticas: el correo se guarda aquí y nadie lo recibe.
banner-resume = Volver a enviar

weekday-1 = lun
weekday-2 = mar
weekday-3 = mié
weekday-4 = jue
weekday-5 = vie
weekday-6 = sáb
weekday-7 = dom
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

## Lo que no hay
not-found-title = No existe esa página
not-found-why = Puede que se haya borrado, o que la dirección tenga un error.
not-allowed-title = No puede hacer esto
not-allowed-why = Pregunte a un administrador, si lo necesita.
refused-title = Esto no se ha hecho
refused-origin = La petición no venía de una página de Bookpost. Abra Bookpost y hágalo allí.
refused-form = La página era demasiado antigua. Vuelva atrás, cárguela de nuevo y repita lo que hizo.
refused-many = Se pueden nombrar uno por uno 500 correos como máximo. Elija menos, o todos los que son así.
refused-host = A Bookpost no se le conoce por este nombre. Ábralo por la dirección que dice `bookpost config show`.
unavailable-title = La cola no se puede leer en este momento
unavailable-why = No se pierde ningún correo. Inténtelo de nuevo; si dura, enséñeselo a su informático.
undone-title = Puede que esto no se haya hecho, o solo en parte
undone-why = Mire en la cola cómo está y vuelva a intentarlo. Si dura, enséñeselo a su informático; el motivo está en el registro de Bookpost.
back-to-today = Ir a Hoy

## Quién cambió algo
by-command-line = alguien en la línea de órdenes
by-configuration = el archivo de configuración
by-nobody-signed-in = alguien en la página de entrada
