// No notices have been sent for longer than usual: what the first page says, with everything else well, in both languages and widths.
// `crates/bookpost/tests/pages/today.rs` starts this.
import assert from "node:assert/strict";
import { LOOKS, drive, lookAt, person, signIn } from "./lib.mjs";

const SAID = {
  en: [/All mail goes out through Server 1\./, /Nothing sent since .*; usually daily/, /Look whether the library system still makes the export/],
  es: [/Todo el correo sale por el Servidor 1\./, /No se ha enviado nada desde .*; lo habitual es a diario/, /Compruebe si el sistema de la biblioteca/],
};

await drive(async () => {
  for (const [setting, options] of Object.entries(LOOKS)) {
    const page = await person(options);
    await signIn(page);
    const text = await page.textContent("main");
    for (const part of SAID[setting.endsWith("spanish") ? "es" : "en"]) assert.match(text, part);
    await lookAt(page, `situation-silence-${setting}`);
    await page.context().close();
  }
});
