// Overdue notices in a browser, from the export to whom it did not reach: with scripts and without, wide and narrow, light and dark, in both
// languages, by keyboard alone, read by axe. `crates/bookpost/tests/pages/notices.rs` starts this; the mail server knows nobody called ben.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BASE, LOOKS, drive, look, lookAt, person, signIn } from "./lib.mjs";

const HEAD = "borrowernumber,firstname,surname,email,branchcode,title,barcode,duedate,issuedate";
const line = (n, name, branch, due) =>
  `${n},${name},Nguyen,${name.toLowerCase()}@example.org,${branch},"Moby Dick; or, The Whale",b${n},${due},`;
const export_ = (first, due = "2026-11-12") =>
  [HEAD, ...["Ana", "Ben", "Cleo"].map((name, at) => line(first + at, name, at === 2 ? "EAST" : "MAIN", due)),
    `${first + 3},Dan,Smith,,MAIN,Emma,b${first + 3},${due},`, line(first + 4, "Eve", "WEST", due), "7,too short", ""].join("\n");
const file = (name, text) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
const WORKBOOK = readFileSync(new URL("../../crates/bookpost/src/notices/fixtures/destiny.xlsx", import.meta.url));
/** Nothing in it is called as in other exports. */
const UNKNOWN = `Leser;Kontakt;PIN;Band;Abgabe;Farbe
Okafor, Ngozi;ngozi@example.org;geheim;"Moby Dick; or, The Whale";2026-11-12;MAIN
Li, Ming;ming@example.org;geheim;<b>Emma</b>;2026-11-12;MAIN
`;

async function shown(page, name, setting) {
  if (setting === "plain") return;
  for (const details of await page.$$("main details")) await details.evaluate((one) => (one.open = true));
  await lookAt(page, `${name}-${setting}`);
}

async function upload(page, name, text) {
  await page.goto(`${BASE}/notices`);
  await page.setInputFiles("[type=file]", file(name, text));
  await page.click("form[enctype] button.main");
}

/** The whole way; the first patron's number keeps what is written about apart from what others wrote about. */
async function way(setting, options, first) {
  const page = await person(options);
  await signIn(page);
  await upload(page, "overdues.csv", export_(first, "11/12/2026"));
  await shown(page, "notices-dates", setting);
  await page.click(".readings a[href*='m%2Fd%2Fy']");
  assert.match(await page.textContent(".health"), /3 (emails|correos)/);
  await shown(page, "notices-check", setting);
  await page.click("a[href*='/mail?']");
  await page.click("a[rel=next]");
  assert.match(await page.textContent("h1"), /Ben Nguyen/);
  await shown(page, "notices-mail", setting);
  await page.click(".tabs a[href*='as=html']");
  await page.frameLocator("iframe").locator("body").waitFor();
  await page.fill("#find", "cleo");
  await page.click("[role=search] button");
  assert.match(await page.textContent(".find .lines"), /Cleo Nguyen/);
  await shown(page, "notices-found", setting);
  await page.click(".above a");
  await page.click("form[action$='/samples'] button");
  assert.match(await page.textContent(".flash"), /3 (samples|muestras)/);
  await page.click("form[action$='/send'] button.main");
  // The file is of now. Without a script nothing says so, and its dates are of weeks ago: a person says that it is the right one.
  if (options.javaScriptEnabled === false) {
    assert.match(page.url(), /\/notices\/check\//, "nothing is sent before");
    await page.check("[name=sure]");
    await page.click("form[action$='/send'] button.main");
  }
  await page.waitForURL(/\/notices\/runs\/\d+$/);
  // It comes to its end while somebody looks, or, where nothing runs, when the page is asked for again.
  if (options.javaScriptEnabled === false) {
    while (await page.locator("[data-renews]").count()) await page.reload();
  } else {
    await page.waitForFunction(() => !document.querySelector("[data-renews]"), undefined, { timeout: 60_000 });
  }
  assert.match(await page.textContent(".health"), /2 \D*3\D*3 /);
  await shown(page, "notices-run", setting);
  const run = page.url();
  await page.click("dd a[href*='what=returned']");
  await shown(page, "notices-returned", setting);
  await page.click("a[href*='/again/']");
  await shown(page, "notices-again", setting);
  await page.fill("[name=to]", "ben.nguyen@example.org");
  // Without a script nothing says when the file was changed: the exports of the other settings count as newer, and do not name him.
  if (await page.locator("[name=sure]").count()) await page.check("[name=sure]");
  await page.click("button.main");
  assert.equal(await page.locator(".flash").count(), 1);
  await page.goto(`${run}/names?what=returned`);
  assert.match(await page.textContent(".names"), /ben\.nguyen@example\.org/);
  await page.goto(`${run}/names?what=not_written`);
  await shown(page, "notices-not-written", setting);
  await page.goto(run);
  const download = page.waitForEvent("download");
  await page.click("a[download]");
  assert.match((await download).suggestedFilename(), /^run-\d+\.csv$/);
  await page.context().close();
}

/** From Today to the run with nothing but the keyboard. The export lies there since the day that it is about, which is asked about. */
async function keyboard() {
  const folder = mkdtempSync(join(tmpdir(), "bookpost-"));
  const old = join(folder, "keyboard.csv");
  writeFileSync(old, export_(900));
  utimesSync(old, new Date("2026-11-12"), new Date("2026-11-12"));
  const page = await person();
  await signIn(page);
  const reach = async (what) => {
    for (let steps = 0; steps < 80; steps++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((what) => document.activeElement.matches(what), what)) return;
    }
    assert.fail(`${what} is not reached by keyboard`);
  };
  await reach("nav a[href='/notices']");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${BASE}/notices`);
  await reach("[type=file]");
  await page.setInputFiles("[type=file]", old);
  await reach("button.main");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/notices\/check\//);
  await reach("[name=sure]");
  await page.keyboard.press("Space");
  await reach("form[action$='/send'] button.main");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/notices\/runs\/\d+$/);
  await page.context().close();
  rmSync(folder, { recursive: true });
}

/** What cannot be used is said, and what was uploaded can be deleted. */
async function refused(setting, options) {
  const page = await person(options);
  await signIn(page);
  await upload(page, "overdues.xlsx", "PK\x03\x04xl/");
  assert.equal(await page.locator(".problem").count(), 1);
  await shown(page, "notices-refused", setting);
  await page.goto(`${BASE}/notices`);
  await shown(page, "notices", setting);
  await page.click("form[action$='/forget'] button");
  assert.equal(await page.locator(".flash").count(), 1);
  await page.context().close();
}

/** A sheet is read, and another one is chosen. */
async function workbook(setting, options) {
  const page = await person(options);
  await signIn(page);
  await upload(page, "destiny.xlsx", WORKBOOK);
  assert.match(await page.textContent(".facts"), /Overdues/);
  await shown(page, "notices-workbook", setting);
  const choose = page.locator("details", { has: page.locator("#sheet") });
  if (!(await choose.evaluate((one) => one.open))) await choose.locator("summary").first().click();
  await page.selectOption("#sheet", "Notes");
  await choose.locator("button:not([type=button])").last().click();
  await page.waitForLoadState();
  assert.equal(new URL(page.url()).searchParams.get("sheet"), "Notes");
  assert.equal(await page.locator("#m0").count(), 1, "what is not known is asked");
  await page.context().close();
}

/** What the columns are is said by hand, first wrong, then right; it is read so, and forgotten. */
async function byHand(setting, options) {
  const page = await person(options);
  await signIn(page);
  await upload(page, "ausleihe.csv", UNKNOWN);
  const text = await page.textContent("main");
  assert.ok(text.includes("Okafor, Ngozi · Li, Ming") && text.includes("<b>Emma</b>") && !text.includes("geheim"), text);
  assert.equal(await page.inputValue("#m1"), "email");
  await shown(page, "notices-columns", setting);
  await page.selectOption("#m0", "title");
  await page.selectOption("#m3", "title");
  await page.click("form[action$='/columns'] button.main");
  assert.equal(await page.locator(".problem").count(), 1);
  assert.equal(await page.locator(".field.wrong").count(), 2);
  await shown(page, "notices-columns-wrong", setting);
  for (const [column, meaning] of [["#m0", "patron_name"], ["#m4", "due"], ["#m5", "branch"]]) {
    await page.selectOption(column, meaning);
  }
  await page.click("form[action$='/columns'] button.main");
  assert.equal(await page.locator(".flash").count(), 1);
  assert.match(await page.textContent(".figures"), /2/);
  await shown(page, "notices-by-hand", setting);
  const said = page.locator("details", { has: page.locator("form[action$='/forget']") });
  if (!(await said.evaluate((one) => one.open))) await said.locator("summary").click();
  await said.locator("form button").click();
  await page.waitForLoadState();
  assert.equal(await page.locator("#m1").count(), 1, "it is asked again");
  assert.equal(await page.locator(".flash").count(), 1);
  await page.context().close();
}

await drive(async () => {
  await look({ "notices-empty": "/notices" });
  let first = 100;
  for (const [setting, options] of Object.entries(LOOKS)) await way(setting, options, (first += 100));
  await way("plain", { javaScriptEnabled: false }, 600);
  for (const [setting, options] of Object.entries(LOOKS)) {
    await refused(setting, options);
    await workbook(setting, options);
    await byHand(setting, options);
  }
  await workbook("plain", { javaScriptEnabled: false });
  await byHand("plain", { javaScriptEnabled: false });
  await keyboard();
  const page = await person();
  await signIn(page);
  await page.goto(`${BASE}/notices/runs/1/stop`);
  await shown(page, "notices-stop", "wide");
  await page.context().close();
});
console.log("overdue notices work in a browser");
