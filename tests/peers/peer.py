"""Starts one mail server with a configuration written for the run, and ends it when standard input is closed.

Run it through `start`, which puts it into namespaces of its own when it may.
"""
import argparse
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

import sinks
from configs import PEERS

STAGE = pathlib.Path("/mnt")  # in our own mount namespace: every system user may walk through it
LAID_OVER = ("/etc/exim4", "/var/lib", "/var/spool", "/run")
READY_WITHIN = 30.0


def arguments():
    p = argparse.ArgumentParser(prog="start", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("peer", choices=sorted([*PEERS, *sinks.SINKS]))
    p.add_argument("dir", type=pathlib.Path, help="folder for its configuration, queue, log and mail (made if missing)")
    p.add_argument("port", type=int, help="listens on 127.0.0.1 here")
    p.add_argument("sink_port", type=int, nargs="?", default=0, help="relays everything to 127.0.0.1 here")
    p.add_argument("--tls", choices=("none", "starttls", "implicit"), default="none")
    p.add_argument("--cert", type=pathlib.Path, help="certificate chain, PEM")
    p.add_argument("--key", type=pathlib.Path, help="its key, PEM")
    p.add_argument("--login", help="demand AUTH PLAIN or LOGIN with this name (not smtp-sink)")
    p.add_argument("--password", default="secret")
    p.add_argument("--introspection", metavar="URL", help="demand a token that is known there (RFC 7662; dovecot-submission)")
    mechanisms = ("plain", "login", "xoauth2", "oauthbearer")
    p.add_argument("--mechanism", choices=mechanisms, help="offer only this one (default: both)")
    p.add_argument("--next-tls", choices=("none", "starttls", "implicit"), default="none", help="hand on this way (relays)")
    p.add_argument("--next-ca", type=pathlib.Path, help="certificate of the authority behind the next server, PEM")
    p.add_argument("--next-login", help="sign in with this name at the next server (relays)")
    p.add_argument("--next-password", default="secret")
    p.add_argument("--hostname", default="relay.example.org")
    p.add_argument("--conceal", default="", metavar="WORDS", help="do not offer these of EHLO, such as pipelining (postfix)")
    p.add_argument("--warn-after", type=int, metavar="SECONDS", help="delay warning to the sender (relays)")
    p.add_argument("--give-up-after", type=int, metavar="SECONDS", help="return what is older (relays)")
    p.add_argument("--retry-every", type=int, metavar="SECONDS", default=300, help="look at the queue so often (relays)")
    sinks.add_options(p)
    args = p.parse_args()
    if args.tls != "none" and not (args.cert and args.key):
        p.error("--tls needs --cert and --key")
    if args.next_tls != "none" and not args.next_ca:
        p.error("--next-tls needs --next-ca")
    if args.peer in PEERS and args.sink_port == 0:
        p.error(f"{args.peer} is a relay: it needs SINKPORT")
    return args


def run(*command):
    subprocess.run(command, check=True)


def set_the_stage(args):
    """Gives the server its file system. Returns the folder of the run as the server sees it."""
    folder = args.dir.resolve()
    tree = pathlib.Path(os.environ["BOOKPOST_TEST_PEERS"], "root")
    certificates = [p.resolve().read_bytes() if p else b"" for p in (args.cert, args.key, args.next_ca)]
    # Servers give up root, and must still come through.
    os.chmod(folder, folder.stat().st_mode | 0o011)
    # The run's folder is taken first, by an open descriptor: it may itself lie below one that is laid over.
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "stage", STAGE)
    (STAGE / "work").mkdir()
    run("mount", "--bind", f"/proc/{os.getpid()}/fd/{opened}", STAGE / "work")
    os.close(opened)
    (STAGE / "bin").mkdir()
    for name, mode in (("exim4", 0o4755), ("smtpd", 0o755), ("smtpctl", 0o755)):
        if (tree / "usr/sbin" / name).exists():
            shutil.copy(tree / "usr/sbin" / name, STAGE / "bin" / name)
            os.chmod(STAGE / "bin" / name, mode)
    for path in LAID_OVER:
        if os.path.isdir(path):
            run("mount", "-t", "tmpfs", "-o", "mode=755", "empty", path)
    write(STAGE / "mailname", args.hostname + "\n")
    if os.path.exists("/etc/mailname"):
        run("mount", "--bind", STAGE / "mailname", "/etc/mailname")
    socket.sethostname(args.hostname)
    if args.cert:
        write(STAGE / "cert.pem", certificates[0].decode())
        write(STAGE / "key.pem", certificates[1].decode(), 0o600)
        args.cert, args.key = STAGE / "cert.pem", STAGE / "key.pem"
    if args.next_ca:
        write(STAGE / "ca.pem", certificates[2].decode())
        args.next_ca = STAGE / "ca.pem"
    return STAGE / "work"


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.chmod(path, mode)


def end_with(child):
    """Reaps everything (as process 1 of the namespace, orphans are ours too); the server's own end is our failure."""
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        if pid == child:
            print(f"peer ended by itself: {os.waitstatus_to_exitcode(status)}; see its log", file=sys.stderr)
            os._exit(1)


def greeted(args):
    """Whether the server greets by now, in whatever words: smtp-sink may be told to refuse or to hang up."""
    try:
        with socket.create_connection(("127.0.0.1", args.port), timeout=5) as plain:
            if args.tls != "implicit":
                return len(plain.recv(3)) == 3 or args.peer == "smtp-sink"
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(plain) as tls:
                return len(tls.recv(3)) == 3
    except OSError:
        return False


def main():
    args = arguments()
    args.dir.mkdir(parents=True, exist_ok=True)
    root = os.geteuid() == 0
    if args.peer in PEERS and not root:
        print(f"{args.peer} can only be started by root", file=sys.stderr)
        sys.exit(os.EX_NOPERM)
    folder = set_the_stage(args) if root else args.dir.resolve()
    if args.peer == "aiosmtpd":
        sinks.serve_aiosmtpd(args, folder)
    else:
        command = (PEERS | sinks.SINKS)[args.peer](args, folder)
        with open(folder / "output.log", "ab") as log:
            try:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder).pid
            except FileNotFoundError:
                print(f"{args.peer} is not installed: run tests/peers/install", file=sys.stderr)
                sys.exit(os.EX_UNAVAILABLE)
        threading.Thread(target=end_with, args=(child,), daemon=True).start()
    until = time.monotonic() + READY_WITHIN
    while not greeted(args):
        if time.monotonic() > until:
            print(f"{args.peer} did not greet within {READY_WITHIN:.0f} s; see its log", file=sys.stderr)
            os._exit(1)
        time.sleep(0.05)
    print("ready", flush=True)
    while sys.stdin.buffer.read(4096):
        pass
    if not root and args.peer != "aiosmtpd":
        os.kill(child, 9)
    os._exit(0)


if __name__ == "__main__":
    main()
