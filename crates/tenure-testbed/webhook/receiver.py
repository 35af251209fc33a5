"""A private receiver of events for tests: loopback only, a port of its own, over TLS.

It believes a post if the library of Standard Webhooks does, and reads its event with the library of CloudEvents. Arguments: the folder
for what arrives, the certificate, its key, what it does (accept, busy, refuse, redirect, slow). Standard input: the secret; it ends
when its input ends. Prints its port. What it believes stands in files 1.json, 2.json …; what it does not, in `refused`.
"""

import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudevents.v1.http import from_http
from standardwebhooks import Webhook

FOLDER, CERTIFICATE, KEY, BEHAVIOUR = sys.argv[1:5]
HOOK = Webhook(sys.stdin.readline().strip())
ANSWERS = {"busy": 503, "refuse": 401}
LOCK = threading.Lock()
COUNT = 0


def read(headers, body):
    """The event, or why it is none."""
    HOOK.verify(body, {name.lower(): value for name, value in headers.items()})
    if "cloudevents" not in headers.get("content-type", ""):
        return {"type": "ocsf", "event": json.loads(body)}
    event = from_http(dict(headers.items()), body)
    return {"type": event["type"], "id": event["id"], "sequence": event["sequence"], "event": json.loads(body)}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        global COUNT
        body = self.rfile.read(int(self.headers["content-length"]))
        if BEHAVIOUR == "slow":
            time.sleep(600)
        if BEHAVIOUR == "redirect":
            self.send_response(307)
            self.send_header("location", "https://127.0.0.1:1/elsewhere")
            self.end_headers()
            return
        status = ANSWERS.get(BEHAVIOUR, 204)
        if status == 204:
            try:
                text = json.dumps(read(self.headers, body))
            except Exception as error:
                status = 401
                with LOCK, open(os.path.join(FOLDER, "refused"), "a") as file:
                    file.write(f"{type(error).__name__}: {error}\n")
            else:
                with LOCK:
                    COUNT += 1
                    half = os.path.join(FOLDER, "half")
                    with open(half, "w") as file:
                        file.write(text)
                    os.rename(half, os.path.join(FOLDER, f"{COUNT}.json"))
        self.send_response(status)
        self.end_headers()
        if status != 204:
            # Words that must be repeated nowhere.
            self.wfile.write(b"the-words-of-the-receiver")

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
