// Test Server and the first start in a browser: wide and narrow, light and dark, in both languages, with all folds open, read by axe.
// `crates/bookpost/tests/pages/trial.rs` starts this.
import assert from "node:assert/strict";
import { BASE, LOOKS, drive, look, lookAt, person, signIn } from "./lib.mjs";

/** A test, as it goes and at its end, and the ports. */
async function tests(setting, options) {
  const page = await person(options);
  const shown = async (name) => {
    for (const details of await page.$$("details")) await details.evaluate((one) => (one.open = true));
    await lookAt(page, `${name}-${setting}`);
  };
  await signIn(page);
  await page.goto(`${BASE}/preferences/test`);
  await page.click("main button.main");
  await page.waitForSelector(".verdict.well");
  assert.equal(await page.locator(".steps .well").count(), 5);
  assert.equal(await page.locator(".steps .look").count(), 1);
  await shown("test-passed");
  await page.goto(`${BASE}/preferences/test`);
  await page.click("[formaction]");
  await page.waitForSelector(".ports");
  await shown("test-ports");
  await page.context().close();
}

await drive(async () => {
  await look({
    start: "/start",
    "test-ask": "/preferences/test",
    "test-not-yet": "/preferences/test/arrived?test=1&is=not_yet",
    "test-spam": "/preferences/test/arrived?test=1&is=in_spam",
    "test-forgotten": "/preferences/test/none",
  });
  for (const [setting, options] of Object.entries(LOOKS)) await tests(setting, options);
});
