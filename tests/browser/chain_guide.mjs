// The demo, connected to a provider in Google's place by somebody who does what the guide says. `crates/bookpost/tests/peers/chain_guide.rs` starts
// this with what it needs to know:
//   BASE, LINK   where, and the link for setting up
import assert from "node:assert/strict";
import { BASE, drive, examine, mouse, person, picture } from "./lib.mjs";

await drive(async () => {
  const page = await person();
  const hands = mouse(page);
  await page.goto(process.env.LINK);
  for (const [name, value] of [["email", "ann@library.example"], ["name", "Ann"], ["password", "elf zwölf zehn"]]) await hands.fill(name, value);
  await hands.press("button.main");
  await page.waitForURL((url) => url.origin === BASE && !url.href.startsWith(process.env.LINK));
  await page.goto(`${BASE}/preferences`);
  await page.getByRole("link", { name: "Sign in, and how it stands: " }).first().click();
  await page.getByRole("link", { name: "Sign in with Google" }).click();
  await page.fill("[name=account]", "library@school.example");
  await hands.press("button");
  await page.waitForSelector("[value=yes]");
  for (const box of await page.locator("[type=checkbox]").all()) await box.check();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL(`${BASE}/preferences/sign-in/google?done=account_connected`);
  const said = (await page.textContent("body")).replace(/\s+/g, " ");
  for (const part of [/Connected\. /, /Connected as ?library@school\.example/, /3 of 3 boxes ticked/]) assert.match(said, part);
  await page.getByRole("link", { name: "Sign in with Google again" }).click();
  await page.waitForSelector("[value=yes]");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForSelector("[role=alert]");
  assert.match(await page.textContent("main"), /1 of 3 boxes ticked\. The box for sending email was left unticked/);
  await examine(page, "guide");
  await picture(page, "chain-guide");
});
