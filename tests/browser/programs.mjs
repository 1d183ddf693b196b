// Libraries and programs in a browser: with and without scripts, by keyboard, narrow, in the dark, in Spanish, and read by axe. The Bookpost that
// is used has two libraries and one program, and its SMTP door is described as open.
import assert from "node:assert/strict";
import { BASE, drive, examine, look, person, picture, signIn } from "./lib.mjs";

const LIBRARIES = "/preferences/libraries";
const PROGRAMS = "/preferences/programs";
const PAGES = {
  libraries: LIBRARIES,
  "library-add": `${LIBRARIES}/add`,
  "library-change": `${LIBRARIES}/change?code=MAIN`,
  "library-logo": `${LIBRARIES}/logo?code=MAIN`,
  "library-needed": `${LIBRARIES}/remove?code=MAIN`,
  "library-remove": `${LIBRARIES}/remove?code=HILL`,
  programs: PROGRAMS,
  program: `${PROGRAMS}/1`,
  "program-add": `${PROGRAMS}/add`,
  "program-change": `${PROGRAMS}/1/change`,
  "program-off": `${PROGRAMS}/1/switch`,
};

/** 120 x 40 pixels. */
const LOGO = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAHgAAAAoAQMAAAAPJKxmAAAABlBMVEX///8fTl/XlhndAAAAG0lEQVR42mNgoBDw//9/4P//P1BqlD/S+BQCAFSycdCTC5SdAAAAAElFTkSuQmCC",
  "base64",
);

/** A logo is given, seen, and taken away; what is none is refused. */
async function logo(javaScriptEnabled) {
  const page = await person({ javaScriptEnabled });
  await signIn(page);
  await page.goto(BASE + LIBRARIES);
  await page.click("[aria-label='Logo of Main Library']");
  await page.setInputFiles("[name=logo]", { name: "logo.png", mimeType: "image/png", buffer: Buffer.from("<svg/>") });
  await page.click("button.main");
  assert.match(await page.textContent(".problem"), /neither a PNG nor a JPEG/);
  await page.setInputFiles("[name=logo]", { name: "logo.png", mimeType: "image/png", buffer: LOGO });
  await page.click("button.main");
  assert.match(await page.textContent(".flash"), /The logo is saved/);
  const shown = await page.locator("img.logo").evaluate((img) => [img.complete, img.naturalWidth, img.alt]);
  assert.deepEqual(shown, [true, 120, "Logo"]);
  await page.click("[aria-label='Logo of Main Library']");
  if (javaScriptEnabled) await examine(page, "library-logo");
  await picture(page, `library-logo-${javaScriptEnabled}`);
  await page.click("text=Remove the logo");
  assert.match(await page.textContent(".flash"), /The logo is removed/);
  await page.context().close();
}

/** A library is added with a slip, put right, changed, removed, and comes back; with scripts or without. */
async function libraries(javaScriptEnabled) {
  const page = await person({ javaScriptEnabled });
  await signIn(page);
  await page.goto(BASE + LIBRARIES);
  await page.click("text=Add a library");
  await page.fill("[name=name]", "West Branch");
  await page.fill("[name=code]", "MAIN");
  await page.fill("[name=email]", "west@library.example");
  await page.click("button.main");
  assert.match(await page.textContent("#code-problem"), /belongs to Main Library already/);
  assert.equal(await page.inputValue("[name=name]"), "West Branch");
  if (javaScriptEnabled) await examine(page, "library-wrong");
  await picture(page, `library-wrong-${javaScriptEnabled}`);
  await page.fill("[name=code]", "WEST");
  await page.click("button.main");
  assert.match(await page.textContent(".flash"), /The library was added/);
  await page.click("[aria-label='Change West Branch']");
  await page.fill("[name=branches]", "W2, W3");
  await page.click("button.main");
  assert.match(await page.textContent("main"), /W2, W3/);
  await page.click("[aria-label='Remove West Branch']");
  await page.click("button.final");
  assert.match(await page.textContent(".flash"), /The library was removed/);
  await page.click("text=Undo this change");
  assert.match(await page.textContent("main"), /West Branch/);
  await page.click("[aria-label='Remove West Branch']");
  await page.click("button.final");
  await page.context().close();
}

/** Two people change one library: the second is told, and nothing is lost. */
async function atOnce() {
  const [ann, bob] = [await person(), await person()];
  for (const page of [ann, bob]) {
    await signIn(page);
    await page.goto(`${BASE}${LIBRARIES}/change?code=HILL`);
  }
  await ann.fill("[name=phone]", "555-0101");
  await ann.click("button.main");
  await bob.fill("[name=name]", "Hillside");
  await bob.click("button.main");
  assert.match(await bob.textContent(".problem"), /somebody else changed the preferences/);
  assert.equal(await bob.inputValue("[name=name]"), "Hillside");
  await picture(bob, "library-meanwhile");
  await ann.context().close();
  await bob.context().close();
}

/** From a new program to a key that is entered somewhere else; with scripts or without. */
async function programs(javaScriptEnabled) {
  const name = `Tracker ${javaScriptEnabled}`;
  const page = await person({ javaScriptEnabled, permissions: ["clipboard-read", "clipboard-write"] });
  await signIn(page);
  await page.goto(BASE + PROGRAMS);
  await page.click("text=Add a program");
  await page.fill("[name=name]", name);
  await page.fill("[name=from]", "tracker@library.example");
  await page.click("summary:has-text('Limits')");
  await page.fill("[name=per_minute]", "60");
  await page.click("button.main");
  assert.match(await page.textContent(".flash"), /The program was added/);
  assert.match(await page.textContent("pre"), /make a key first/);
  await page.click("text=Make a new key");
  const shown = await page.textContent("pre");
  const [, login] = /Login: (\w{8})/.exec(shown);
  assert.match(shown, /Server name: books.library.example\nPort: 587\nEncryption: encrypted \(STARTTLS\)/);
  assert.match(shown, /Password: \w{59}/);
  if (javaScriptEnabled) await examine(page, "program-key");
  await picture(page, `program-key-${javaScriptEnabled}`);
  if (javaScriptEnabled) {
    await page.locator(".copied button").first().click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown);
  }
  await page.click("text=I have copied it");
  assert.match(await page.textContent("pre"), new RegExp(`Login: ${login}\nPassword: the one that was shown`));
  await page.click(`[aria-label='Revoke the key ${login}']`);
  await picture(page, `key-revoke-${javaScriptEnabled}`);
  await page.click("button.final");
  assert.match(await page.textContent(".flash"), /opens nothing any more/);
  await page.click("text=Switch off");
  await page.click("button.final");
  assert.match(await page.textContent(".problem"), /nothing is taken from it/);
  await page.context().close();
}

/** No mouse. */
async function byKeyboard() {
  const page = await person();
  await signIn(page);
  await page.goto(`${BASE}${LIBRARIES}/change?code=MAIN`);
  await page.focus("[name=name]");
  await page.keyboard.press("End");
  await page.keyboard.type(" of Riverside");
  for (let presses = 0; presses < 30; presses++) {
    if (await page.evaluate(() => document.activeElement.matches("button.main"))) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=library_changed/);
  assert.match(await page.textContent("main"), /Main Library of Riverside/);
  await page.context().close();
}

await drive(async () => {
  await look(PAGES);
  for (const javaScriptEnabled of [true, false]) {
    await libraries(javaScriptEnabled);
    await logo(javaScriptEnabled);
    await programs(javaScriptEnabled);
  }
  await atOnce();
  await byKeyboard();
});
