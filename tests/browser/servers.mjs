// From the first start to a server that dies and comes back, and each way in which a server can be wrong, on the program itself with real
// mail servers, by one person. `crates/bookpost/tests/peers/pages.rs` starts this once for each setting, with what it needs to know, and
// does to the servers what is wanted here:
//   SETTING                                 how that person uses the pages: one of SETTINGS
//   BASE, LINK                              where, and the link for setting up
//   SERVER_1, SERVER_2, LOGIN, KEY, ALARMS  the ports of both servers, their login and its password, and who is told of what is wrong
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, fits, keyboard, mouse, person, picture, want } from "./lib.mjs";

const SETTINGS = {
  mouse: { language: "en", hands: mouse, options: {} },
  "no-script": { language: "es", hands: mouse, options: { javaScriptEnabled: false, locale: "es-ES", ...TELEPHONE } },
  keyboard: { language: "en", hands: keyboard, options: TELEPHONE },
};
/** What is looked for on the pages. */
const SAID = {
  en: {
    named: "Saved. Now choose how mail goes out.",
    practices: "Mail goes to the practice mailbox now.",
    practiced: "Kept in the practice mailbox",
    saved: "Saved. It holds from now on.",
    passed: [
      /It has the address 127\.0\.0\.1\./,
      /Encrypted \(TLS 1\.\d\)\. The server's proof of identity \(certificate\) is for 127\.0\.0\.1 and good until \d+ \w+ \d{4}/,
      /The server accepted login and password\./,
      /The server accepted the test message for me@elsewhere\.example\./,
    ],
    notYet: /It has not arrived yet/,
    arrived: "Good: the test message arrived.",
    known: /Server 2: A test message arrived \(.*Ann\)/,
    accepted: "Accepted by",
    well: "All mail goes out through Server 1; the backup server stands by.",
    backup: "The backup server is sending",
    alarm: "Have Server 1 repaired.",
    notSent: "No mail was sent.",
    advice: {
      "wrong-password": "Check login and password.",
      expired: "The proof of identity (certificate) was good until 1 Jan 2020.",
      "wrong-name": "Enter the server by that name: mail.example.net.",
      "closed-port": "Nothing answers on port",
    },
  },
  es: {
    named: "Guardado. Ahora elija cómo sale el correo.",
    practices: "Ahora el correo va al buzón de prácticas.",
    practiced: "Guardado en el buzón de prácticas",
    saved: "Guardado. Vale desde ahora.",
    passed: [
      /Tiene la dirección 127\.0\.0\.1\./,
      /Cifrada \(TLS 1\.\d\)\. La prueba de identidad del servidor \(certificado\) es para 127\.0\.0\.1 y vale hasta el \d+ de \w+ de \d{4}/,
      /El servidor aceptó el usuario y la contraseña\./,
      /El servidor aceptó el mensaje de prueba para me@elsewhere\.example\./,
    ],
    notYet: /Todavía no ha llegado/,
    arrived: "Bien: el mensaje de prueba llegó.",
    known: /Servidor 2: Un mensaje de prueba llegó \(.*Ann\)/,
    accepted: "Aceptado por",
    well: "Todo el correo sale por el Servidor 1; el servidor de reserva está preparado.",
    backup: "El servidor de reserva envía",
    alarm: "Haga reparar el Servidor 1.",
    notSent: "No se envió ningún correo.",
    advice: {
      "wrong-password": "Compruebe el usuario y la contraseña.",
      expired: "La prueba de identidad (certificado) valió hasta el 1 de enero de 2020.",
      "wrong-name": "Introduzca el servidor con ese nombre: mail.example.net.",
      "closed-port": "nada en el puerto",
    },
  },
};

const { SETTING } = process.env;
const { language, hands: handsOf, options } = SETTINGS[SETTING];
const said = SAID[language];
const EMAIL = "ann@library.example";
const PASSWORD = "elf zwölf zehn";
const DEADLINE = 100_000;

/** What axe finds, where scripts can run, and whether the page fits; and a picture. */
async function shown(page, name) {
  await (options.javaScriptEnabled === false ? fits : examine)(page, `${name} ${SETTING}`);
  await picture(page, `${name}-${SETTING}`);
}

/** By a link, to where it leads. */
async function follow(page, hands, path) {
  await hands.press(`a[href="${path}"]`);
  await page.waitForURL(BASE + path);
}

/** Looks again and again, as a person does, until this is on the page. */
async function until(page, text) {
  const deadline = Date.now() + DEADLINE;
  for (;;) {
    const main = await page.textContent("main");
    if (main.includes(text)) return main;
    assert.ok(Date.now() < deadline, `${page.url()}: "${text}" did not come: ${main}`);
    await page.waitForTimeout(250);
    await page.reload();
  }
}

/** What was done is said on the page that follows. */
async function told(page, text) {
  await page.waitForSelector(`.flash:has-text("${text}")`, { timeout: DEADLINE });
}

/** The link, the library, the practice mailbox, a test message. */
async function firstStart(page, hands) {
  await page.goto(process.env.LINK);
  await shown(page, "set-up");
  await hands.fill("email", EMAIL);
  await hands.fill("name", "Ann");
  await hands.fill("password", PASSWORD);
  await hands.press("button.main");
  await page.waitForURL(`${BASE}/start`);
  assert.equal(await page.getAttribute("html", "lang"), language);
  await shown(page, "start");
  await hands.fill("name", "Riverside Library");
  await hands.fill("email", "desk@library.example");
  await hands.press('form[action="/start"] button');
  await told(page, said.named);
  await picture(page, `start-named-${SETTING}`);
  await hands.press('form[action="/start/practice"] button');
  await told(page, said.practices);
  await shown(page, "start-practice");
  await send(page, hands, said.practiced);
  assert.match(await page.textContent("h1"), /Riverside Library/);
}

/** Sends a message by the queue, and sees what becomes of it. */
async function send(page, hands, becomes) {
  if (new URL(page.url()).pathname !== "/start") await page.goto(`${BASE}/start`);
  await hands.press('form[action="/start/test"] button');
  await page.waitForURL(/\/queue\/\d+$/);
  await until(page, becomes);
}

async function signOutAndIn(page, hands) {
  await hands.press('form[action="/sign-out"] button');
  await page.waitForURL(/\/sign-in/);
  await hands.fill("email", EMAIL);
  await hands.fill("password", PASSWORD);
  await hands.press("button.main");
  await page.waitForURL(`${BASE}/`);
}

/** Both servers are entered in the form, and saved once both pass their test. */
async function enterServers(page, hands) {
  const { SERVER_1, SERVER_2, LOGIN, KEY, ALARMS } = process.env;
  await follow(page, hands, "/preferences");
  await hands.pick("sending.way", "servers");
  await hands.press("section[aria-labelledby=server2] summary");
  for (const [server, port] of [["server1", SERVER_1], ["server2", SERVER_2]]) {
    await hands.fill(`${server}.host`, "127.0.0.1");
    await hands.fill(`${server}.port`, port);
    await hands.choose(`${server}.encryption`, "starttls");
    await hands.fill(`${server}.login`, LOGIN);
    await hands.fill(`${server}.password`, KEY);
  }
  await hands.fill("alarms.email", ALARMS);
  await hands.press(".save button.main");
  await told(page, said.saved);
  assert.ok(!(await page.content()).includes(KEY));
}

/** Tests a server on the page; what it says at the end. */
async function test(page, hands, number, name) {
  await page.goto(`${BASE}/preferences/test`);
  await hands.choose("server", String(number));
  await hands.fill("to", "me@elsewhere.example");
  await hands.press('form[action="/preferences/test"] button.main');
  await page.waitForURL(/\/preferences\/test\/[0-9a-f]{32}$/);
  await page.waitForSelector(".verdict.well, .verdict.stop", { timeout: DEADLINE });
  await shown(page, `test-${name}`);
  return page.textContent("main");
}

/** A server that is as it should be. */
async function goodServers(page, hands) {
  for (const number of [1, 2]) {
    const main = await test(page, hands, number, `good-${number}`);
    for (const step of said.passed) assert.match(main, step);
    await hands.press(".steps summary");
    const words = page.locator(".steps pre").first();
    await words.waitFor({ state: "visible" });
    assert.match(await words.textContent(), /ESMTP/);
    await hands.press("[name=is][value=not_yet]");
    await page.waitForURL(/is=not_yet/);
    assert.match(await page.textContent("h1"), said.notYet);
    await shown(page, "test-not-yet");
    await hands.press("[name=is][value=yes]");
    await told(page, said.arrived);
  }
  assert.match(await page.textContent("main"), said.known);
}

/** Server 1 dies, Server 2 takes over, people hear of it, and Server 1 comes back. */
async function failOver(page, hands) {
  await follow(page, hands, "/");
  await until(page, said.well);
  await send(page, hands, said.accepted);
  await want("server 1 to stop");
  await send(page, hands, said.accepted);
  await follow(page, hands, "/");
  await until(page, said.backup);
  assert.ok((await page.textContent("main")).includes(said.alarm));
  await shown(page, "backup");
  await want("the alarm");
  await want("server 1 to start");
  await until(page, said.well);
  await send(page, hands, said.accepted);
}

/** Each has its own advice. */
async function wrongServers(page, hands) {
  for (const [what, name] of [
    ["a wrong password", "wrong-password"],
    ["an expired certificate", "expired"],
    ["another name", "wrong-name"],
    ["a closed port", "closed-port"],
  ]) {
    await want(what);
    const main = await test(page, hands, 2, name);
    assert.ok(main.includes(said.advice[name]) && main.includes(said.notSent), `${what}: ${main}`);
    assert.equal(await page.locator(".steps .stop").count(), 1, what);
  }
}

await drive(async () => {
  const page = await person(options);
  const hands = handsOf(page);
  for (const part of [firstStart, signOutAndIn, enterServers, goodServers, failOver, wrongServers]) {
    await part(page, hands);
  }
});
