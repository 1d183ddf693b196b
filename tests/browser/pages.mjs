// The pages in a browser, as people use them: with and without scripts, by keyboard, on a telephone, in the dark, in Spanish, and read by
// axe. The Bookpost that is used has mail in every state.
import assert from "node:assert/strict";
import { BASE, EMAIL, PASSWORD, TELEPHONE, drive, look, person, signIn, tabThrough } from "./lib.mjs";

const SIGNED_OUT = { "sign-in": "/sign-in", "link-dead": "/reset?code=x" };
const PAGES = {
  today: "/",
  queue: "/queue",
  held: "/queue?state=held",
  searched: "/queue?state=waiting&site=MAIN&tag=autumn",
  nothing: "/queue?to=nobody@example.org",
  unreachable: "/queue/unreachable",
  waits: "/queue/2",
  returned: "/queue/3",
  doubt: "/queue/5",
  text: "/queue/2/text",
  html: "/queue/2/text?as=html",
  source: "/queue/2/text?as=source",
  decide: "/queue/decide?do=cancel&id=2&next=/queue/2",
  unselected: "/queue/decide?do=cancel&next=/queue",
  pause: "/sending",
  missing: "/queue/999",
};

/** From signing in to a decision, with scripts or without. */
async function decide(javaScriptEnabled) {
  const page = await person({ javaScriptEnabled });
  await signIn(page);
  await page.click("text=set aside");
  assert.equal(new URL(page.url()).search, "?state=held");
  const before = await page.locator(".mails li").count();
  await page.locator(".mails input").first().check();
  await page.locator("#mails button", { hasText: "Keep back" }).count();
  await page.locator("#mails button", { hasText: "Do not send" }).click();
  assert.match(await page.textContent("h1"), /Do not send this mail\?/);
  await page.click("button.final");
  assert.match(await page.textContent(".flash"), /1 mail will not be sent/);
  assert.equal(await page.locator(".mails li").count(), before - 1);
  await page.locator(".mails .what a").first().click();
  await page.locator("summary").first().click();
  assert.ok(await page.locator("pre").first().isVisible());
  await page.goto(`${BASE}/queue`);
  await page.selectOption("[name=state]", "returned");
  await page.click(".filter button");
  assert.match(await page.textContent(".mails"), /sent back to the library/);
  await page.click("text=Sign out");
  assert.match(await page.textContent(".flash"), /signed out/);
  await page.context().close();
}

/** No mouse. */
async function byKeyboard() {
  const page = await person();
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);
  const to = async (text) => {
    for (let steps = 0; steps < 60; steps++) {
      await page.keyboard.press("Tab");
      if ((await focused()) === text) return;
    }
    assert.fail(`no way to ${text}`);
  };
  await page.goto(`${BASE}/queue/4`);
  await page.waitForFunction(() => document.activeElement?.name === "email");
  await page.keyboard.type(EMAIL);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${BASE}/queue/4`);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "content");
  await to("Send after all");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
  assert.notEqual(outline, "0px", "where the keyboard is can be seen");
  await page.keyboard.press("Enter");
  await page.waitForURL(/decide/);
  await to("Back, change nothing");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${BASE}/queue/4`);
  await page.context().close();
}

/** An open page hears of what somebody else does. */
async function live() {
  const [one, other] = [await person(), await person()];
  await signIn(one);
  await signIn(other);
  const held = one.locator("[data-count=held]");
  const before = Number(await held.textContent());
  const [first, last] = ["MAIN", "EAST"].map((site) => one.locator(`td a[href$="?state=held&site=${site}"]`));
  const ofLibraries = [Number(await first.textContent()), await last.textContent()];
  assert.equal(ofLibraries[0], before);
  await first.focus();
  await other.goto(`${BASE}/queue/decide?do=hold&id=2`);
  await other.click("button.main");
  await one.waitForFunction((n) => document.querySelector("[data-count=held]").textContent === String(n), before + 1);
  // So are the numbers of each library, and whoever is at one stays there.
  await one.waitForFunction((n) => document.activeElement.closest("td")?.textContent === String(n), before + 1);
  assert.equal(await first.textContent(), String(before + 1));
  assert.equal(await last.textContent(), ofLibraries[1]);
  await one.context().close();
  await other.context().close();
}

/** What scripts add. */
async function added() {
  const page = await person();
  await signIn(page);
  await page.goto(`${BASE}/queue?state=held`);
  await page.check("[data-all]");
  const boxes = page.locator("[name=id]");
  assert.equal(await page.locator("[name=id]:checked").count(), await boxes.count());
  await boxes.first().uncheck();
  assert.equal(await page.isChecked("[data-all]"), false);
  await page.selectOption("[name=language]", "es");
  assert.equal(await page.getAttribute("html", "lang"), "en"); // nothing happens before the button is pressed
  await page.click("footer button");
  await page.waitForSelector("html[lang=es]");
  assert.match(await page.textContent(".flash"), /idioma/);
  await page.selectOption("[name=language]", "en");
  await page.click("footer button");
  await page.waitForSelector("html[lang=en]");
  await page.context().close();
}

/** A stranger's text runs nothing, and loads nothing. */
async function stranger() {
  const page = await person();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await signIn(page);
  await page.goto(`${BASE}/queue/2/text?as=html`, { waitUntil: "load" }).catch(() => {});
  const frame = page.frames().find((frame) => frame.url().endsWith("/html"));
  assert.match(await frame.textContent("body"), /Moby Dick/);
  assert.deepEqual(asked.filter((url) => !url.startsWith(BASE) && !url.startsWith("data:")), []);
  await page.context().close();
}

/** The bar with Save covers nothing that has the focus. */
async function focus() {
  for (const [name, options] of Object.entries({ wide: {}, narrow: TELEPHONE })) {
    const page = await person(options);
    await signIn(page);
    await page.goto(`${BASE}/preferences`);
    for (const details of await page.$$("details")) await details.evaluate((one) => (one.open = true));
    await page.fill("[name=library_email]", "desk@library.example");
    await tabThrough(page, `preferences ${name}`);
    await page.context().close();
  }
}

await drive(async () => {
  await look(PAGES, SIGNED_OUT);
  await decide(true);
  await decide(false);
  await byKeyboard();
  await focus();
  await live();
  await stranger();
  await added();
});
console.log("the pages work in a browser");
