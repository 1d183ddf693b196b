// From the first start to a server that dies and comes back, and each way in which a server can be wrong, on the program itself with real
// mail servers. `crates/bookpost/tests/peers/pages.rs` starts this with what it needs to know, and does to the servers what is wanted here:
//   BASE, LINK                              where, and the link for setting up
//   SERVER_1, SERVER_2, LOGIN, KEY, ALARMS  the ports of both servers, their login and its password, and who is told of what is wrong
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { BASE, TELEPHONE, drive, examine, person, picture } from "./lib.mjs";

const EMAIL = "ann@library.example";
const PASSWORD = "elf zwölf zehn";
const DEADLINE = 100_000;
const input = createInterface({ input: process.stdin });
const answers = input[Symbol.asyncIterator]();

/** Has something done to the servers. */
async function want(what) {
  console.log(`wants ${what}`);
  assert.equal((await answers.next()).value, "done", what);
}

/** Looks again and again, as a person does, until this is on the page. */
async function until(page, path, text) {
  const deadline = Date.now() + DEADLINE;
  for (;;) {
    if (path) await page.goto(BASE + path);
    else await page.reload();
    const said = await page.textContent("main");
    if (said.includes(text)) return said;
    assert.ok(Date.now() < deadline, `${page.url()}: "${text}" did not come: ${said}`);
    await page.waitForTimeout(250);
  }
}

/** What was done is said on the page that follows. */
async function told(page, text) {
  await page.waitForSelector(`.flash:has-text("${text}")`, { timeout: DEADLINE });
}

/** The link, the library, the practice mailbox, a test message. */
async function firstStart(page) {
  await page.goto(process.env.LINK);
  await examine(page, "set-up");
  await page.fill("[name=email]", EMAIL);
  await page.fill("[name=name]", "Ann");
  await page.fill("[name=password]", PASSWORD);
  await page.click("button.main");
  await page.waitForURL(`${BASE}/start`);
  await examine(page, "start");
  await picture(page, "start");
  await page.fill("[name=name]", "Riverside Library");
  await page.fill("[name=email]", "desk@library.example");
  await page.click("text=Go on");
  await told(page, "Now choose how mail goes out");
  await picture(page, "start-named");
  await page.click("button:has-text('Practice mailbox for now')");
  await told(page, "practice mailbox now");
  await examine(page, "start with practice");
  await picture(page, "start-practice");
  await page.click("text=Send a test message");
  await page.waitForURL(/\/queue\/\d+$/);
  await until(page, undefined, "practice mailbox");
  assert.match(await page.textContent("h1"), /Test message of Riverside Library/);
}

/** Both servers are entered in the form, and saved once both pass their test. */
async function enterServers(page) {
  const { SERVER_1, SERVER_2, LOGIN, KEY, ALARMS } = process.env;
  await page.goto(`${BASE}/preferences`);
  await page.check('[name="sending.way"][value=servers]');
  await page.click("section[aria-labelledby=server2] summary");
  for (const [server, port] of [["server1", SERVER_1], ["server2", SERVER_2]]) {
    await page.fill(`[name="${server}.host"]`, "127.0.0.1");
    await page.fill(`[name="${server}.port"]`, port);
    await page.selectOption(`[name="${server}.encryption"]`, "starttls");
    await page.fill(`[name="${server}.login"]`, LOGIN);
    await page.fill(`[name="${server}.password"]`, KEY);
  }
  await page.fill('[name="alarms.email"]', ALARMS);
  await page.click(".save button.main");
  await told(page, "Saved. It holds from now on.");
  assert.ok(!(await page.content()).includes(KEY));
}

/** Tests a server on the page; what it says at the end. */
async function test(page, number, name) {
  await page.goto(`${BASE}/preferences/test`);
  await page.selectOption("[name=server]", String(number));
  await page.fill("[name=to]", "me@elsewhere.example");
  await page.click("button.main");
  await page.waitForURL(/\/preferences\/test\/[0-9a-f]{32}$/);
  await page.waitForSelector(".verdict.well, .verdict.stop", { timeout: DEADLINE });
  await examine(page, name);
  await picture(page, `test-${name}`);
  return page.textContent("main");
}

/** A server that is as it should be. */
async function goodServers(page) {
  for (const number of [1, 2]) {
    const said = await test(page, number, `good-${number}`);
    for (const step of [
      "It has the address 127.0.0.1.",
      /Encrypted \(TLS 1\.\d\)\. The server's proof of identity \(certificate\) is for 127\.0\.0\.1 and good until/,
      "The server accepted login and password.",
      "The server accepted the test message for me@elsewhere.example.",
    ]) assert.ok(typeof step === "string" ? said.includes(step) : step.test(said), `${step}: ${said}`);
    await page.locator("summary").first().click();
    assert.match(await page.locator("pre").first().textContent(), /ESMTP/);
    await page.click("text=Not yet");
    await page.waitForURL(/is=not_yet/);
    await examine(page, "not yet");
    await picture(page, "test-not-yet");
    await page.click("button:has-text('Yes')");
    await told(page, "the test message arrived");
  }
  assert.match(await page.textContent("main"), /Server 2: A test message arrived \(.*Ann\)/);
}

/** Sends a message by the queue, and sees it accepted. */
async function send(page) {
  await page.goto(`${BASE}/start`);
  await page.click("text=Send a test message");
  await page.waitForURL(/\/queue\/\d+$/);
  return until(page, undefined, "Accepted by");
}

/** Server 1 dies, Server 2 takes over, people hear of it, and Server 1 comes back. */
async function failOver(page) {
  await until(page, "/", "All mail goes out through Server 1; the backup server stands by.");
  await send(page);
  await want("server 1 to stop");
  await send(page);
  await until(page, "/", "The backup server is sending");
  await examine(page, "backup");
  await picture(page, "backup");
  await want("the alarm");
  await want("server 1 to start");
  await until(page, "/", "All mail goes out through Server 1; the backup server stands by.");
  await send(page);
}

/** Each has its own advice. */
async function wrongServers(page) {
  for (const [what, name, advice] of [
    ["a wrong password", "wrong-password", "Check login and password."],
    ["an expired certificate", "expired", "The proof of identity (certificate) was good until 1 Jan 2020."],
    ["another name", "wrong-name", "Enter the server by that name: mail.example.net."],
    ["a closed port", "closed-port", "Nothing answers on port"],
  ]) {
    await want(what);
    const said = await test(page, 2, name);
    assert.ok(said.includes(advice) && said.includes("No mail was sent."), `${what}: ${said}`);
    assert.equal(await page.locator(".steps .stop").count(), 1, what);
  }
}

/** The same without scripts, on a telephone, in Spanish. */
async function without(signedIn) {
  const page = await person({ javaScriptEnabled: false, locale: "es-ES", ...TELEPHONE });
  await page.context().addCookies(await signedIn.context().cookies());
  await want("the right password");
  await page.goto(`${BASE}/preferences/test`);
  await page.click("text=Probar servidor >> nth=-1");
  await page.waitForURL(/\/preferences\/test\/[0-9a-f]{32}$/);
  await page.waitForSelector(".verdict.well", { timeout: DEADLINE });
  await picture(page, "test-narrow-spanish");
  await page.click("text=En el correo no deseado");
  await page.waitForURL(/is=in_spam/);
  assert.match(await page.textContent("h1"), /correo no deseado/);
  await picture(page, "spam-narrow-spanish");
  await page.context().close();
}

await drive(async () => {
  const page = await person();
  await firstStart(page);
  await enterServers(page);
  await goodServers(page);
  await failOver(page);
  await wrongServers(page);
  await without(page);
}).finally(() => {
  input.close();
  process.stdin.destroy();
});
