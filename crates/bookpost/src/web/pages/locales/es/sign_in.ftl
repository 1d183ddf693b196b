## Entrar
sign-in-title = Entrar
sign-in-email = Correo electrónico
sign-in-password = Contraseña
sign-in-button = Entrar
sign-in-forgot = ¿La ha olvidado?
sign-in-new = Todavía no puede entrar nadie como administrador.
sign-in-new-log = El enlace con el que se crea el primer administrador está donde se inició Bookpost: en esa ventana, o en el registro del servicio (journalctl -u bookpost). Sirve durante una hora.
sign-in-new-link = Para obtener uno nuevo, ejecute esto en el ordenador donde funciona Bookpost, con el --config con el que se inició, si lo hubo:
sign-in-refused = Este correo electrónico y esta contraseña no van juntos.
sign-in-disabled = Esta cuenta está desactivada. Pregunte a un administrador.
sign-in-busy = Demasiadas personas están entrando en este momento. Inténtelo de nuevo en un minuto.
sign-in-slow = Demasiadas contraseñas equivocadas desde aquí. Inténtelo de nuevo en { $n ->
    [one] { $n } segundo
   *[other] { $n } segundos
  }.
sign-in-kept-out = Si no las escribió usted, quien cuida del ordenador de Bookpost puede hacerle un enlace con el que entra enseguida: bookpost people reset-link, y su dirección de correo.
sign-in-nothing-saved = Entretanto se cerró su sesión y no se guardó nada. Entre, y volverá a esa página; lo último que escribió hay que escribirlo otra vez.
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
reset-intro = Elija una contraseña nueva. Se cerrarán sus sesiones en los demás ordenadores, y las claves que se hicieron para usted ya no abrirán nada.
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
link-set-up-why = Bookpost ya está configurado. Quien lo configuró entra con su contraseña, y añade a los demás en Preferencias > Personas.
link-dead-why = Ya se usó, o se acabó su tiempo. Pida uno nuevo a un administrador, o ejecute esto en el ordenador donde funciona Bookpost:

## Entrar por medio de otro
oidc-button = Entrar con { $name }
oidc-or = O con su contraseña de aquí:
oidc-title = No ha entrado
oidc-again = Volver a entrar
oidc-slow = Demasiados intentos desde aquí no tuvieron éxito. Inténtelo de nuevo en { $n ->
    [one] { $n } segundo
   *[other] { $n } segundos
  }.
oidc-stale = Ha tardado demasiado, o se empezó en otro navegador. Empiece de nuevo.
oidc-refused = { $name } no le ha dejado entrar.
oidc-provider = No se puede preguntar a { $name } en este momento. Inténtelo de nuevo, o entre con su contraseña.
oidc-not-verified = { $name } no confirma que esta dirección de correo sea suya. Pida a su informático que lo mire.
oidc-no-address = { $name } no nos dice su dirección de correo. Pida a su informático que lo mire.
oidc-unknown = { $name } dice que usted es { $email }. Nadie con esta dirección puede usar Bookpost. Pida a un administrador que le dé acceso.
