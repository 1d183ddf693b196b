// Somebody at a terminal and at a browser signs in at a mail provider: by an address that is carried back, or by a code that is typed.
// `crates/bookpost/tests/peers/chain_terminal.rs` starts this with what it needs to know, and gets what is to be carried back:
//   ADDRESS   where to begin, as the terminal says
//   CODE      what is typed there; else there is nothing to be typed
//   ANSWER    yes, or no
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, keyboard, person, picture, want } from "./lib.mjs";

const { ADDRESS, CODE, ANSWER } = process.env;
const BOXES = ["email", "https://mail.google.com/", "https://outlook.office.com/SMTP.Send"];

await drive(async () => {
  const page = await person(TELEPHONE);
  const hands = keyboard(page);
  await page.goto(ADDRESS);
  if (CODE) {
    await hands.fill("user_code", CODE);
    await hands.press("button");
    await page.waitForSelector(`h1:has-text("${CODE}")`);
    await hands.press("[value=no]");
  }
  await page.waitForURL(/\/interaction\//);
  await hands.fill("account", "library@school.example");
  await hands.press("button");
  await page.waitForSelector("[value=yes]");
  for (const box of BOXES) if (await page.locator(`[name="${box}"]`).count()) await hands.tick(box);
  await hands.press(`[value=${ANSWER}]`);
  if (CODE) {
    await page.waitForURL(/\/device/);
    return;
  }
  await page.waitForURL(`${BASE}/preferences/sign-in/back?**`);
  const carried = await page.textContent("main pre");
  assert.equal(carried, page.url());
  await examine(page, "terminal");
  await picture(page, "chain-terminal");
  await want(carried);
});
