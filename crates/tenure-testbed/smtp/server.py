"""A private SMTP server for tests: loopback only, a port of its own, login and encryption as its caller says.

Arguments: the folder for what arrives, the certificate, its key, what it does (accept, defer, refuse, slow, plain, wrapped).
Standard input: the user's name, the password; it ends when its input ends. Prints its port, then one line for each mail.
"""

import asyncio
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FOLDER, CERTIFICATE, KEY, BEHAVIOUR = sys.argv[1:5]
USER, PASSWORD = (sys.stdin.readline().rstrip("\n").encode() for _ in range(2))


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        # The words repeat the address, as those of real servers do.
        if BEHAVIOUR == "defer":
            return f"451 4.3.2 <{address}> not now"
        if BEHAVIOUR == "refuse":
            return f"550 5.1.1 <{address}> is nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if BEHAVIOUR == "slow":
            await asyncio.sleep(600)
        self.count += 1
        half = os.path.join(FOLDER, "half")
        with open(half, "wb") as file:
            file.write(f"X-To: {' '.join(envelope.rcpt_tos)}\r\n".encode() + envelope.content)
        os.rename(half, os.path.join(FOLDER, f"{self.count}.eml"))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=good, handled=False if not good else True)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    handler = Handler()
    starttls = BEHAVIOUR not in ("plain", "wrapped")

    def protocol():
        return SMTP(
            handler,
            hostname="tests.example",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticate,
            auth_required=True,
            auth_require_tls=starttls,
        )

    wrapping = context if BEHAVIOUR == "wrapped" else None
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=wrapping)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
