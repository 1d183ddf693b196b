"""Reads the mails named as arguments with Python's `email` and prints what a person would see, as one JSON list."""
import email
import email.header
import email.policy
import email.utils
import json
import sys
import zlib


def decoded(name):
    # The default policy puts a space between two encoded words of a display name; this reads them as RFC 2047 says.
    return "".join(part if isinstance(part, str) else part.decode(charset or "ascii")
                   for part, charset in email.header.decode_header(name))


def people(field):
    return [[decoded(name), address] for name, address in email.utils.getaddresses([str(field)])] if field else []


def text(mail, kind):
    part = mail.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if part else None


def attachment(part):
    octets = part.get_payload(decode=True)
    return [part.get_filename(), len(octets), zlib.crc32(octets)]


def read(path):
    with open(path, "rb") as file:
        raw = file.read()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    plain = email.message_from_bytes(raw, policy=email.policy.compat32)
    return {
        "id": str(mail["Message-ID"]).strip(), "subject": str(mail["Subject"]),
        "from": people(plain["From"]), "to": people(plain["To"]),
        "text": text(mail, "plain"), "html": text(mail, "html"),
        "attachments": [attachment(part) for part in mail.iter_attachments()],
        "defects": [str(defect) for part in mail.walk() for defect in part.defects],
    }


json.dump([read(path) for path in sys.argv[1:]], sys.stdout)
