// Preferences > Setup > Email in a browser: from the first question to servers that are tested and saved, the resend schedule, undoing, and two
// people at once; with and without scripts, by keyboard, narrow, in the dark, in Spanish, and read by axe. Told beside what all are told:
//   SERVER_1, SERVER_2, NOBODY    the ports of a server that wants a login, of one that wants none, and one at which nobody listens
//   SECRET                        the password of the first, whose login is "notices"
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, keyboard, look, mouse, named, person, picture, signIn } from "./lib.mjs";

const { SERVER_1, SERVER_2, NOBODY, SECRET } = process.env;
const HERE = `${BASE}/preferences`;
const BEA = "bea@library.example";

const first = (number) => `section[aria-labelledby=server${number}]`;
const SAVE = ".save button.main";

/** Axe and a picture, where scripts can run. */
async function shown(page, name) {
  if (!name) return;
  await examine(page, name);
  await picture(page, name);
}

async function says(page, selector, text) {
  await page.waitForSelector(`${selector}:has-text("${text}")`);
}

/** In the form itself: what was typed goes along on other pages too. */
async function stands(page, fields) {
  await page.waitForSelector("#preferences");
  for (const [name, text] of Object.entries(fields)) assert.equal(await page.inputValue(named(name)), text, name);
}

/** What is on its way to the browser, for somebody who looks for the password. */
async function hidesPassword(page) {
  assert.ok(!(await page.content()).includes(SECRET), `${page.url()} shows the password`);
  assert.equal(await page.inputValue(named("server1.password")), "");
}

/** The address is entered, and what is suggested stands in the form. */
async function firstQuestion(page, hands, name) {
  await page.goto(HERE);
  await hands.fill("library_email", "desk@nomail.example");
  await hands.press("text=Find out");
  await says(page, ".flash", "nomail.example takes no mail");
  await hands.fill("library_email", "desk@district.example");
  await hands.press("text=Find out");
  await says(page, ".flash", "district.example has its mail at Google.");
  await shown(page, name && `preferences-found-${name}`);
  await hands.press("button:has-text('Use this')");
  await says(page, ".flash", "Server 1 is filled in below, and is not saved yet.");
  await stands(page, { "server1.host": "smtp-relay.gmail.com", "server1.port": "587", "server1.encryption": "starttls" });
  assert.ok(await page.isChecked(`${named("sending.way")}[value=servers]`));
}

/** Server 1 is described with a wrong port: it is asked before that is saved. The right one is tested from the form, and saved. */
async function server1(page, hands, name) {
  await hands.fill("server1.host", "127.0.0.1");
  await hands.fill("server1.port", NOBODY);
  await hands.choose("server1.encryption", "none");
  await hands.tick("server1.allow_non_secure");
  await hands.fill("server1.login", "notices");
  await hands.fill("server1.password", SECRET);
  await hands.press(`${first(1)} summary:has-text("Advanced")`);
  await hands.tick("server1.send_password_unencrypted");
  await hands.press(SAVE);
  await says(page, ".problem", "Nothing is saved yet: the test failed.");
  await hidesPassword(page);
  await says(page, ".field", "Entered a moment ago, and kept until you save.");
  await shown(page, name && `preferences-failed-${name}`);

  await hands.press(`${first(1)} button:has-text("Find the right port")`);
  await says(page, "h1", "Ports of 127.0.0.1");
  await hands.press(`button:has-text("Back to the form")`);
  await stands(page, { "server1.port": NOBODY, "server1.login": "notices" });

  await hands.fill("server1.port", SERVER_1);
  await hands.press(`${first(1)} button:has-text("Test Server 1")`);
  await page.waitForURL(/\/preferences\/test\/[0-9a-f]{32}$/);
  await page.waitForSelector(".verdict.well");
  await shown(page, name && `preferences-tested-${name}`);
  await hands.press(`button:has-text("Yes")`);
  await says(page, "h1", "It arrived");
  await shown(page, name && `preferences-arrived-${name}`);
  await hands.press(`button:has-text("Go on to save these settings")`);
  await stands(page, { "server1.host": "127.0.0.1", "server1.port": SERVER_1, "server1.encryption": "none" });
  await hidesPassword(page);
  await hands.press(SAVE);
  await says(page, ".flash", "Saved. It holds from now on.");
  await hidesPassword(page);
  await says(page, ".last", "Server 1, Password: changed");
}

/** The port of Server 2 is found, taken into the form, and saved. */
async function server2(page, hands, name) {
  await hands.press(`${first(2)} summary`);
  await hands.fill("server2.host", "127.0.0.1");
  await hands.fill("server2.port", SERVER_2);
  await hands.fill("keep.texts_days", "21");
  await hands.press(`${first(2)} button:has-text("Find the right port")`);
  await says(page, "h1", "Ports of 127.0.0.1");
  await shown(page, name && `preferences-ports-${name}`);
  await hands.press(`button:has-text("Use port ${SERVER_2}")`);
  await says(page, ".flash", `Port ${SERVER_2} and its security are filled in below, and are not saved yet.`);
  await stands(page, { "server2.port": SERVER_2, "server2.encryption": "none", "keep.texts_days": "21" });
  await hands.press(SAVE);
  await says(page, "[id='server2.encryption-problem']", "patrons' names and titles could be read on the way");
  await shown(page, name && `preferences-wrong-${name}`);
  await hands.tick("server2.allow_non_secure");
  await hands.press(SAVE);
  await says(page, ".flash", "Saved. It holds from now on.");
  await stands(page, { "server2.port": SERVER_2, "keep.texts_days": "21" });
}

/** Another address for Server 1: its password is wanted again. */
async function elsewhere(page, hands, name) {
  await hands.fill("server1.host", "localhost");
  await hands.press(SAVE);
  await says(page, "[id='server1.password-problem']", "Enter the password again.");
  await hands.press(`${first(1)} button:has-text("Test Server 1")`);
  await says(page, ".problem", "was entered for another server");
  await shown(page, name && `preferences-again-${name}`);
  await page.goto(HERE);
  await stands(page, { "server1.host": "127.0.0.1" });
}

/** The four sentences follow the schedule, and an undone change is undone. */
async function schedule(page, hands, name) {
  await hands.fill("schedule.short_range", "90");
  await hands.fill("schedule.short_wait.least", "4");
  await hands.fill("schedule.short_wait.most", "12");
  await hands.fill("schedule.give_up_after", "120");
  await hands.press(SAVE);
  const sentences = async () => (await page.textContent(".sentences")).replace(/\s+/g, " ");
  await says(page, ".sentences", "After 120 hours it is given up");
  assert.match(await sentences(), /In the first 90 minutes .* after 4 to 12 minutes/);
  assert.match(await page.textContent("section[aria-labelledby=pause]"), /the 120 hours after which mail is given up stand still/);
  await shown(page, name && `preferences-saved-${name}`);
  await hands.press("text=Undo this");
  await says(page, ".sentences", "After 100 hours it is given up");
  assert.match(await sentences(), /In the first 60 minutes .* after 3 to 9 minutes/);
}

/** Nothing is sent, and it is said that nothing grows older; then paused and let go on. */
async function standStill(page, hands, name) {
  await hands.pick("sending.way", "none");
  await hands.press(SAVE);
  await says(page, ".flash", "Saved.");
  const pause = () => page.textContent("section[aria-labelledby=pause]");
  assert.match(await pause(), /While sending is paused, or set to Do not send, the 100 hours .* stand still/);
  await shown(page, name && `preferences-none-${name}`);
  await hands.press("section[aria-labelledby=pause] a");
  await hands.press("main button.main");
  await says(page, ".flash", "");
  await page.goto(HERE);
  assert.match(await pause(), /paused/i);
  await shown(page, name && `preferences-paused-${name}`);
  await hands.press("section[aria-labelledby=pause] a");
  await hands.press("main button.main");
  await says(page, ".flash", "");
}

/** As it was before. */
async function putBack(page, hands) {
  await page.goto(HERE);
  await hands.pick("sending.way", "practice");
  await hands.fill("server2.host", "");
  await hands.fill("server1.host", "");
  await hands.fill("keep.texts_days", "30");
  await hands.press(SAVE);
  await says(page, ".flash", "Saved.");
  await stands(page, { "server1.port": "", "server1.login": "", "server2.port": "" });
}

/** All of it, by one who signs in for it. */
async function setUp(handsOf, email, options, name) {
  const page = await person(options);
  await signIn(page, email);
  const hands = handsOf(page);
  for (const part of [firstQuestion, server1, server2, elsewhere, schedule, standStill, putBack]) await part(page, hands, name);
  await page.context().close();
}

/** Who leaves with something typed is asked. */
async function unsaved() {
  const page = await person();
  await signIn(page);
  await page.goto(HERE);
  const asked = [];
  let leave = false;
  page.on("dialog", async (dialog) => {
    asked.push(dialog.type());
    await (leave ? dialog.accept() : dialog.dismiss());
  });
  const notice = page.locator("[data-says-unsaved]");
  assert.ok(await notice.isHidden());
  await page.fill(named("keep.texts_days"), "14");
  assert.ok(await notice.isVisible());
  await picture(page, "preferences-unsaved");
  await page.click("nav >> text=Today", { noWaitAfter: true });
  await page.waitForTimeout(0);
  while (asked.length === 0) await page.evaluate(() => 0);
  await stands(page, { "keep.texts_days": "14" });
  leave = true;
  await page.click("nav >> text=Today");
  await page.waitForURL(`${BASE}/`);
  assert.deepEqual(asked, ["beforeunload", "beforeunload"]);
  await page.context().close();
}

/** Two people have the page open. The second is told, has lost nothing, and saves then. */
async function atOnce(options, name) {
  const [ann, bea] = [await person(options), await person(options)];
  await signIn(ann);
  await signIn(bea, BEA);
  for (const page of [ann, bea]) await page.goto(HERE);
  await ann.fill(named("keep.texts_days"), "7");
  await ann.fill(named("sending.digest_from"), "5");
  await ann.click(SAVE);
  await bea.fill(named("keep.texts_days"), "14");
  await bea.fill(named("alarms.email"), "it@library.example");
  await bea.click(SAVE);
  await says(bea, ".problem", "somebody else has changed something since you opened this page");
  await says(bea, ".problem", "These you have both changed.");
  await stands(bea, { "keep.texts_days": "14", "alarms.email": "it@library.example", "sending.digest_from": "5" });
  await shown(bea, name && `preferences-meanwhile-${name}`);
  await bea.click(SAVE);
  await says(bea, ".flash", "Saved.");
  await ann.goto(HERE);
  await stands(ann, { "keep.texts_days": "14", "alarms.email": "it@library.example", "sending.digest_from": "5" });
  await ann.fill(named("alarms.email"), "");
  await ann.fill(named("keep.texts_days"), "30");
  await ann.fill(named("sending.digest_from"), "20");
  await ann.click(SAVE);
  for (const page of [ann, bea]) await page.context().close();
}

await drive(async () => {
  await look({ preferences: "/preferences", "sample-report": "/preferences/sample-report" });
  const withoutScripts = { javaScriptEnabled: false };
  await setUp(mouse, undefined, {}, "wide");
  await setUp(mouse, BEA, { ...TELEPHONE, colorScheme: "dark" }, "narrow-dark");
  await setUp(mouse, undefined, { ...withoutScripts, ...TELEPHONE });
  await setUp(keyboard, BEA, {});
  await unsaved();
  await atOnce({}, "wide");
  await atOnce({ ...TELEPHONE, colorScheme: "dark" }, "narrow-dark");
  await atOnce(withoutScripts);
});
