"""The relays: each function writes the server's configuration into the folder of the run and returns its command line."""
import os
import pathlib
import pwd
import socket
import subprocess
import threading

FOR_EVER = 4 * 86400

POSTFIX_SERVICES = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n WAKE 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def write(path, text, mode=0o644, owner=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.chmod(path, mode)
    if owner:
        give(path, owner)


def give(path, owner):
    user = pwd.getpwnam(owner)
    os.chown(path, user.pw_uid, user.pw_gid)


def folder_for(path, owner):
    path.mkdir(parents=True, exist_ok=True)
    give(path, owner)


def check_passwords(args, path):
    """Answers as saslauthd does, for the one login: four strings with their lengths (login, password, service, realm), then OK or NO."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen()

    def answer(stream):
        login, password, _, _ = (stream.read(int.from_bytes(stream.read(2), "big")).decode() for _ in range(4))
        stream.write(b"\0\2OK" if (login, password) == (args.login, args.password) else b"\0\2NO")
        stream.flush()

    def serve():
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                answer(stream)

    threading.Thread(target=serve, daemon=True).start()


def postfix(args, folder):
    (folder / "queue").mkdir(exist_ok=True)
    folder_for(folder / "data", "postfix")
    # After a sudden end its check of the queue runs as this user, and fails where it cannot log what it finds.
    (folder / "mail.log").touch()
    give(folder / "mail.log", "postfix")
    seconds = lambda value: f"{value}s"
    demand = ""
    if args.login:
        demand = f"""\
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
cyrus_sasl_config_path = {folder}/etc/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"""
        write(folder / "etc/sasl/smtpd.conf", f"""\
pwcheck_method: saslauthd
saslauthd_path: {folder}/passwords
mech_list: {args.mechanism or "plain login"}
""")
        (folder / "passwords").unlink(missing_ok=True)
        check_passwords(args, folder / "passwords")
    # Whoever runs the test may say what becomes of a recipient: an answer, or `never`.
    (folder / "recipients").touch()
    write(folder / "etc/main.cf", f"""\
compatibility_level = 3.6
smtpd_restriction_classes = never
never = sleep 3600
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/recipients
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = {args.hostname}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = ipv4
relayhost = [127.0.0.1]:{args.sink_port}
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
smtpd_tls_security_level = {"none" if args.tls == "none" else "may"}
smtpd_tls_cert_file = {args.cert or ""}
smtpd_tls_key_file = {args.key or ""}
smtpd_peername_lookup = no
smtpd_discard_ehlo_keywords = {args.conceal}
smtp_tls_security_level = {"none" if args.next_tls == "none" else "encrypt"}
smtp_tls_CAfile = {args.next_ca or ""}
smtp_tls_wrappermode = {"yes" if args.next_tls == "implicit" else "no"}
smtp_sasl_auth_enable = {"yes" if args.next_login else "no"}
smtp_sasl_password_maps = inline:{{ {{ [127.0.0.1]:{args.sink_port} = {args.next_login}:{args.next_password} }} }}
smtp_sasl_security_options = noanonymous
delay_warning_time = {seconds(args.warn_after or 0)}
maximal_queue_lifetime = {seconds(args.give_up_after or FOR_EVER)}
bounce_queue_lifetime = {seconds(args.give_up_after or FOR_EVER)}
queue_run_delay = {seconds(args.retry_every)}
minimal_backoff_time = {seconds(args.retry_every)}
maximal_backoff_time = {seconds(args.retry_every)}
{demand}""")
    wrapper = " -o smtpd_tls_wrappermode=yes" if args.tls == "implicit" else ""
    listener = f"127.0.0.1:{args.port} inet n - n - - smtpd{wrapper}\n"
    write(folder / "etc/master.cf", listener + POSTFIX_SERVICES.replace("WAKE", str(args.retry_every)))
    return ["/usr/sbin/postfix", "-c", str(folder / "etc"), "start-fg"]


def exim(args, folder):
    for name in ("spool", "log"):
        folder_for(folder / name, "Debian-exim")
    tls = "tls_advertise_hosts =\n"
    if args.tls != "none":
        give(args.key, "Debian-exim")
        tls = f"tls_advertise_hosts = *\ntls_certificate = {args.cert}\ntls_privatekey = {args.key}\n"
    if args.tls == "implicit":
        tls += f"tls_on_connect_ports = {args.port}\n"
    demand = "  require authenticated = *\n" if args.login else ""
    authenticators = ""
    if args.login:
        ok = "${if and{{eq{$auth%d}{" + args.login + "}}{eq{$auth%d}{" + args.password + "}}}{yes}{no}}"
        plain = f"""plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = {ok % (2, 3)}
  server_set_id = $auth2
"""
        login = f"""login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = {ok % (1, 2)}
  server_set_id = $auth1
"""
        authenticators = {"plain": plain, "login": login, None: plain + login}[args.mechanism]
    next_server = "  hosts_avoid_tls = *\n"
    if args.next_tls != "none":
        next_server = f"  hosts_require_tls = *\n  tls_verify_hosts = *\n  tls_verify_certificates = {args.next_ca}\n"
    if args.next_tls == "implicit":
        next_server += "  protocol = smtps\n"
    if args.next_login:
        next_server += "  hosts_require_auth = *\n"
        authenticators += f"""next:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{args.next_login}^{args.next_password}
"""
    if authenticators:
        authenticators = "begin authenticators\n" + authenticators
    warn = f"{args.warn_after}s" if args.warn_after else "0s"
    write(folder / "exim.conf", f"""\
exim_path = /mnt/bin/exim4
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path =
primary_hostname = {args.hostname}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {args.port}
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
queue_run_max = 5
delay_warning = {warn}
{tls}host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
begin acl
acl_rcpt:
{demand}  accept
acl_data:
  accept
begin routers
smarthost:
  driver = manualroute
  domains = *
  transport = out
  route_list = * 127.0.0.1
  self = send
begin transports
out:
  driver = smtp
  port = {args.sink_port}
  allow_localhost
{next_server}  hosts_try_prdr = :
begin retry
* * F,{args.give_up_after or FOR_EVER}s,{args.retry_every}s
{authenticators}""")
    # Exim keeps its rights only with a configuration that is named here.
    write(pathlib.Path("/etc/exim4/trusted_configs"), f"{folder}/exim.conf\n")
    return ["/mnt/bin/exim4", "-C", str(folder / "exim.conf"), "-bdf", f"-q{args.retry_every}s"]


def version(*command):
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout + told.stderr


def opensmtpd(args, folder):
    if args.login and args.tls == "none":
        raise SystemExit("opensmtpd has AUTH only with --tls starttls or implicit")
    if args.tls != "none" and " 6." in version("/mnt/bin/smtpd", "-h"):
        raise SystemExit("opensmtpd 6 finds no private key with OpenSSL 3 (its handshakes fail): only --tls none")
    pathlib.Path("/var/lib/opensmtpd/empty").mkdir(parents=True)
    pki, security, auth = "", "", ""
    if args.tls != "none":
        pki = f'pki peer cert "{args.cert}"\npki peer key "{args.key}"\n'
        security = {"starttls": " tls pki peer", "implicit": " smtps pki peer"}[args.tls]
    if args.login:
        hashed = subprocess.run(["openssl", "passwd", "-6", args.password], check=True, capture_output=True, text=True)
        write(folder / "logins", f"{args.login} {hashed.stdout.strip()}\n", 0o640, "opensmtpd")
        pki += f'table logins file:{folder}/logins\n'
        auth = " auth <logins>"
    scheme = {"none": "smtp", "starttls": "smtp+tls", "implicit": "smtps"}[args.next_tls]
    next_server = f"host {scheme}://127.0.0.1:{args.sink_port}"
    if args.next_login:
        write(folder / "next", f"next {args.next_login}:{args.next_password}\n", 0o640, "opensmtpd")
        pki += f"table next file:{folder}/next\n"
        next_server = f"host {scheme}://next@127.0.0.1:{args.sink_port} auth <next>"
    if args.next_tls != "none":
        next_server += " tls no-verify"
    times = f"bounce warn-interval {args.warn_after}s\n" if args.warn_after else ""
    times += f"queue ttl {args.give_up_after}s\n" if args.give_up_after else ""
    write(folder / "smtpd.conf", f"""\
{pki}{times}listen on 127.0.0.1 port {args.port}{security}{auth} hostname {args.hostname}
action "out" relay {next_server} helo {args.hostname}
match from any for any action "out"
""", 0o600)
    return ["/mnt/bin/smtpd", "-F", "-f", str(folder / "smtpd.conf")]


def dovecot_sign_in(args, folder):
    """What signs people in: one login and its password, or any token that whoever gives tokens knows (RFC 7662)."""
    if args.introspection:
        write(folder / "tokens", f"""\
introspection_mode = post
introspection_url = {args.introspection}
username_attribute = sub
active_attribute = active
active_value = true
""")
        return args.mechanism or "xoauth2 oauthbearer", "oauth2", folder / "tokens"
    write(folder / "logins", f"{args.login}:{{PLAIN}}{args.password}\n", 0o644)
    return args.mechanism or "plain login", "passwd-file", folder / "logins"


def dovecot_submission(args, folder):
    if not args.login and not args.introspection:
        raise SystemExit("dovecot-submission always demands AUTH: give --login or --introspection")
    mechanisms, driver, given = dovecot_sign_in(args, folder)
    folder_for(folder / "home", "nobody")
    ssl = "ssl = no"
    if args.tls != "none":
        ssl = f"ssl = yes\nssl_cert = <{args.cert}\nssl_key = <{args.key}"
    service = "submissions" if args.tls == "implicit" else "submission"
    other = "submission" if args.tls == "implicit" else "submissions"
    implicit = "    ssl = yes\n" if args.tls == "implicit" else ""
    write(folder / "dovecot.conf", f"""\
base_dir = /run/dovecot
state_dir = {folder}/state
log_path = {folder}/mail.log
hostname = {args.hostname}
protocols = submission
{ssl}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
passdb {{
  driver = {driver}
  mechanisms = {mechanisms}
  args = {given}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/home
}}
mail_location = maildir:~/mail
submission_relay_host = 127.0.0.1
submission_relay_port = {args.sink_port}
service submission-login {{
  inet_listener {service} {{
    address = 127.0.0.1
    port = {args.port}
{implicit}  }}
  inet_listener {other} {{
    port = 0
  }}
}}
""")
    return ["/usr/sbin/dovecot", "-F", "-c", str(folder / "dovecot.conf")]


PEERS = {"postfix": postfix, "exim": exim, "opensmtpd": opensmtpd, "dovecot-submission": dovecot_submission}
