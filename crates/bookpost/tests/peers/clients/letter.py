"""The letter, made as Python programs make it from what they are told."""
import email.message
import email.policy
import json
import pathlib
import ssl
import sys


def told():
    return json.loads(sys.argv[1])


def letter(told):
    message = email.message.EmailMessage(email.policy.SMTP)
    message["From"] = email.headerregistry.Address(told["name"], addr_spec=told["from"])
    message["To"], message["Subject"] = told["to"], told["subject"]
    message.set_content(pathlib.Path(told["text"]).read_text("utf-8"))
    attachment = pathlib.Path(told["attachment"])
    message.add_attachment(attachment.read_bytes(), maintype="application", subtype="octet-stream", filename=attachment.name)
    return message


def trust(told):
    return ssl.create_default_context(cafile=told["authority"])
