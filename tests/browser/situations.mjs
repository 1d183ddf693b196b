// What the first page says of each situation that a library comes into, and the next step that it offers, on the program itself. The page stays
// open: it says so by itself. `crates/bookpost/tests/peers/situations.rs` starts this once for each setting, with what it needs to know, and brings
// about what is wanted here:
//   SETTING              how that person looks at the pages: one of SETTINGS
//   BASE, LINK           where, and the link for setting up
//   PASSWORD_NEW         what Server 1 wants to hear once its password is another
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, keyboard, mouse, person, picture, setUp, want } from "./lib.mjs";

const SETTINGS = {
  wide: { language: "en", hands: mouse, options: {} },
  "narrow-spanish": { language: "es", hands: keyboard, options: { locale: "es-ES", ...TELEPHONE } },
};
const SAID = {
  en: {
    well: "All mail goes out through Server 1.",
    practised: ["3 mails of the last run are in the practice mailbox. No patron received anything.", "choose how mail is sent, then run the export again"],
    allWell: /3 notices, 3 accepted by .*Nothing needs you\./s,
    gone: ["3 mails of the last run were sent back", "3 addresses do not exist. All others are done. Correct the addresses, then send again to these 3. Nobody else gets a mail."],
    goneLess: "2 addresses do not exist.",
    full: [/1 mailbox is full\. Bookpost tries until .*\d\d:\d\d, then tells you\. There is nothing to do now\./],
    doubt: ["Of what waits, 1 mail may have arrived: the connection broke while the server was answering. The same mail is sent again by itself."],
    notWritten: ["2 entries of the last run got no mail, and can still get one", "1 person of an unknown library. An administrator adds the branch code", "1 line we could not use. Correct the record"],
    paused: ["Sending has been paused", "Paused by Ann.", /\d mails? waits?\. While sending is paused, the 100 hours stand still: nothing is given up\./],
    password: ["the mail server does not accept our password", "The mail server did not accept our password", /[2-9] mails wait\. None is lost/, "Nobody's mail was sent back for that."],
    down: ["Nothing has gone out since", /[2-9] mails wait\. None is lost/, "If nothing changes, the first is given up and sent back to the library:", "got nothing through the mail server 127.0.0.1:"],
    asked: "The mail server is being asked.",
    backup: ["The backup server has been sending since", "All mail goes out through it meanwhile. Have Server 1 repaired. Nothing has to be sent again."],
  },
  es: {
    well: "Todo el correo sale por el Servidor 1.",
    practised: ["3 correos del último envío están en el buzón de prácticas. Ningún usuario ha recibido nada.", "elija cómo se envía el correo y luego vuelva a enviar la exportación"],
    allWell: /3 avisos, 3 aceptados por .*Nada \S+ su atención\./s,
    gone: ["3 correos del último envío fueron devueltos", "3 direcciones no existen. Todos los demás están listos. Corrija las direcciones y vuelva a enviar a estas 3. Nadie más recibe correo."],
    goneLess: "2 direcciones no existen.",
    full: [/1 buzón está lleno\. Bookpost lo intenta hasta .*\d\d:\d\d, y luego se lo dice\. Ahora no hay nada que hacer\./],
    doubt: ["1 correo quizá haya llegado: la conexión se cortó mientras el servidor respondía. El mismo correo se envía otra vez por sí solo."],
    notWritten: ["2 entradas del último envío quedaron sin correo", "1 persona de una biblioteca desconocida.", "1 línea que no pudimos usar."],
    paused: ["El envío está en pausa", "En pausa por Ann.", /Esperan? \d correos?\. Mientras el envío está en pausa, las 100 horas no corren: no se desiste de nada\./],
    password: ["el servidor de correo no acepta nuestra contraseña", "El servidor de correo no ha aceptado nuestra contraseña", /Esperan [2-9] correos\. No se ha perdido ninguno/, "No se ha devuelto el correo de nadie por eso."],
    down: ["No sale nada desde", /Esperan [2-9] correos\. No se ha perdido ninguno/, "Si nada cambia, se desiste del primero y se devuelve a la biblioteca:", "no consigue enviar nada por el servidor de correo 127.0.0.1:"],
    asked: "Se está preguntando al servidor de correo.",
    backup: ["El servidor de reserva envía desde", "todo el correo sale por él. Haga reparar el Servidor 1. No hay que volver a enviar nada."],
  },
};
const { SETTING } = process.env;
const { language, hands: handsOf, options } = SETTINGS[SETTING];
const said = SAID[language];
/** From the moment at which something is so. */
const DEADLINE = 10_000;
let since = Date.now();
/** It is so from now on. */
const so = () => {
  since = Date.now();
};

/** Of the page that stays open: it says all of this in time; whatever is folded is read too. */
async function says(open, parts, name) {
  const all = parts.map((part) => (part instanceof RegExp ? part.source : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  const there = (all) => {
    const text = document.querySelector("main").textContent.replace(/\s+/g, " ");
    return all.every((part) => new RegExp(part, "s").test(text));
  };
  await open.waitForFunction(there, all, { timeout: Math.max(1, since + DEADLINE - Date.now()) }).catch(async () => {
    assert.fail(`${name}: ${parts} in ${(await open.textContent("main")).replace(/\s+/g, " ")}`);
  });
  await examine(open, `${name} ${SETTING}`);
  await picture(open, `situation-${name}-${SETTING}`);
}

let numbers = 100;
/** Of two days ago: what is older is asked about. */
const DUE = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
/** An export with a line for each; its run has begun. */
async function run(page, hands, names, more = []) {
  const head = "borrowernumber,firstname,surname,email,title,barcode,duedate,branchcode,issuedate";
  const line = (name, branch = "") =>
    `${(numbers += 1)},${name},Nguyen,${name}@example.org,Emma,b${numbers},${DUE},${branch},`;
  const text = [head, ...names.map((name) => line(name)), ...more.map((one) => (one === "short" ? "7,too short" : line(one, "NOWHERE"))), ""].join("\n");
  await page.goto(`${BASE}/notices`);
  await page.setInputFiles("[type=file]", { name: "overdues.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await hands.press("form[enctype] button.main");
  await hands.press("form[action$='/send'] button.main");
  await page.waitForURL(/\/notices\/runs\/\d+$/);
  so();
}

await drive(async () => {
  const page = await person(options);
  const hands = handsOf(page);
  await setUp(page, hands);
  await want("practice");
  const open = await page.context().newPage();
  await open.goto(`${BASE}/`);

  await run(page, hands, ["ana", "ben", "cleo"]);
  await says(open, said.practised, "practice");
  await want("server 1");
  await run(page, hands, ["ana", "ben", "cleo"]);
  await says(open, [said.well, said.allWell], "all-well");
  assert.equal((await open.textContent("[data-banner]")).trim(), "");

  await run(page, hands, ["ana", "gone1", "gone2", "gone3"]);
  await says(open, said.gone, "dead-addresses");
  await page.goto(`${BASE}/`);
  await hands.press(".to-do a[href$='what=returned']");
  await page.waitForURL(/what=returned$/);
  await hands.press("a[href*='/again/']");
  await hands.fill("to", "right@example.org");
  await hands.press("button.main");
  so();
  await says(open, [said.goneLess], "dead-addresses-less");

  await run(page, hands, ["ana", "full"]);
  await says(open, said.full, "mailbox-full");
  await run(page, hands, ["ana", "doubt"]);
  await says(open, said.doubt, "in-doubt");
  await run(page, hands, ["ana"], ["eve", "short"]);
  await says(open, said.notWritten, "not-written");

  await page.goto(`${BASE}/sending`);
  await hands.press("form[action='/sending'] button.main");
  await page.waitForSelector(".flash");
  so();
  await says(open, said.paused, "paused");
  await page.goto(`${BASE}/`);
  await hands.press(".to-do a[href='/sending']");
  await page.waitForURL(`${BASE}/sending`);
  await hands.press("form[action='/sending'] button.main");
  so();
  await says(open, [said.well], "resumed");

  await want("another password");
  await run(page, hands, ["ana"]);
  await says(open, said.password, "password");
  await page.goto(`${BASE}/`);
  await hands.press(".to-do a[href='/preferences#server1']");
  await page.waitForURL(`${BASE}/preferences#server1`);
  await hands.fill("server1.password", process.env.PASSWORD_NEW);
  await hands.press(".save button.main");
  so();
  await says(open, [said.well], "password-entered");

  await want("server 1 to stop");
  await run(page, hands, ["ana", "ben"]);
  await says(open, said.down, "down");
  await want("server 1 to start");
  await page.goto(`${BASE}/`);
  await hands.press("form[action='/sending/probe'] button");
  await page.waitForSelector(`.flash:has-text("${said.asked}")`);
  so();
  await says(open, [said.well], "up");

  await want("server 2");
  await want("server 1 to stop");
  await run(page, hands, ["ana", "ben"]);
  await says(open, said.backup, "backup");
});
