// Schedules in a browser: with and without scripts, by keyboard, narrow, in the dark, in Spanish, and read by axe. EXPORT is an export that
// stands still.
import assert from "node:assert/strict";
import { BASE, drive, examine, look, person, picture, signIn, tabThrough } from "./lib.mjs";

const SCHEDULES = "/notices/schedules";
const { EXPORT } = process.env;

/** Of the fields that belong to a rhythm only those of this one are there. */
async function onlyAsksFor(page, rhythm, shown) {
  await page.selectOption("[name=rhythm]", rhythm);
  for (const field of ["[name=weekdays][value='1']", "#day", "#month", "#date"]) {
    assert.equal(await page.isVisible(field), shown.includes(field), `${rhythm}: ${field}`);
  }
}

/** One is added with a slip, looked at, kept, skipped, run, and removed; with scripts or without. */
async function schedules(javaScriptEnabled) {
  const page = await person({ javaScriptEnabled });
  await signIn(page);
  await page.goto(`${BASE}/notices`);
  await page.click("text=Scheduled");
  assert.match(await page.textContent("main"), /Nothing is scheduled/);
  if (javaScriptEnabled) await examine(page, "schedules-none");
  await picture(page, `schedules-none-${javaScriptEnabled}`);
  await page.click("text=Schedule notices");
  await page.fill("[name=name]", "Overdue notices, weekly");
  await page.fill("[name=path]", "overdues.csv");
  await onlyAsksFor(page, "daily", []);
  await onlyAsksFor(page, "yearly", ["#day", "#month"]);
  await onlyAsksFor(page, "once", ["#date"]);
  await onlyAsksFor(page, "weekly", ["[name=weekdays][value='1']"]);
  await page.check("[name=weekdays][value='1']");
  await page.fill("[name=closed_dates]", "2026-11-30");
  await page.click("[name=preview]");
  assert.match(await page.textContent(".moments"), /Tuesday, 1 Dec 2026/);
  await page.click("button.main");
  assert.match(await page.textContent("#path-problem"), /whole path/);
  assert.equal(await page.inputValue("[name=name]"), "Overdue notices, weekly");
  if (javaScriptEnabled) await examine(page, "schedule-wrong");
  await picture(page, `schedule-wrong-${javaScriptEnabled}`);
  await page.fill("[name=path]", EXPORT);
  await page.click("button.main");
  assert.match(await page.textContent(".flash"), /It is scheduled/);
  await page.click("text=Skip next");
  assert.match(await page.textContent(".cards"), /as it is skipped; then Monday, 7 Dec 2026/);
  await page.click("text=Do not skip");
  await page.click("text=Run now");
  assert.match(await page.textContent("main"), /Patrons are written to at once/);
  if (javaScriptEnabled) await examine(page, "schedule-run");
  await picture(page, `schedule-run-${javaScriptEnabled}`);
  await page.click("text=Write to patrons now");
  assert.match(await page.textContent(".flash"), /The run has begun/);
  const over = async () => /Run \d+|Nothing was sent/.test(await page.textContent(".cards"));
  while (!(await over())) await page.reload();
  if (javaScriptEnabled) {
    await examine(page, "schedules");
    await tabThrough(page, "schedules");
  }
  await picture(page, `schedules-${javaScriptEnabled}`);
  await page.click("text=Pause");
  assert.match(await page.textContent(".cards"), /paused since/);
  await page.click("text=Go on");
  if (javaScriptEnabled) {
    const id = (await page.getAttribute(".cards > li", "id")).replace("schedule-", "");
    await look({
      schedules: SCHEDULES,
      "schedule-add": `${SCHEDULES}/add`,
      "schedule-change": `${SCHEDULES}/${id}/change`,
      "schedule-run": `${SCHEDULES}/${id}/run`,
      "schedule-remove": `${SCHEDULES}/${id}/remove`,
    });
  }
  await page.click("[aria-label='Remove: Overdue notices, weekly']");
  await page.click("button.final");
  assert.match(await page.textContent(".flash"), /The schedule is removed/);
  await page.context().close();
}

await drive(async () => {
  await schedules(true);
  await schedules(false);
});
