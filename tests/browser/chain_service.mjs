// A district gives out a key on its page, a school enters it and signs in by it at a mail provider, and the district ends that.
// `crates/bookpost/tests/peers/chain_service.rs` starts this once for each setting, with what it needs to know:
//   SETTING                      how both use the pages: one of SETTINGS
//   BASE, LINK                   where the school is, and its link for setting up
//   DISTRICT, LINK_OF_DISTRICT   the same of the district
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, keyboard, mouse, person, picture, setUp } from "./lib.mjs";

const SETTINGS = {
  wide: { language: "en", hands: mouse, options: {} },
  dark: { language: "en", hands: mouse, options: { colorScheme: "dark", ...TELEPHONE } },
  "narrow-spanish": { language: "es", hands: keyboard, options: { locale: "es-ES", ...TELEPHONE } },
};
const SAID = {
  en: {
    none: ["Installations that sign in here", "None yet.", "/sign-in-service/back"],
    key: ["Key of Hill School", "Copy it now"],
    trusts: ["by the sign-in service run by Riverside District"],
    reached: ["Connected to 127.0.0.1, TCP port", "knows this installation as Hill School"],
    names: ["Sign in with Google for Hill School", "covers reading and deleting all mail", BASE],
    connected: ["Connected. Bookpost may do all that it needs there.", "library@school.example"],
    used: ["Hill School", /Sign-ins and renewals in 24 hours\s*1/],
    asked: ["End sign-ins here for Hill School?", "Its key opens nothing from now on"],
    ended: ["Nothing is done for this installation any more.", "None yet.", "Ended"],
    refused: ["does not take the key of this installation"],
  },
  es: {
    none: ["Instalaciones que inician sesión aquí", "Todavía ninguna.", "/sign-in-service/back"],
    key: ["Clave de Hill School", "Cópiela ahora"],
    trusts: ["a través del servicio gestionado por Riverside District"],
    reached: ["Conectado con 127.0.0.1, puerto TCP", "conoce esta instalación como Hill School"],
    names: ["Iniciar sesión con Google para Hill School", "cubre también leer y borrar todo el correo", BASE],
    connected: ["Conectado. Bookpost puede hacer allí todo lo que necesita.", "library@school.example"],
    used: ["Hill School", /Inicios y renovaciones en 24 horas\s*1/],
    asked: ["¿Terminar aquí los inicios de sesión de Hill School?", "Desde ahora su clave no abre nada"],
    ended: ["para esta instalación.", "Todavía ninguna.", "Terminadas"],
    refused: ["no acepta la clave de esta instalación"],
  },
};
const { SETTING, DISTRICT, LINK_OF_DISTRICT } = process.env;
const { language, hands: handsOf, options } = SETTINGS[SETTING];
const said = SAID[language];
const PAGE = "/preferences/sign-in/google";
const LIST = "/preferences/installations";
const MAIL = "https://mail.google.com/";

async function says(page, parts, name) {
  assert.equal(await page.getAttribute("html", "lang"), language, name);
  const text = (await page.textContent("main")).replace(/\s+/g, " ");
  for (const part of parts) {
    assert.ok(part instanceof RegExp ? part.test(text) : text.includes(part), `${name}: ${part} in ${text}`);
  }
  await examine(page, `${name} ${SETTING}`);
  await picture(page, `service-${name}-${SETTING}`);
}

/** A key, by somebody of the district. */
async function added(page, hands) {
  await page.goto(DISTRICT + PAGE);
  await hands.press(`a[href="${LIST}"]`);
  await page.waitForURL(DISTRICT + LIST);
  await says(page, said.none, "none");
  await hands.fill("name", "Hill School");
  await hands.fill("address", BASE);
  await hands.press(`form[action="${LIST}"] button`);
  await page.waitForSelector("main pre");
  await says(page, said.key, "key");
  const [address, key] = await page.locator("main pre").allTextContents();
  assert.equal(address, DISTRICT);
  return key;
}

async function entered(page, hands, key) {
  await page.goto(BASE + PAGE);
  await hands.fill("service_address", DISTRICT);
  await hands.fill("service_key", key);
  await hands.fill("service_name", "Riverside District");
  await hands.press(`form[action="${PAGE}/service"] .acts button`);
  await page.waitForURL(`${BASE}${PAGE}?done=**`);
  await says(page, said.trusts, "entered");
}

async function tested(page, hands, parts, name) {
  await hands.press(`form[action="${PAGE}/service/test"] button`);
  await page.waitForURL(`${BASE}${PAGE}/service/test`);
  await says(page, parts, name);
}

/** From the school over the district to the provider, and all the way back. */
async function signedIn(page, hands) {
  await page.goto(BASE + PAGE);
  await hands.press(`a[href="${PAGE}/begin"]`);
  await page.waitForURL(`${DISTRICT}/sign-in-service?**`);
  await says(page, said.names, "names");
  await hands.press("main a.button");
  await page.waitForURL(/\/interaction\//);
  await hands.fill("account", "library@school.example");
  await hands.press("button");
  await page.waitForSelector("[value=yes]");
  for (const box of ["email", MAIL]) await hands.tick(box);
  await hands.press("[value=yes]");
  await page.waitForURL(`${BASE}/preferences/sign-in/**`);
  await says(page, said.connected, "connected");
}

await drive(async () => {
  const [ofDistrict, ofSchool] = [await person(options), await person(options)];
  const [district, school] = [handsOf(ofDistrict), handsOf(ofSchool)];
  await setUp(ofDistrict, district, DISTRICT, LINK_OF_DISTRICT);
  await setUp(ofSchool, school);
  const key = await added(ofDistrict, district);
  await entered(ofSchool, school, key);
  await tested(ofSchool, school, said.reached, "reached");
  await signedIn(ofSchool, school);
  await ofDistrict.goto(DISTRICT + LIST);
  await says(ofDistrict, said.used, "used");
  await district.press(`a[href$="/end"]`);
  await ofDistrict.waitForURL(`${DISTRICT}${LIST}/*/end`);
  await says(ofDistrict, said.asked, "asked");
  await district.press("button.final");
  await ofDistrict.waitForURL(`${DISTRICT}${LIST}?done=**`);
  await says(ofDistrict, said.ended, "ended");
  await ofSchool.goto(BASE + PAGE);
  await tested(ofSchool, school, said.refused, "refused");
});
