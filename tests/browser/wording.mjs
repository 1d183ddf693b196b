// Saved notices and the wording editor in a browser: a notice is duplicated, worded wrongly, then rightly, looked at in both languages, and a
// sample is sent; with scripts and without, wide and narrow, light and dark, in both languages, by keyboard alone, read by axe.
// `crates/bookpost/tests/pages/saved_notices.rs` starts this.
import assert from "node:assert/strict";
import { BASE, LOOKS, drive, keyboard, look, lookAt, mouse, person, signIn } from "./lib.mjs";

const LIST = `${BASE}/notices/saved`;

async function shown(page, name, setting) {
  if (setting === "plain") return;
  for (const details of await page.$$("main details")) await details.evaluate((one) => (one.open = true));
  await lookAt(page, `${name}-${setting}`);
}

/** What the frame beside the editor says, once it says this. */
const previewed = (page, text) => page.frameLocator("iframe[name=preview]").locator("body", { hasText: text }).waitFor();

/** Duplicates a notice, and gives the address of the copy. */
async function duplicated(page, hands) {
  await page.goto(LIST);
  await hands.press("form[action$='/overdue-items-firm/duplicate'] button");
  await page.waitForURL(/\/notices\/saved\/[a-z0-9-]+\?done=/);
  assert.equal(await page.locator(".flash").count(), 1);
  return page.url().split("?")[0];
}

async function way(setting, options) {
  const page = await person(options);
  await signIn(page);
  const hands = mouse(page);
  const copy = await duplicated(page, hands);
  await shown(page, "notice", setting);
  await page.goto(`${copy}/wording?language=en`);
  await previewed(page, "Ngozi Okafor");
  const scripted = options.javaScriptEnabled !== false;
  const preview = async () => scripted || (await page.click("[data-previews]"));
  // First wrong.
  await hands.fill("subject", "{{ branch_name }}: please");
  await hands.fill("text", "Dear {{ patron_nam }},\n\n* **{{ item_count }}** items");
  await preview();
  await previewed(page, "patron_nam");
  await hands.press("button.main[value=save]");
  assert.equal(await page.locator(".field.wrong").count(), 1);
  assert.match(await page.textContent("#text-problem"), /1.*9.*patron_nam.*patron_name/s);
  assert.equal(await page.inputValue("[name=text]"), "Dear {{ patron_nam }},\n\n* **{{ item_count }}** items");
  await shown(page, "wording-wrong", setting);
  // Then right.
  await hands.fill("text", "Dear {{ patron_name }},\n\n* **{{ item_count }}** items");
  await preview();
  await previewed(page, "Dear Ngozi Okafor");
  assert.equal(await page.frameLocator("iframe[name=preview]").locator("li strong bdi").textContent(), "2");
  await page.click("button[value=text]");
  await previewed(page, "* 2 items");
  await hands.press("button[value=sample]");
  assert.match(await page.textContent(".flash"), /@library\.example/);
  await hands.press("button.main[value=save]");
  assert.equal(await page.locator(".flash").count(), 1);
  assert.equal(await page.locator(".field.wrong").count(), 0);
  await shown(page, "wording", setting);
  // In the other language it is as it was.
  await page.selectOption("#language", "es");
  await page.click("form.filter button");
  await previewed(page, "Hola, Ngozi Okafor");
  assert.match(await page.inputValue("[name=text]"), /préstamo sigue vencido/);
  await shown(page, "wording-spanish", setting);
  await page.goto(LIST);
  await page.click(`form[action$='${new URL(copy).pathname}/remove'] button`);
  assert.equal(await page.locator("details[open] form[action$='/restore']").count() > 0, true);
  await shown(page, "saved-removed", setting);
  await page.click(`form[action$='${new URL(copy).pathname}/restore'] button`);
  assert.equal(await page.locator(`a[href='${new URL(copy).pathname}']`).count(), 1);
  await page.context().close();
}

/** From the list to a wording that is saved with nothing but the keyboard. */
async function byKeyboard() {
  const page = await person();
  await signIn(page);
  await page.goto(LIST);
  const hands = keyboard(page);
  await hands.press("a[href='/notices/saved/fines']");
  await page.waitForURL(/\/saved\/fines$/);
  await hands.press("a[href*='/wording?language=en']");
  await page.waitForURL(/\/wording/);
  await hands.fill("subject", "Typed by hand");
  await hands.press("button.main[value=save]");
  await page.waitForURL(/done=wording_saved/);
  assert.equal(await page.inputValue("[name=subject]"), "Typed by hand");
  await page.context().close();
}

await drive(async () => {
  await look({ saved: "/notices/saved", "saved-one": "/notices/saved/overdue-items" });
  for (const [setting, options] of Object.entries(LOOKS)) await way(setting, options);
  await way("plain", { javaScriptEnabled: false });
  await byKeyboard();
});
console.log("saved notices work in a browser");
