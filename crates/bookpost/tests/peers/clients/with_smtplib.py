"""Sends the letter with Python's smtplib."""
import smtplib

from letter import letter, told, trust

told = told()
place = (told["host"], told["port"], told["client"])
server = smtplib.SMTP_SSL(*place, context=trust(told)) if told["security"] == "implicit" else smtplib.SMTP(*place)
with server:
    if told["security"] == "starttls":
        server.starttls(context=trust(told))
    if told["user"]:
        server.ehlo()
        server.user, server.password = told["user"], told["password"]
        server.auth(told["mechanism"], getattr(server, "auth_" + told["mechanism"]))
    server.send_message(letter(told))
