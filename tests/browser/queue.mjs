// The queue and Today with a week of mail of several libraries: mail is looked for, all that is found is decided about, and that is taken
// back; open pages hear of what others do. With scripts and without.
import assert from "node:assert/strict";
import { BASE, drive, look, person, signIn } from "./lib.mjs";

const { WAITS, REPORTED } = process.env;
const PAGES = {
  "week-today": "/",
  "week-queue": "/queue",
  "week-found": "/queue?to=ana&state=waiting",
  "week-words": "/queue?subject=nowhere",
  "week-day": "/queue?since=2026-11-28&site=EAST",
  "week-decide": "/queue/decide?do=hold&state=waiting&to=%40example.org&site=MAIN",
  "week-done": "/queue?state=held&done=hold&n=3&at=1",
  "week-reported": `/queue/${REPORTED}`,
};

const flash = (page) => page.textContent(".flash");

/** All that is found is kept back, and sent after all. */
async function all(javaScriptEnabled) {
  const page = await person({ javaScriptEnabled });
  await signIn(page);
  await page.click("nav >> text=Queue");
  await page.fill("[name=to]", "ana");
  await page.selectOption("[name=state]", "waiting");
  await page.click(".filter button");
  const found = await page.locator(".mails li").count();
  assert.ok(found > 1 && found < 50, `${found}`);
  assert.equal(Number(await page.textContent(".counts [aria-current] b")), found);
  await page.click("form:not(#mails) button:has-text('Keep back')");
  assert.match(await page.textContent("h1"), new RegExp(`Keep ${found} mails back`));
  await page.click("button.main");
  assert.match(await flash(page), new RegExp(`${found} mails are kept back`));
  assert.equal(await page.locator(".mails li").count(), 0);
  await page.click(".flash a");
  assert.match(await page.textContent("h1"), new RegExp(`Send ${found} mails after all`));
  await page.click("button.main");
  assert.match(await flash(page), new RegExp(`${found} mails go out after all`));
  assert.equal(await page.locator(".mails li").count(), found);
  await page.context().close();
}

/** Lines change where they stand, and what is new is told of. */
async function renewed() {
  const [one, other] = [await person(), await person()];
  await one.clock.install();
  await signIn(one);
  await signIn(other);
  await one.goto(`${BASE}/queue?state=&to=ben`);
  await one.locator(".mails input").first().check();
  const state = one.locator(".mails .state").first();
  assert.equal((await state.textContent()).trim(), "waiting");
  const id = await one.locator(".mails input").first().inputValue();
  const told = one.waitForRequest(/\/queue\?state=&to=ben/);
  // The first that it hears is how it stands already.
  await one.waitForTimeout(1500);
  await other.goto(`${BASE}/queue/decide?do=hold&id=${id}`);
  await other.click("button.main");
  for (let steps = 0; steps < 40; steps++) {
    await one.clock.runFor(1000);
    if ((await state.textContent()).trim() === "set aside") break;
  }
  await told;
  await one.waitForFunction(() => document.querySelector(".mails .state").textContent.trim() === "set aside");
  assert.ok(await one.locator(".mails input").first().isChecked(), "the tick stays");
  await one.context().close();
  await other.context().close();
}

/** A message says by itself what became of it; what was opened stays open. */
async function message() {
  const [one, other] = [await person(), await person()];
  await one.clock.install();
  await signIn(one);
  await signIn(other);
  await one.goto(`${BASE}/queue/${WAITS}`);
  await one.waitForTimeout(1500);
  await other.goto(`${BASE}/queue/decide?do=cancel&id=${WAITS}`);
  await other.click("button.final");
  const state = one.locator(".recipient .state").first();
  for (let steps = 0; steps < 40; steps++) {
    await one.clock.runFor(1000);
    if (/not sent/.test(await state.textContent())) break;
  }
  await one.waitForFunction(() => /not sent/.test(document.querySelector(".recipient .state").textContent));
  await one.context().close();
  await other.context().close();
}

await drive(async () => {
  await look(PAGES);
  await all(true);
  await all(false);
  await renewed();
  await message();
});
console.log("the queue works in a browser");
