// Overdue notices from the export to the end of the run, on the program itself with a real mail server behind it: it refuses an address, it is gone
// in the middle and comes back, one notice is sent again, and a second run is stopped half-way. `crates/bookpost/tests/peers/overdue.rs` starts this
// once for each setting, with what it needs to know, and does what is wanted here:
//   SETTING      how that person looks at the pages: one of SETTINGS
//   BASE, LINK   where, and the link for setting up
import assert from "node:assert/strict";
import { BASE, TELEPHONE, drive, examine, keyboard, mouse, person, picture, setUp, want } from "./lib.mjs";

const SETTINGS = {
  wide: { hands: mouse, options: {} },
  "narrow-spanish": { hands: keyboard, options: { locale: "es-ES", ...TELEPHONE } },
};
const { SETTING } = process.env;
const { hands: handsOf, options } = SETTINGS[SETTING];
const DEADLINE = 100_000;
const HEAD = "borrowernumber,firstname,surname,email,title,barcode,duedate,branchcode,issuedate";

async function shown(page, name) {
  await examine(page, `${name} ${SETTING}`);
  await picture(page, `overdue-${name}-${SETTING}`);
}

/** What the run page says: all that was asked for, and what became of it by the name of its list. */
const counted = () => {
  const sums = document.querySelector("section[aria-labelledby=sums] dl");
  const number = (one) => Number(one.textContent.replace(/\D/g, ""));
  const parts = [...sums.querySelectorAll("div:not(.asked)")].map((one) => {
    const link = one.querySelector("dd a");
    return [link ? new URL(link.href).searchParams.get("what") : one.querySelector("dt").textContent.trim(), number(one.querySelector("dd"))];
  });
  return { asked: number(sums.querySelector(".asked dd")), ...Object.fromEntries(parts.filter(([, number]) => number > 0)) };
};

/** The page of a run stays open until it says this by itself. It adds up at any time. */
async function until(page, expected, name) {
  for (const deadline = Date.now() + DEADLINE; ;) {
    const now = await page.evaluate(counted);
    const { asked, ...parts } = now;
    assert.equal(Object.values(parts).reduce((sum, one) => sum + one, 0), asked, JSON.stringify(now));
    if (Object.entries(expected).every(([what, number]) => (now[what] ?? 0) === number)) return shown(page, name);
    assert.ok(Date.now() < deadline, `${name}: ${JSON.stringify(now)}`);
    await page.waitForTimeout(200);
  }
}

/** The way to the run: the export, the check, one sentence, Send. */
async function send(page, hands, lines, name) {
  await page.goto(`${BASE}/notices`);
  const buffer = Buffer.from([HEAD, ...lines, ""].join("\n"));
  await page.setInputFiles("[type=file]", { name: `${name}.csv`, mimeType: "text/csv", buffer });
  await hands.press("form[enctype] button.main");
  await page.waitForURL(/\/notices\/check\//);
  await shown(page, `${name}-check`);
  await hands.press("form[action$='/send'] button.main");
  await page.waitForURL(/\/notices\/runs\/\d+$/);
}

/** An export is of today where something in it fell due lately. */
const DUE = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
const line = (name, n, email = `${name}${n}@example.org`) =>
  `${name}${n},${name},Nguyen,${email},Emma,b${name}${n},${DUE},,`;
const of = (name, count) => Array.from({ length: count }, (_, n) => line(name, n + 1));

await drive(async () => {
  const page = await person(options);
  const hands = handsOf(page);
  await setUp(page, hands);
  await want("server 1");

  // Twelve people: one whose address is gone, one without any. The server is away from the fourth on.
  await send(page, hands, [...of("ida", 10), line("gone", "", "gone@example.org"), line("nobody", "", "")], "first");
  const run = page.url();
  await want("3 to have arrived");
  await until(page, { asked: 12, delivered: 3, no_address: 1 }, "half");
  await want("server 1 to stop");
  await page.goto(`${BASE}/`);
  await page.waitForSelector(".to-do form[action='/sending/probe']", { timeout: DEADLINE });
  await shown(page, "server-away");
  await want("server 1 to start");
  await hands.press("form[action='/sending/probe'] button");
  await page.waitForSelector(".flash");
  await page.goto(run);
  // What was under way when it died is tried again in some minutes; nobody need wait for that.
  await until(page, { asked: 12, delivered: 9, waiting: 1, returned: 1, no_address: 1 }, "all-but-one");
  await hands.press("dd a[href*='what=waiting']");
  await page.waitForURL(/what=waiting$/);
  await hands.press("main a[href^='/queue/']");
  await page.waitForURL(/\/queue\/\d+$/);
  await hands.press("button[value=retry]");
  await page.waitForURL(/\/queue\/decide/);
  await hands.press("main form button.main");
  await page.waitForSelector(".flash");
  await page.goto(run);
  await until(page, { asked: 12, delivered: 10, returned: 1, no_address: 1 }, "done");
  // Ten patrons, and the return report.
  await want("11 to have arrived");

  await hands.press("dd a[href*='what=returned']");
  await page.waitForURL(/what=returned$/);
  await hands.press("a[href*='/again/']");
  await hands.fill("to", "found@example.org");
  await hands.press("button.main");
  await page.waitForSelector(".flash");
  await want("12 to have arrived");

  await send(page, hands, of("leo", 9), "second");
  await want("15 to have arrived");
  await until(page, { asked: 9, delivered: 3 }, "second-half");
  await hands.press("a[href$='/stop']");
  await page.waitForURL(/\/stop$/);
  await shown(page, "stop");
  await hands.press("button.final");
  await page.waitForURL(/\/notices\/runs\/\d+\?done=/);
  await until(page, { asked: 9, delivered: 3, cancelled: 5 }, "stopped");
  // What was on its way when it was stopped waits once the server is gone, and can be stopped too.
  await want("server 1 to stop");
  await until(page, { asked: 9, delivered: 3, waiting: 1, cancelled: 5 }, "stopped-but-one");
  await hands.press("a[href$='/stop']");
  await page.waitForURL(/\/stop$/);
  await hands.press("button.final");
  await page.waitForURL(/\/notices\/runs\/\d+\?done=/);
  await until(page, { asked: 9, delivered: 3, cancelled: 6 }, "stopped-for-good");
  await want("server 1 to start");
  await want("15 to have arrived");
});
