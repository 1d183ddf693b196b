// An OpenID Connect provider (oidc-provider, certified) with its own pages for signing in: whoever types a name there is NAME@library.example,
// and "unverified" is one whose address nobody has looked at. Says its address when it is ready, and ends when its input does.
//   MODULES    the folder with oidc-provider
//   REDIRECT   where it leads people back to
import { pathToFileURL } from "node:url";
import { createServer } from "node:http";
import { once } from "node:events";

const { MODULES, REDIRECT } = process.env;
const { Provider } = await import(pathToFileURL(`${MODULES}/node_modules/oidc-provider/lib/index.js`));

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: "bookpost", client_secret: "a secret of two", redirect_uris: [REDIRECT] }],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@library.example`, email_verified: id !== "unverified" }),
  }),
});
server.on("request", provider.callback());
process.stdin.on("end", () => process.exit()).resume();
console.log(issuer);
