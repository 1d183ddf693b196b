// An OpenID Connect provider with its own pages for signing in: whoever types a name there is NAME@library.example, and "unverified" is one
// whose address nobody has looked at. What it is told stands in provider.mjs.
import { bookpost, provide } from "./provider.mjs";

await provide({
  clients: [bookpost],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@library.example`, email_verified: id !== "unverified" }),
  }),
});
