// People, one's own account and the log of changes, as an administrator and the person who is invited use them. The Bookpost that is used can
// send no mail, so that its links are shown.
import assert from "node:assert/strict";
import { BASE, EMAIL, PASSWORD, TELEPHONE, drive, examine, look, person, picture, signIn } from "./lib.mjs";

const SIGNED_OUT = { forgotten: "/forgotten" };
const PAGES = {
  people: "/preferences/people",
  "person-new": "/preferences/people/new",
  person: "/preferences/people/2",
  "person-self": "/preferences/people/1",
  "person-invited": "/preferences/people/5",
  "person-off": "/preferences/people/6",
  "act-off": "/preferences/people/2/act?do=off",
  "act-reset": "/preferences/people/2/act?do=reset",
  "act-last": "/preferences/people/1/act?do=off",
  account: "/account",
  log: "/preferences/log",
  "log-nothing": "/preferences/log?who=6",
};
const NEW = "several words nobody guesses";

/** What only an answer to a form shows. axe itself is a script. */
async function shown(page, name, javaScriptEnabled) {
  if (!javaScriptEnabled) return;
  await examine(page, name);
  await picture(page, name);
}

/** From an invitation to the day when somebody leaves, with scripts or without. */
async function life(javaScriptEnabled, setting = {}) {
  const name = `Nora ${javaScriptEnabled ? "with" : "without"}`;
  const email = `nora.${javaScriptEnabled}@library.example`;
  const [one, other] = [await person({ javaScriptEnabled, ...setting }), await person({ javaScriptEnabled, ...setting })];
  await signIn(one);
  await one.goto(`${BASE}/preferences/people`);
  await one.click("text=Add a person");
  await one.fill("[name=name]", name);
  await one.fill("[name=email]", email);
  await one.selectOption("[name=role]", "manager");
  await one.selectOption("[name=reach]", "some");
  await one.click("button.main");
  assert.match(await one.textContent("main .fault"), /Tick at least one library/);
  await shown(one, "person-wrong", javaScriptEnabled);
  await one.check("[name=site][value=EAST]");
  await one.click("button.main");
  assert.match(await one.textContent("h1"), new RegExp(`The invitation for ${name}`));
  await shown(one, "link-made", javaScriptEnabled);
  const link = new URL(await one.textContent(".once pre"));

  await other.goto(BASE + link.pathname + link.search);
  await other.fill("[name=password]", NEW);
  await other.click("button.main");
  await other.click(`text=${name}`);
  assert.match(await other.textContent("main"), /Manager/);
  await other.fill("[name=present]", "something else");
  await other.fill("[name=new]", "other words nobody guesses");
  await other.click("text=Set the password");
  assert.match(await other.textContent("#present-problem"), /not your present password/);
  await other.fill("[name=present]", NEW);
  await other.fill("[name=new]", "other words nobody guesses");
  await other.click("text=Set the password");
  assert.match(await other.textContent(".flash"), /new password/);

  await one.click("text=Done");
  await one.selectOption("[name=role]", "viewer");
  await one.click("button.main");
  assert.match(await one.textContent(".flash"), /Saved/);
  await one.click("text=Switch off");
  assert.match(await one.textContent("h1"), new RegExp(`Switch off ${name}\\?`));
  await one.click("button.final");
  assert.match(await one.textContent("main"), /switched off since/);
  await other.goto(`${BASE}/`);
  assert.equal(new URL(other.url()).pathname, "/sign-in");

  await one.goto(`${BASE}/preferences/log`);
  await one.selectOption("[name=what]", "person_changed");
  await one.click(".filter button");
  const line = (await one.textContent(".log li")).replace(/\s+/g, " ");
  assert.match(line, /changed a person .*@library.example Role ?Manager → Viewer/);
  await one.context().close();
  await other.context().close();
}

/** No mouse: a session on another computer is ended. */
async function byKeyboard() {
  const [page, elsewhere] = [await person(), await person()];
  await signIn(page);
  await signIn(elsewhere);
  await page.goto(`${BASE}/account`);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  for (let steps = 0; steps < 60 && (await focused()) !== "End all others"; steps++) await page.keyboard.press("Tab");
  assert.equal(await focused(), "End all others");
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=sessions_ended/);
  await elsewhere.goto(`${BASE}/`);
  assert.equal(new URL(elsewhere.url()).pathname, "/sign-in");
  await page.context().close();
  await elsewhere.context().close();
}

/** A password may be looked at, and a browser knows which is which. */
async function passwords() {
  const page = await person();
  await signIn(page);
  await page.goto(`${BASE}/account`);
  assert.equal(await page.getAttribute("[name=present]", "autocomplete"), "current-password");
  assert.equal(await page.getAttribute("[name=new]", "autocomplete"), "new-password");
  await page.fill("[name=new]", PASSWORD);
  await page.locator("[data-shows=new]").click();
  assert.equal(await page.getAttribute("[name=new]", "type"), "text");
  assert.match(await page.textContent("main"), new RegExp(EMAIL));
  await page.context().close();
}

await drive(async () => {
  await look(PAGES, SIGNED_OUT);
  await life(true);
  await life(false, TELEPHONE);
  await byKeyboard();
  await passwords();
});
console.log("people, accounts and the log work in a browser");
