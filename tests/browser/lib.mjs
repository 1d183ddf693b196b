// What the scripts that drive a browser share. `crates/bookpost/tests/pages/browser.rs` starts each with what it needs to know:
//   BASE, EMAIL, PASSWORD    where and who
//   MODULES                  the folder with playwright-core and axe-core
//   SCREENSHOTS              a folder; where it is named, pictures of every page go there
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { mkdirSync, readFileSync } from "node:fs";

export const { BASE, EMAIL, PASSWORD } = process.env;
const { MODULES, SCREENSHOTS } = process.env;
const modules = createRequire(`${MODULES}/`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules of these that look at colors. */
const COLORS = ["color-contrast", "link-in-text-block"];
/** What a screen of 1280 px has, enlarged four times (WCAG 1.4.10). */
const ENLARGED = 320;
export const TELEPHONE = { viewport: { width: 360, height: 740 } };
let browser;

/** Starts a browser, has it used, and closes it whatever comes of that. */
export async function drive(used) {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    await used();
  } finally {
    await browser.close();
    input?.close();
    process.stdin.destroy();
  }
}

let input, answers;
/** Has something done by whoever started this. */
export async function want(what) {
  input ??= createInterface({ input: process.stdin });
  answers ??= input[Symbol.asyncIterator]();
  console.log(`wants ${what}`);
  assert.equal((await answers.next()).value, "done", what);
}

/** What everybody has who is not said to have something else. A color on its way to another is none that anybody reads. */
const USUAL = { locale: "en-US", viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" };

/** A person at a browser of their own; whatever the page complains of fails the test. */
export async function person(options = {}) {
  const context = await browser.newContext({ ...USUAL, ...options });
  const page = await context.newPage();
  page.on("console", (message) => {
    const expected = /status of 4|frame is sandboxed/.test(message.text());
    if (message.type() === "error" && !expected) throw new Error(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => { throw error; });
  // Whoever has clicked on a link looks at the page that follows once it is there, with its pictures.
  const click = page.click.bind(page);
  page.click = async (...what) => {
    await click(...what);
    await page.waitForLoadState();
  };
  return page;
}

/** The name of a field, as a selector. */
export const named = (name) => `[name="${name}"]`;

/** How somebody with a mouse uses a page: each is the first that is so, and a value is as the form sends it. */
export const mouse = (page) => ({
  press: (what) => page.click(what),
  fill: (name, text) => page.fill(named(name), text),
  choose: (name, value) => page.selectOption(named(name), { value }),
  tick: (name) => page.check(named(name)),
  pick: (name, value) => page.check(`${named(name)}[value=${value}]`),
});

/** How somebody without one does. What a mouse would do fails. */
export const keyboard = (page) => {
  for (const verb of ["click", "dblclick", "tap", "fill", "check", "uncheck", "selectOption", "focus"]) {
    page[verb] = () => assert.fail(`${verb}: by keyboard alone`);
  }
  const goTo = async (what) => {
    const handle = await page.locator(what).first().elementHandle();
    const there = () => handle.evaluate((one) => one === document.activeElement);
    for (let presses = 0; presses < 200; presses++) {
      if (await there()) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`${what} cannot be reached by keyboard`);
  };
  const key = async (what, pressed) => {
    await goTo(what);
    await page.keyboard.press(pressed);
  };
  return {
    press: async (what) => {
      await key(what, "Enter");
      await page.waitForLoadState();
    },
    fill: async (name, text) => {
      await key(named(name), "Control+A");
      await page.keyboard.press("Delete");
      await page.keyboard.type(text);
    },
    choose: async (name, value) => {
      await goTo(named(name));
      await page.keyboard.type(await page.textContent(`${named(name)} option[value="${value}"]`));
      assert.equal(await page.inputValue(named(name)), value);
    },
    tick: async (name) => {
      if (!(await page.isChecked(named(name)))) await key(named(name), "Space");
    },
    pick: async (name, value) => {
      await goTo(`${named(name)}:checked`);
      while (!(await page.isChecked(`${named(name)}[value=${value}]`))) await page.keyboard.press("ArrowDown");
    },
  };
};

/** The first steps, as Ann: the administrator and the library. */
export async function setUp(page, hands, base = BASE, link = process.env.LINK) {
  await page.goto(link);
  for (const [name, value] of [["email", "ann@library.example"], ["name", "Ann"], ["password", "elf zwölf zehn"]]) await hands.fill(name, value);
  await hands.press("button.main");
  await page.waitForURL(`${base}/start`);
  await hands.fill("name", "Riverside Library");
  await hands.fill("email", "desk@library.example");
  await hands.press('form[action="/start"] button');
  await page.waitForSelector(".flash");
}

/** Signs in from Today: the administrator, or who is named. */
export async function signIn(page, email = EMAIL, password = PASSWORD) {
  await page.goto(`${BASE}/`);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await page.fill("[name=email]", email);
  await page.fill("[name=password]", password);
  await page.click("button.main");
  assert.equal(new URL(page.url()).pathname, "/");
}

/** What names a place, a field or a deed: its words stand whole on a line. */
const LABELS = "nav a, button, .button, th, label, legend, h1, h2, h3";

/** Nothing stands out to the side, nothing is cut, and no word of a label is broken. */
export async function fits(page, name) {
  const tooWide = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  const wide = await tooWide();
  assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
  const size = page.viewportSize();
  if (size?.width === TELEPHONE.viewport.width) {
    await page.setViewportSize({ ...size, width: ENLARGED });
    const enlarged = await tooWide();
    await page.setViewportSize(size);
    assert.ok(enlarged <= 0, `${name}: ${enlarged} px too wide for ${ENLARGED} px`);
  }
  const cut = await page.evaluate(() => {
    const names = (all) => all.map((one) => (one.name || one.className || one.tagName) + ": " + one.textContent.trim().slice(0, 60));
    const unseen = (one) => one && (getComputedStyle(one).clipPath !== "none" || unseen(one.parentElement));
    const seen = (what) => [...document.querySelectorAll(what)].filter((one) => one.offsetParent && !unseen(one));
    const narrow = innerWidth < 576;
    // Each of the words of a choice has its place beside the arrow, where there is no room to be had.
    const pen = document.createElement("canvas").getContext("2d");
    const room = (select, style) => select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const choices = (narrow ? seen("select") : []).flatMap((select) => {
      const style = getComputedStyle(select);
      pen.font = style.font;
      const longest = Math.max(...[...select.options].map((option) => pen.measureText(option.text).width));
      return longest > room(select, style) + 1 ? [select] : [];
    });
    const tables = narrow ? seen(".wide, .scrolls").filter((one) => one.scrollWidth > one.clientWidth) : [];
    const right = innerWidth + 0.5;
    // What is only read aloud stands anywhere.
    const texts = (one) => [...one.childNodes].flatMap((node) => (node.nodeType === Node.TEXT_NODE ? [node] : node instanceof Element && !unseen(node) ? texts(node) : []));
    const places = (node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return [...range.getClientRects()];
    };
    const aside = seen("h1, h2, h3, h4, p, li, dd").filter((one) => {
      const edge = (one.closest("li, main, footer, header") ?? document.body).getBoundingClientRect().right;
      return texts(one).flatMap(places).some((part) => part.right > Math.min(edge + 1, right));
    });
    return [...names(choices), ...names(tables), ...names(aside.filter((one) => !one.closest(".wide, .scrolls, nav, svg, .ticks, .unseen")))];
  });
  assert.deepEqual(cut, [], `${name}: cut, or outside: ${cut.join(" | ")}`);
  const broken = await page.evaluate((labels) => {
    const found = new Set();
    const cut = (one) => one && (getComputedStyle(one).clipPath !== "none" || cut(one.parentElement));
    for (const label of document.querySelectorAll(labels)) {
      if (cut(label)) continue; // only for who listens
      const texts = document.createTreeWalker(label, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        for (const word of texts.currentNode.data.matchAll(/(?<![^\s(])\p{L}{2,20}(?![^\s.,:;?!)])/gu)) {
          const range = document.createRange();
          range.setStart(texts.currentNode, word.index);
          range.setEnd(texts.currentNode, word.index + word[0].length);
          if (new Set([...range.getClientRects()].map((part) => part.top)).size > 1) found.add(word[0]);
        }
      }
    }
    return [...found];
  }, LABELS);
  assert.deepEqual(broken, [], `${name}: broken words: ${broken.join(", ")}`);
}

/** That it fits, and what axe finds. */
export async function examine(page, name) {
  await fits(page, name);
  await findsNothing(page, name, { type: "tag", values: RULES });
}

async function findsNothing(page, name, runOnly) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const found = await page.evaluate((runOnly) => axe.run(document, { runOnly, resultTypes: ["violations"] }), runOnly);
  const faults = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n    ")}`);
  assert.deepEqual(faults, [], `${name}: ${faults.join("\n  ")}`);
}

/** By Tab from the first to the last: what has the focus is never wholly under what sticks to an edge, or outside (WCAG 2.4.11). */
export async function tabThrough(page, name) {
  await page.evaluate(() => {
    scrollTo(0, 0);
    document.activeElement.blur();
    globalThis.focused = new Set([document.body]);
  });
  for (let steps = 0; ; steps++) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const one = document.activeElement;
      if (globalThis.focused.has(one)) return null;
      globalThis.focused.add(one);
      const at = one.getBoundingClientRect();
      const stuck = [...document.querySelectorAll("body *")].filter((other) =>
        ["sticky", "fixed"].includes(getComputedStyle(other).position) && !other.contains(one));
      const edges = stuck.map((other) => other.getBoundingClientRect());
      const under = edges.some((edge) => at.top >= edge.top && at.bottom <= edge.bottom && at.left >= edge.left && at.right <= edge.right);
      return { html: one.outerHTML.slice(0, 120), seen: !under && at.bottom > 0 && at.top < innerHeight };
    });
    if (!found) return assert.ok(steps > 5, `${name}: only ${steps} places for the focus`);
    assert.ok(found.seen, `${name}: the focus is hidden at ${found.html}`);
  }
}

export async function picture(page, name) {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
}

/** Wide and narrow, in both languages. */
export const LOOKS = { wide: {}, narrow: TELEPHONE, "narrow-spanish": { locale: "es-ES", ...TELEPHONE } };

/** A page as it stands, light and dark. The dark has other colors and nothing else (`assets.rs` sees to it): only they are looked at again. */
export async function lookAt(page, name) {
  await page.emulateMedia({ colorScheme: "light" });
  await examine(page, `${name} light`);
  await picture(page, `${name}-light`);
  await page.emulateMedia({ colorScheme: "dark" });
  await findsNothing(page, `${name} dark`, { type: "rule", values: COLORS });
  await picture(page, `${name}-dark`);
}

/** Every page, by its name for a picture and its path, in each of LOOKS, with all that is folded open. */
export async function look(pages, signedOut = {}) {
  for (const [setting, options] of Object.entries(LOOKS)) {
    const page = await person(options);
    const shown = async ([name, path]) => {
      await page.goto(BASE + path);
      for (const details of await page.$$("details")) await details.evaluate((one) => (one.open = true));
      await lookAt(page, `${name}-${setting}`);
    };
    for (const one of Object.entries(signedOut)) await shown(one);
    await signIn(page);
    for (const one of Object.entries(pages)) await shown(one);
    await page.context().close();
  }
}
