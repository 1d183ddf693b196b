alarm-secrets-lost = Ya no se puede leer una contraseña
alarm-secrets-lost-do = Pida a su informático que reponga la clave de Bookpost, o escriba de nuevo la contraseña.
lost-password-1 = Hay que escribir de nuevo la contraseña de su servidor de correo (Servidor 1)
lost-password-2 = Hay que escribir de nuevo la contraseña de su servidor de correo de reserva (Servidor 2)
lost-password-do = Falta la clave con la que Bookpost guarda las contraseñas, o es otra. Escriba la contraseña en Preferencias > Configuración > Correo, o pida a su informático que reponga la clave y reinicie Bookpost. Todo lo demás sigue funcionando.
lost-webhook = No se puede comunicar a { $program } en { $host } qué ha sido de su correo: se ha perdido el secreto
lost-webhook-do = Falta la clave con la que Bookpost guarda las contraseñas, o es otra. Pida a su informático que reponga la clave y reinicie Bookpost, o que añada otra vez la dirección web de este programa. Todo lo demás sigue funcionando.
