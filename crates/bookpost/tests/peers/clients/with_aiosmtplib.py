"""Sends the letter with aiosmtplib."""
import asyncio

import aiosmtplib
from letter import letter, told, trust

told = told()


async def send():
    server = aiosmtplib.SMTP(
        hostname=told["host"], port=told["port"], local_hostname=told["client"], tls_context=trust(told),
        use_tls=told["security"] == "implicit", start_tls=told["security"] == "starttls")
    async with server:
        if told["user"]:
            await server.ehlo()
            sign_in = {"plain": server.auth_plain, "login": server.auth_login}[told["mechanism"]]
            await sign_in(told["user"], told["password"])
        await server.send_message(letter(told))


asyncio.run(send())
