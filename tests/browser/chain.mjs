// Somebody signs in at a mail provider, by whose account mail leaves then: a box is left unticked, tokens end in the middle of a run, the
// provider ends the sign-in, and somebody signs in again. `crates/bookpost/tests/peers/chain.rs` starts this once for each setting, with what it
// needs to know, and does what is wanted here:
//   PROVIDER     google, or microsoft: of boxes Bookpost says nothing then
//   SETTING      how that person uses the pages: one of SETTINGS
//   BASE, LINK   where, and the link for setting up
//   RUN          how many mails are sent in the run
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, keyboard, mouse, person, picture, setUp, want } from "./lib.mjs";

const SETTINGS = {
  wide: { language: "en", hands: mouse, options: {} },
  "narrow-spanish": { language: "es", hands: keyboard, options: { locale: "es-ES", ...TELEPHONE } },
};
const { PROVIDER, SETTING, RUN } = process.env;
const NAME = PROVIDER === "google" ? "Google" : "Microsoft";
const SAID = {
  en: {
    before: ["Tick every box that is shown.", "such as library@"],
    box: ["2 of 3 boxes ticked. The box for sending email was left unticked, so nothing is connected and nothing was saved. Sign in again and tick every box."],
    connected: ["Connected. Bookpost may do all that it needs there.", "Connected as", "library@school.example", "3 of 3 boxes ticked", `Mail does not leave by ${NAME} yet.`],
    saved: "Saved. It holds from now on.",
    banner: `Somebody must sign in at ${NAME}`,
    signedOut: [`somebody must sign in at ${NAME}.`, `${NAME} signed us out`, `Mail is kept and waits. Sign in again at ${NAME}, and it leaves.`, /5 mails wait\. None is lost/],
    page: [`${NAME} signed us out. Mail is kept and waits. Sign in again.`, new RegExp(`Last error.{1,30}${NAME} ended the sign-in`), "Renewed last"],
    again: ["Connected. Bookpost may do all that it needs there."],
    well: [`All mail goes out through ${NAME}.`],
  },
  es: {
    before: ["Marque todas las casillas que aparezcan.", "como biblioteca@"],
    box: ["2 de 3 casillas marcadas. La casilla para enviar correo quedó sin marcar, así que no se conectó ni se guardó nada. Inicie sesión de nuevo y marque todas las casillas."],
    connected: ["Conectado. Bookpost puede hacer allí todo lo que necesita.", "Conectado como", "library@school.example", "3 de 3 casillas marcadas", `El correo todavía no sale por ${NAME}.`],
    saved: "Guardado. Vale desde ahora.",
    banner: `Alguien tiene que iniciar sesión en ${NAME}`,
    signedOut: [`alguien tiene que iniciar sesión en ${NAME}.`, `${NAME} cerró nuestra sesión`, `El correo se conserva y espera. Inicie sesión de nuevo en ${NAME} y saldrá.`, /Esperan 5 correos\. No se ha perdido ninguno/],
    page: [`${NAME} cerró nuestra sesión. El correo se conserva y espera. Inicie sesión de nuevo.`, new RegExp(`Último error.{1,30}${NAME} terminó la sesión`), "Última renovación"],
    again: ["Conectado. Bookpost puede hacer allí todo lo que necesita."],
    well: [`Todo el correo sale por ${NAME}.`],
  },
};
const { language, hands: handsOf, options } = SETTINGS[SETTING];
const said = SAID[language];
if (PROVIDER === "microsoft") {
  said.before[0] = "Agree to all of it, or nothing is connected.";
  said.box = ["Microsoft does not let Bookpost do all that it needs, so nothing is connected and nothing was saved."];
  said.connected[3] = "all that Bookpost asks for";
}
const DEADLINE = 100_000;
const PAGE = `/preferences/sign-in/${PROVIDER}`;
const MAIL = { google: "https://mail.google.com/", microsoft: "https://outlook.office.com/SMTP.Send" }[PROVIDER];
const HEAD = "borrowernumber,firstname,surname,email,title,barcode,duedate,branchcode,issuedate";
/** An export is of today where something in it fell due lately. */
const DUE = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);

async function shown(page, name) {
  await examine(page, `${name} ${SETTING}`);
  await picture(page, `chain-${name}-${PROVIDER}-${SETTING}`);
}

/** The page says all of this, at once or by itself in a while; or where it does not follow by itself, to whoever loads it again. */
async function says(page, parts, name, again = false) {
  const all = parts.map((part) => (part instanceof RegExp ? part.source : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  const there = (all) => {
    const text = document.querySelector("main").textContent.replace(/\s+/g, " ");
    return all.every((part) => new RegExp(part, "s").test(text));
  };
  for (const deadline = Date.now() + DEADLINE; again && Date.now() < deadline && !(await page.evaluate(there, all)); ) {
    await page.waitForTimeout(250);
    await page.reload();
  }
  await page.waitForFunction(there, all, { timeout: DEADLINE }).catch(async () => {
    assert.fail(`${name}: ${parts} in ${(await page.textContent("main")).replace(/\s+/g, " ")}`);
  });
  await shown(page, name);
}

/** To the provider, and back with these boxes ticked. */
async function signIn(page, hands, boxes, name) {
  await hands.press(`a[href="${PAGE}/begin"]`);
  await page.waitForURL(/\/interaction\//);
  // It knows them by then, the next time.
  if (await page.locator("[name=account]").count()) {
    await shown(page, `${name}-provider`);
    await hands.fill("account", "library@school.example");
    await hands.press("button");
    await page.waitForSelector("[value=yes]");
  }
  for (const box of boxes) await hands.tick(box);
  await shown(page, `${name}-boxes`);
  await hands.press("[value=yes]");
  await page.waitForURL(`${BASE}/preferences/sign-in/**`);
}

/** An export with a line for each; its run has begun. */
async function run(page, hands, name, count) {
  const line = (n) => `${name}${n},${name},Nguyen,${name}${n}@example.org,Emma,b${name}${n},${DUE},,`;
  const text = [HEAD, ...Array.from({ length: count }, (_, n) => line(n + 1)), ""].join("\n");
  await page.goto(`${BASE}/notices`);
  await page.setInputFiles("[type=file]", { name: `${name}.csv`, mimeType: "text/csv", buffer: Buffer.from(text) });
  await hands.press("form[enctype] button.main");
  await page.waitForURL(/\/notices\/check\//);
  await hands.press("form[action$='/send'] button.main");
  await page.waitForURL(/\/notices\/runs\/\d+$/);
}

await drive(async () => {
  const page = await person(options);
  const hands = handsOf(page);
  await setUp(page, hands);

  await page.goto(`${BASE}/preferences`);
  await hands.press(`a[href="${PAGE}"]`);
  await page.waitForURL(BASE + PAGE);
  assert.equal(await page.getAttribute("html", "lang"), language);
  await says(page, said.before, "before");
  await signIn(page, hands, ["email"], "first");
  await says(page, said.box, "box-left");
  await signIn(page, hands, ["email", MAIL], "second");
  await says(page, said.connected, "connected");
  await hands.press("a[href='/preferences#way']");
  await page.waitForURL(`${BASE}/preferences#way`);
  await hands.pick("sending.way", PROVIDER);
  await hands.press(".save button.main");
  await page.waitForSelector(`.flash:has-text("${said.saved}")`, { timeout: DEADLINE });
  await shown(page, "chosen");

  await want("a sink that comes to a stand");
  await run(page, hands, "ida", Number(RUN));
  await want("tokens to end in the middle");
  await want("all to have arrived once");
  await page.goto(`${BASE}/`);
  await says(page, said.well, "well");

  await want("the provider to end it");
  await run(page, hands, "leo", 5);
  await page.goto(`${BASE}/`);
  await says(page, said.signedOut, "signed-out");
  await page.goto(`${BASE}/queue`);
  assert.ok((await page.textContent("[data-banner]")).includes(said.banner), await page.textContent("[data-banner]"));
  await page.goto(`${BASE}/`);
  await hands.press(`.to-do a[href="${PAGE}"]`);
  await page.waitForURL(BASE + PAGE);
  await says(page, said.page, "again", true);
  await signIn(page, hands, ["email", MAIL], "again");
  await says(page, said.again, "again-connected");
  await want("the rest to have arrived once");
  await page.goto(`${BASE}/`);
  await says(page, said.well, "well-again");
});
