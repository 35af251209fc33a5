// A private OpenID provider for one test: the npm package `oidc-provider`, on a loopback port of its own.
//
// Standard input is one line of JSON: `client_id`, `client_secret`, `redirect_uri`. Standard output is one line, the issuer,
// once it answers. It ends with its standard input, so that it never outlives whoever started it. Anybody signs in with any
// name: the name becomes the subject.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import Provider from "oidc-provider";

const lines = createInterface({ input: process.stdin });
lines.on("close", () => process.exit(0));
const asked = JSON.parse(await new Promise((resolve) => lines.once("line", resolve)));

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" };

let handler;
const server = createServer((request, response) => handler(request, response));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: asked.client_id,
      client_secret: asked.client_secret,
      redirect_uris: [asked.redirect_uri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      require_auth_time: true,
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
  }),
});
handler = provider.callback();
console.log(issuer);
