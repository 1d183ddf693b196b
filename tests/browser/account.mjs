// Setting up what a mail provider knows Bookpost by, as an administrator does it with and without scripts; nothing is set up before.
// `crates/bookpost/tests/pages/mail_account.rs` starts this.
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, look, person, picture, signIn } from "./lib.mjs";

const PAGES = { "account-google": "/preferences/sign-in/google", "account-microsoft": "/preferences/sign-in/microsoft" };
const SECRET = "GOCSPX-several-words";

async function setUp(javaScriptEnabled, name, title) {
  const page = await person({ javaScriptEnabled, ...TELEPHONE });
  await signIn(page);
  await page.goto(`${BASE}/preferences`);
  await page.click(`text=Set up signing in with ${title}`);
  await page.fill("[name=client_id]", "1234.apps");
  await page.click("main form[action$='/client'] button:not([type=button])");
  assert.match(await page.textContent("main [role=alert]"), /client secret/i);
  assert.equal(await page.inputValue("[name=client_id]"), "1234.apps");
  if (javaScriptEnabled) {
    await examine(page, `${name}-refused`);
    await picture(page, `${name}-refused`);
  }
  await page.fill("[name=client_secret]", SECRET);
  await page.click("main form[action$='/client'] button:not([type=button])");
  assert.match(await page.textContent(".flash"), /Now somebody can sign in/);
  assert.ok(!(await page.content()).includes(SECRET));
  assert.ok(await page.isChecked("[name=send_by][value=smtp]"));
  await page.focus("[name=send_by][value=smtp]");
  await page.keyboard.press("ArrowDown");
  await page.click("main form[action$='/handing'] button");
  assert.match(await page.textContent(".flash"), /^\s*Saved/);
  assert.ok(await page.isChecked("[name=send_by][value=api]"));
  await page.goto(`${BASE}/preferences`);
  assert.equal(await page.locator(`[name="sending.way"][value=${title.toLowerCase()}]`).count(), 1);
  await page.context().close();
}

await drive(async () => {
  await look(PAGES);
  await setUp(true, "account-google", "Google");
  await setUp(false, "account-microsoft", "Microsoft");
  await look({ "account-google-set": PAGES["account-google"], "account-microsoft-set": PAGES["account-microsoft"] });
});
