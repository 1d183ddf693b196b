"""Makes the letter with Python's email, and hands it to sendmail."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "clients"))
from letter import letter, told

told = told()
message = letter(told)
message["Bcc"] = told["blind"]
octets = message.as_bytes(policy=message.policy.clone(linesep="\n"))
subprocess.run([told["sendmail"], "-t", "-oi"], input=octets, check=True)
