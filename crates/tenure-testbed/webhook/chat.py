"""A private chat for tests: loopback only, a port of its own, over TLS. It takes what Slack or Teams would take, and nothing else.

Arguments: the folder for what arrives, the certificate, its key, what it does (accept, busy, gone, forbidden, missing, trouble, redirect,
slow, wrong). Standard input: the last part of its addresses, /slack/PART and /teams/PART; it ends when its input ends. Prints its port.
What it takes stands in files 1.json, 2.json …; why it does not take the rest, in `refused`. The rules are those of Slack's pages on
incoming webhooks, formatting and Block Kit, and of the schema of Adaptive Cards 1.4 with the limits of Teams.
"""

import json
import os
import re
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER, CERTIFICATE, KEY, BEHAVIOUR = sys.argv[1:5]
PART = sys.stdin.readline().strip()
ANSWERS = {
    "busy": (429, b"rate_limited", {"retry-after": "1800"}),
    "gone": (410, b"channel_is_archived", {}),
    "forbidden": (403, b"invalid_token", {}),
    "missing": (404, b"no_service", {}),
    "trouble": (500, b"rollup_error", {}),
    "redirect": (307, b"", {"location": "https://127.0.0.1:1/elsewhere"}),
    "wrong": (200, b"<html>Please sign in</html>", {"content-type": "text/html"}),
}
LOCK = threading.Lock()
COUNT = 0


def must(holds, why):
    if not holds:
        raise ValueError(why)


def fields(thing, where, needed, allowed=()):
    must(isinstance(thing, dict), f"{where} is no object")
    for name in needed:
        must(name in thing, f"{where} lacks {name}")
    for name in thing:
        must(name in needed or name in allowed, f"{where} has {name}")


def text(value, where, most):
    must(isinstance(value, str) and 1 <= len(value) <= most, f"{where} is no text of 1 to {most} letters")


def link(value, where):
    must(re.fullmatch(r"https?://[!-~]{1,2990}", value) is not None, f"{where} is no link")


# Slack.

def slack_plain(value, where, most):
    fields(value, where, ("type", "text"), ("emoji",))
    must(value["type"] == "plain_text", f"{where} is no plain_text")
    text(value["text"], where, most)
    must(value.get("emoji") is False, f"{where} makes pictures of words between colons")
    slack_escaped(value["text"], where)


def slack_escaped(value, where):
    must(not re.search(r"[<>]|&(?!amp;|lt;|gt;)", value), f"{where} is not escaped")


def slack_button(value, where, ids):
    fields(value, where, ("type", "text", "url", "action_id"))
    must(value["type"] == "button", f"{where} is no button")
    slack_plain(value["text"], where, 75)
    link(value["url"], where)
    text(value["action_id"], where, 255)
    must(value["action_id"] not in ids, f"{where} has an action_id twice")
    ids.add(value["action_id"])


def slack(message):
    fields(message, "the message", ("text", "blocks"))
    text(message["text"], "text", 4000)
    slack_escaped(message["text"], "text")
    must(1 <= len(message["blocks"]) <= 50, "1 to 50 blocks")
    ids = set()
    for number, block in enumerate(message["blocks"]):
        where, kind = f"block {number}", block.get("type")
        if kind == "header":
            fields(block, where, ("type", "text"))
            slack_plain(block["text"], where, 150)
        elif kind == "section":
            fields(block, where, ("type", "text"), ("accessory",))
            slack_plain(block["text"], where, 3000)
            if "accessory" in block:
                slack_button(block["accessory"], where, ids)
        elif kind == "actions":
            fields(block, where, ("type", "elements"))
            must(1 <= len(block["elements"]) <= 25, f"{where}: 1 to 25 elements")
            for one in block["elements"]:
                slack_button(one, where, ids)
        elif kind == "context":
            fields(block, where, ("type", "elements"))
            must(1 <= len(block["elements"]) <= 10, f"{where}: 1 to 10 elements")
            for one in block["elements"]:
                slack_plain(one, where, 3000)
        else:
            must(False, f"{where} is a {kind}")


# Teams.

CARD_TYPES = {
    "TextBlock": (("type", "text"), ("weight", "size", "wrap", "separator")),
    "RichTextBlock": (("type", "inlines"), ("separator",)),
    "Container": (("type", "items"), ("separator",)),
    "ActionSet": (("type", "actions"), ("separator",)),
}


def card_element(element, where):
    kind = element.get("type")
    must(kind in CARD_TYPES, f"{where} is a {kind}")
    fields(element, where, *CARD_TYPES[kind])
    must(isinstance(element.get("separator", True), bool), f"{where}: separator")
    if kind == "TextBlock":
        must(isinstance(element["text"], str), f"{where} has no text")
        must(element.get("weight", "Default") in ("Default", "Lighter", "Bolder"), f"{where}: weight")
        must(element.get("size", "Default") in ("Default", "Small", "Medium", "Large", "ExtraLarge"), f"{where}: size")
        must(isinstance(element.get("wrap", False), bool), f"{where}: wrap")
        must(not re.search(r"[\[\]*_`<>]|\{\{|\$\{", element["text"]), f"{where} is Markdown")
    elif kind == "RichTextBlock":
        for run in element["inlines"]:
            fields(run, where, ("type", "text"))
            must(run["type"] == "TextRun" and isinstance(run["text"], str), f"{where} has no TextRun")
            must("{{" not in run["text"] and "${" not in run["text"], f"{where} is filled in")
    elif kind == "Container":
        must(len(element["items"]) > 0, f"{where} is empty")
        for number, item in enumerate(element["items"]):
            card_element(item, f"{where}.{number}")
    else:
        must(1 <= len(element["actions"]) <= 6, f"{where}: 1 to 6 actions")
        for action in element["actions"]:
            fields(action, where, ("type", "title", "url"))
            must(action["type"] == "Action.OpenUrl", f"{where} does more than open a page")
            link(action["url"], where)


def teams(message):
    fields(message, "the message", ("type", "attachments"))
    must(message["type"] == "message" and len(message["attachments"]) == 1, "one attachment of a message")
    one = message["attachments"][0]
    fields(one, "the attachment", ("contentType", "content"), ("contentUrl",))
    must(one["contentType"] == "application/vnd.microsoft.card.adaptive", "no Adaptive Card")
    card = one["content"]
    fields(card, "the card", ("type", "version", "body"), ("$schema",))
    must(card["type"] == "AdaptiveCard" and card["version"] == "1.4", "no Adaptive Card of version 1.4")
    for number, element in enumerate(card["body"]):
        card_element(element, f"element {number}")


KINDS = {f"/slack/{PART}": (slack, 200, b"ok", 1 << 20), f"/teams/{PART}": (teams, 202, b"", 28 * 1024)}


class Chat(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if BEHAVIOUR == "slow":
            time.sleep(600)
        self.answer(*(ANSWERS.get(BEHAVIOUR) or self.taken(body)))

    def taken(self, body):
        """What is answered to what came in, which is kept."""
        global COUNT
        check, status, said, most = KINDS.get(self.path, (None,) * 4)
        if check is None:
            return 404, b"no_service", {}
        try:
            must(len(body) <= most, f"{len(body)} bytes")
            must(self.headers["content-type"].startswith("application/json"), "no JSON")
            check(json.loads(body))
        except Exception as error:
            with LOCK, open(os.path.join(FOLDER, "refused"), "a") as file:
                file.write(f"{type(error).__name__}: {error}\n")
            return 400, b"invalid_payload", {}
        with LOCK:
            COUNT += 1
            half = os.path.join(FOLDER, "half")
            with open(half, "wb") as file:
                file.write(body)
            os.rename(half, os.path.join(FOLDER, f"{COUNT}.json"))
        return status, said, {}

    def answer(self, status, said, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
