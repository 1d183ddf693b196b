// A mail provider that people sign in at, in the place of Google or Microsoft: oidc-provider with pages on which they agree box by box, tokens
// for servers that last 30 seconds, another token for later each time (one that comes twice ends the sign-in), and word for a mail server
// whether a token is good (RFC 7662). What it is told stands in provider.mjs. It answers each line of its input with a line that begins with
// "says":
//   counts    how often tokens were renewed, and how many different ones a mail server was shown
//   old       when the last token that it gave is about to end
//   over      when that one has ended
//   revoke    when all sign-ins are ended, as by whoever owns the account
import { createInterface } from "node:readline";
import { setTimeout as at } from "node:timers/promises";
import { bookpost, interactionPolicy, provide } from "./provider.mjs";

/** Seconds for which a token is good, and after which it is called old: a fifth before. */
const [LASTS, OLD] = [30, 25];
/** What may be ticked, in words. */
const BOXES = {
  email: "See your email address",
  "https://mail.google.com/": "Read, compose, send, and delete all your email",
  "https://outlook.office.com/SMTP.Send": "Send mail as you",
};
const seen = { refreshes: 0, given: 0, shown: new Set(), grants: new Set() };

const page = (title, inside) => `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main><h1>${title}</h1>${inside}</main></body></html>`;
const form = (title, inside) => page(title, `<form method="post">${inside}</form>`);
const box = (scope) => `<p><label><input type="checkbox" name="${scope}"> ${BOXES[scope]}</label></p>`;
const signIn = () => form("Sign in", `<p><label>Email <input name="account" type="email"></label></p><p><button>Next</button></p>`);
const consent = (scopes) =>
  form("Bookpost wants access to your account", `${scopes.map(box).join("")}<p><button name="answer" value="yes">Continue</button>
<button name="answer" value="no">Cancel</button></p>`);

async function posted(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString());
}

/** What somebody has ticked: a grant of its own each time, so that what was left unticked before is asked again. */
async function agreed(details, typed) {
  if (typed.get("answer") !== "yes") return { error: "access_denied", error_description: "The resource owner denied the request" };
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  for (const scope of details.params.scope.split(" ")) {
    if (BOXES[scope] && !typed.has(scope)) grant.rejectOIDCScope(scope);
    else grant.addOIDCScope(scope);
  }
  return { consent: { grantId: await grant.save() } };
}

async function pages(request, response) {
  if (!request.url.startsWith("/interaction/")) return false;
  const details = await provider.interactionDetails(request, response);
  // Microsoft asks each time by which account.
  const signsIn = ["login", "select_account"].includes(details.prompt.name);
  if (request.method === "POST") {
    const typed = await posted(request);
    const result = signsIn ? { select_account: {}, login: { accountId: typed.get("account") } } : await agreed(details, typed);
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: !signsIn });
  } else {
    const scopes = (details.params.scope ?? "").split(" ").filter((scope) => BOXES[scope]);
    response.setHeader("content-type", "text/html").end(signsIn ? signIn() : consent(scopes));
  }
  return true;
}

const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0);
const provider = await provide({
  interactions: { policy },
  // As Google and Microsoft do, whatever they were asked for beside.
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  // People are asked each time what they agree to.
  loadExistingGrant: ({ oidc: { result, provider } }) => result?.consent && provider.Grant.find(result.consent.grantId),
  clients: [
    { ...bookpost, grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"] },
    { client_id: "mail", client_secret: "server", redirect_uris: [], grant_types: [], response_types: [] },
  ],
  features: {
    devInteractions: { enabled: false },
    // It is asked of a token that is good.
    introspection: { enabled: true, allowedPolicy: (_, __, token) => Boolean(seen.shown.add(token.jti)) },
    revocation: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, inside) => (ctx.body = page("Type the code", `${inside}<button form="op.deviceInputForm">Next</button>`)),
      userCodeConfirmSource: (ctx, inside, _, __, code) =>
        (ctx.body = page(`Is it ${code}?`, `${inside}<button form="op.deviceConfirmForm" value="no">Yes</button>`)),
      successSource: (ctx) => (ctx.body = page("You can close this page", "")),
    },
  },
  scopes: ["openid", "offline_access", ...Object.keys(BOXES)],
  claims: { openid: ["sub"], email: ["email"] },
  ttl: { AccessToken: LASTS, Grant: 3600, RefreshToken: 3600, Session: 3600, Interaction: 600 },
  rotateRefreshToken: true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
}, pages);

provider.on("grant.success", ({ oidc }) => {
  seen.given = Date.now();
  seen.grants.add(oidc.entities.Grant.jti);
  if (oidc.params.grant_type === "refresh_token") seen.refreshes += 1;
});

/** When the last token is so old; it may be followed by another meanwhile. */
async function aged(seconds) {
  for (let given; given !== seen.given;) {
    given = seen.given;
    await at(Math.max(0, given + seconds * 1000 - Date.now()));
  }
}

async function revoke() {
  for (const id of seen.grants) {
    for (const kind of ["AccessToken", "RefreshToken", "AuthorizationCode"]) await provider[kind].revokeByGrantId(id);
    await (await provider.Grant.find(id))?.destroy();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "old") await aged(OLD);
  if (line === "over") await aged(LASTS);
  if (line === "revoke") await revoke();
  console.log(line === "counts" ? `says ${seen.refreshes} ${seen.shown.size}` : "says done");
}
