"""The rival without a queue: sends ready-made mails over one connection that it keeps.

smtplib_loop.py HOST PORT LIST: LIST has a line for each mail: sender, recipient, file, with tabs between. The mails are read
first; then it prints `ready` and begins when it is sent a line.
"""
import smtplib
import sys

host, port, listed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
mails = []
with open(listed, encoding="utf-8") as lines:
    for line in lines:
        sender, recipient, path = line.rstrip("\n").split("\t")
        with open(path, "rb") as file:
            mails.append((sender, recipient, file.read()))
print("ready", flush=True)
sys.stdin.readline()
with smtplib.SMTP(host, port, local_hostname="script.example.org") as server:
    for sender, recipient, text in mails:
        server.sendmail(sender, [recipient], text)
