"""The last servers of a chain: smtp-sink (from Postfix) and aiosmtpd, which keep what they get and can be told to misbehave."""
import asyncio
import itertools
import os
import pwd
import ssl

COMMANDS = "a comma-separated list of commands, such as RCPT,DATA; `.` is the end of the message"


def add_options(p):
    sink = p.add_argument_group("smtp-sink")
    sink.add_argument("--reject", metavar="COMMANDS", help=f"5xx: {COMMANDS}")
    sink.add_argument("--defer", metavar="COMMANDS", help="4xx: the same")
    sink.add_argument("--drop", metavar="COMMANDS", help="hang up without an answer: the same")
    sink.add_argument("--delay", metavar="COMMAND:SECONDS", action="append", default=[], help="wait before the answer")
    sink.add_argument("--hard-reply", metavar="TEXT", help="what --reject says")
    sink.add_argument("--soft-reply", metavar="TEXT", help="what --defer says")
    sink.add_argument("--without", choices=("esmtp", "pipelining", "8bitmime"), action="append", default=[])
    aio = p.add_argument_group("aiosmtpd")
    aio.add_argument("--answer", metavar="ADDRESS=REPLY", action="append", default=[], help="reply to RCPT of that address")
    aio.add_argument("--refuse-after", metavar="SECONDS", type=float, default=0, help="wait before each 4xx or 5xx to RCPT")
    aio.add_argument("--last-answer", metavar="ADDRESS=REPLY", action="append", default=[],
                     help="reply to the whole message if it is for that address")


def smtp_sink(args, folder):
    mail = folder / "mail"
    mail.mkdir(exist_ok=True)
    command = ["/usr/sbin/smtp-sink", "-h", args.hostname, "-d", f"{mail}/"]
    if os.geteuid() == 0:
        user = pwd.getpwnam("postfix")
        os.chown(mail, user.pw_uid, user.pw_gid)
        command += ["-u", "postfix"]
    for flag, value in (("-f", args.reject), ("-r", args.defer), ("-q", args.drop)):
        command += [flag, value] if value else []
    for flag, value in (("-B", args.hard_reply), ("-b", args.soft_reply)):
        command += [flag, value] if value else []
    for value in args.delay:
        command += ["-W", value]
    command += [{"esmtp": "-e", "pipelining": "-p", "8bitmime": "-8"}[x] for x in args.without]
    return [*command, f"127.0.0.1:{args.port}", "100"]


class Kept:
    """Answers as told and keeps each message as mail/NUMBER.eml, its envelope in the first lines of mail/NUMBER.envelope."""

    def __init__(self, args, folder):
        self.folder = folder / "mail"
        self.folder.mkdir(exist_ok=True)
        # After a restart the numbers go on.
        self.numbers = itertools.count(1 + len(list(self.folder.glob("*.eml"))))
        self.answers = dict(x.split("=", 1) for x in args.answer)
        self.refuse_after = args.refuse_after
        self.last_answers = dict(x.split("=", 1) for x in args.last_answer)

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.get(address.lower(), "250 2.1.5 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        else:
            await asyncio.sleep(self.refuse_after)
        return answer

    async def handle_DATA(self, server, session, envelope):
        for address in envelope.rcpt_tos:
            if address.lower() in self.last_answers:
                return self.last_answers[address.lower()]
        name = f"{next(self.numbers):06}"
        lines = [f"MAIL {envelope.mail_from or ''}", *(f"RCPT {a}" for a in envelope.rcpt_tos)]
        (self.folder / f"{name}.envelope").write_text("\n".join(lines) + "\n", "utf-8")
        # The message appears whole or not at all: it is given its name last.
        part = self.folder / f"{name}.part"
        part.write_bytes(envelope.original_content)
        part.rename(self.folder / f"{name}.eml")
        return "250 2.0.0 kept as " + name


def serve_aiosmtpd(args, folder):
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    context = None
    if args.tls != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.cert, args.key)

    def sign_in(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (args.login.encode(), args.password.encode())
        return AuthResult(success=good, handled=False)

    options = {}
    if args.tls == "starttls":
        options["tls_context"] = context
    if args.login:
        options |= {"authenticator": sign_in, "auth_required": True, "auth_require_tls": args.tls == "starttls"}
        options["auth_exclude_mechanism"] = {"plain": ["LOGIN"], "login": ["PLAIN"], None: []}[args.mechanism]
    controller = Controller(
        Kept(args, folder), hostname="127.0.0.1", port=args.port, server_hostname=args.hostname,
        ssl_context=context if args.tls == "implicit" else None, enable_SMTPUTF8=True, data_size_limit=64 << 20, **options)
    controller.start()
    return controller


SINKS = {"smtp-sink": smtp_sink, "aiosmtpd": serve_aiosmtpd}
