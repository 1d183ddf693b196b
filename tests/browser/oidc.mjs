// Signing in by a real OpenID Connect provider (tests/peers/openid.mjs), in a browser: who may, who may not, and what they are told.
import assert from "node:assert/strict";
import { BASE, drive, examine, person, picture } from "./lib.mjs";

const NAME = "Riverside Schools";

/** At the provider, who does not know us yet. */
async function there(page, next = "/") {
  // Its own pages have letters of somebody else.
  await page.route(/fonts\.(googleapis|gstatic)\.com/, (route) => route.fulfill({ body: "" }));
  await page.goto(`${BASE}${next}`);
  await page.getByRole("link", { name: `Sign in with ${NAME}` }).click();
  await page.waitForURL(/\/interaction\//);
}

/** Comes back as this account. */
async function as(page, account) {
  await page.fill("[name=login]", account);
  await page.fill("[name=password]", "any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL(`${BASE}/**`);
}

async function refused(account, words) {
  const page = await person();
  await there(page);
  await as(page, account);
  assert.match(await page.textContent("[role=alert]"), words);
  await examine(page, `oidc-${account}`);
  await picture(page, `oidc-${account}`);
  await page.goto(`${BASE}/`);
  assert.equal(new URL(page.url()).pathname, "/sign-in", account);
}

await drive(async () => {
  const page = await person();
  await page.goto(`${BASE}/sign-in`);
  await examine(page, "sign-in with a provider");
  await picture(page, "sign-in-oidc");
  await there(page, "/queue?state=held");
  await as(page, "administrator");
  assert.equal(page.url(), `${BASE}/queue?state=held`);
  const kept = await page.context().cookies(`${BASE}/sign-in`);
  assert.ok(!kept.some(({ name }) => name === "bookpost-oidc"), "what was begun is forgotten");

  await refused("stranger", /says that you are stranger@library\.example\. Nobody with this address may use Bookpost/);
  await refused("unverified", /does not say that this email address is yours/);
  await refused("former", /switched off/);

  const away = await person();
  await there(away);
  await away.getByRole("link", { name: "Cancel" }).click();
  await away.waitForURL(`${BASE}/**`);
  assert.match(await away.textContent("[role=alert]"), new RegExp(`${NAME} did not sign you in`));

  // An answer that was meant for somebody else, and one that was used.
  const one = await person();
  let meant;
  one.on("request", (request) => { if (/\/sign-in\/oidc\/back/.test(request.url())) meant = request.url(); });
  await there(one);
  await as(one, "administrator");
  for (const page of [await person(), one]) {
    await page.goto(meant);
    assert.match(await page.textContent("[role=alert]"), /begun in another browser/);
  }
});
