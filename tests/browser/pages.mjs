// The pages in a browser, as people use them: with and without scripts, by keyboard, on a telephone, in the dark, in Spanish, and read by
// axe. `crates/bookpost/tests/pages/browser.rs` starts a Bookpost with mail in every state, and this with what it needs to know:
//   BASE, EMAIL, PASSWORD    where and who
//   MODULES                  the folder with playwright-core and axe-core
//   SCREENSHOTS              a folder; where it is named, pictures of every page go there
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";

const { BASE, EMAIL, PASSWORD, MODULES, SCREENSHOTS } = process.env;
const modules = createRequire(`${MODULES}/`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PAGES = {
  today: "/",
  queue: "/queue",
  held: "/queue?state=held",
  searched: "/queue?state=waiting&site=MAIN&tag=autumn",
  nothing: "/queue?to=nobody@example.org",
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

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A person at a browser of their own; whatever the page complains of fails the test. */
async function person(options = {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("console", (message) => {
    const expected = /status of 4|frame is sandboxed/.test(message.text());
    if (message.type() === "error" && !expected) throw new Error(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => { throw error; });
  return page;
}

async function signIn(page) {
  await page.goto(`${BASE}/`);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await page.fill("[name=email]", EMAIL);
  await page.fill("[name=password]", PASSWORD);
  await page.click("button.main");
  assert.equal(new URL(page.url()).pathname, "/");
}

/** What axe finds, and whether anything stands out to the side. */
async function examine(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
  await page.evaluate(axe);
  const found = await page.evaluate((values) => axe.run(document, { runOnly: { type: "tag", values } }), RULES);
  const faults = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n    ")}`);
  assert.deepEqual(faults, [], `${name}: ${faults.join("\n  ")}`);
}

async function picture(page, name) {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
}

/** Every page in this setting. */
async function look(setting, options) {
  const page = await person(options);
  const shown = async (name) => {
    await examine(page, `${name} ${setting}`);
    await picture(page, `${name}-${setting}`);
  };
  await page.goto(`${BASE}/sign-in`);
  await shown("sign-in");
  await page.goto(`${BASE}/reset?code=x`);
  await shown("link-dead");
  await signIn(page);
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(BASE + path);
    for (const details of await page.$$("details")) await details.evaluate((one) => (one.open = true));
    await shown(name);
  }
  await page.context().close();
}

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
  assert.match(await page.textContent("h1"), /Not send 1 mail\?/);
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
  await page.keyboard.type(EMAIL);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${BASE}/queue/4`);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "content");
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
  await other.goto(`${BASE}/queue/decide?do=hold&id=2`);
  await other.click("button.main");
  await one.waitForFunction((n) => document.querySelector("[data-count=held]").textContent === String(n), before + 1);
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
  await page.waitForSelector("html[lang=es]");
  assert.match(await page.textContent(".flash"), /idioma/);
  await page.selectOption("[name=language]", "en");
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

const telephone = { viewport: { width: 360, height: 740 } };
try {
  await look("wide-light", { colorScheme: "light" });
  await look("narrow-light", { colorScheme: "light", ...telephone });
  await look("narrow-dark-spanish", { colorScheme: "dark", locale: "es-ES", ...telephone });
  // Nothing in these that one of the others does not have: they are for whoever looks at the pictures.
  if (SCREENSHOTS) {
    await look("wide-dark", { colorScheme: "dark" });
    await look("wide-light-spanish", { colorScheme: "light", locale: "es-ES" });
  }
  await decide(true);
  await decide(false);
  await byKeyboard();
  await live();
  await stranger();
  await added();
} finally {
  await browser.close();
}
console.log("the pages work in a browser");
