// What makes the pages quicker to use. Each of them works without.

const find = (what, within = document) => [...within.querySelectorAll(what)];

// When a file was last changed goes with it: only the browser knows.
for (const file of find("[data-dates]")) {
  const field = file.form.elements[file.dataset.dates];
  const tell = () => (field.value = file.files[0]?.lastModified ?? "");
  file.addEventListener("change", tell);
  file.form.addEventListener("submit", tell);
}

// A password that may be looked at.
for (const button of find("[data-shows]")) {
  const field = document.getElementById(button.dataset.shows);
  const words = [button.textContent, button.dataset.hide];
  button.hidden = false;
  button.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    button.textContent = words[hidden ? 1 : 0];
    field.focus();
  });
}

// One box for all boxes of a page.
for (const all of find("[data-all]")) {
  const boxes = find("input[name=id]", all.form);
  all.closest("label").hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
  all.form.addEventListener("change", () => {
    const checked = boxes.filter((box) => box.checked).length;
    all.checked = checked === boxes.length;
    all.indeterminate = checked > 0 && !all.checked;
  });
}

// What a server said, for a mail to whoever looks after it.
const copies = (within) => {
  for (const button of find("[data-copies]", within)) {
    const text = button.parentElement.querySelector("pre");
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = button.dataset.copied;
    });
  }
};
copies(document);

// The steps of a test, as they are made. A step whose tone stays is left alone, and what is opened in it stays open.
for (const place of find("[data-steps]")) {
  const source = new EventSource(place.dataset.steps);
  const renew = (event) => {
    const fresh = new DOMParser().parseFromString(event.data, "text/html").body;
    const [steps, verdict] = [place.querySelector("ol"), place.querySelector(".verdict")];
    [...fresh.querySelector("ol").children].forEach((step, at) => {
      if (steps.children[at].className !== step.className) steps.children[at].replaceWith(step), copies(step);
    });
    if (event.type === "end") verdict.replaceWith(fresh.querySelector(".verdict"));
  };
  source.addEventListener("message", renew);
  source.addEventListener("end", (event) => (renew(event), source.close()));
  addEventListener("pagehide", () => source.close());
}

// What was typed and is not saved: it is said, and leaving the page is asked about. A port has its usual encryption.
for (const form of find("[data-unsaved]")) {
  const said = form.querySelector("[data-says-unsaved]");
  let unsaved = form.dataset.unsaved === "yes";
  const changed = (event) => {
    if (event.target.name.endsWith(".test_to")) return;
    const [, server, key] = /^(server\d)\.(port|encryption)$/.exec(event.target.name) ?? [];
    const choice = server && form.elements[`${server}.encryption`];
    if (key === "encryption") choice.dataset.chosen = "yes";
    const usual = { 465: "tls", 587: "starttls" }[event.target.value];
    if (key === "port" && usual && !choice.dataset.chosen && choice.value !== "none") choice.value = usual;
    unsaved = true;
    said.hidden = false;
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => (unsaved &&= Boolean(event.submitter?.formTarget)));
  addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
}

// A wording as it looks while it is typed. A frame that is new leaves no step for Back.
for (const button of find("[data-previews]")) {
  let rests;
  button.form.addEventListener("input", () => {
    clearTimeout(rests);
    rests = setTimeout(() => {
      const frame = document.querySelector(`iframe[name="${button.formTarget}"]`);
      const fresh = frame.cloneNode();
      fresh.removeAttribute("src");
      frame.replaceWith(fresh);
      button.form.requestSubmit(button);
    }, 400);
  });
}

// What changes while somebody looks. Nothing is asked for a page that nobody sees.
const hears = (hear) => {
  let source;
  const look = () => {
    source?.close();
    source = undefined;
    if (document.hidden) return;
    source = new EventSource("/live");
    source.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => source?.close());
  look();
};

// This page as it is now; nothing when it is another by now. Nobody looks because a page renews itself.
const again = async () => {
  const answer = await fetch(location.href, { headers: { "bookpost-renews": "yes" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || answer.redirected) return undefined;
  // What stands above all pages is no older than what stands on this one.
  const [banner, fresh] = [document, page].map((one) => one.querySelector("[data-banner]"));
  if (banner && fresh && banner.innerHTML !== fresh.innerHTML) banner.innerHTML = fresh.innerHTML;
  return page;
};

// What somebody has opened stays open, and whoever is at a link stays there.
const renew = (old, fresh) => {
  const open = find("details", old).map((details) => details.open);
  find("details", fresh).forEach((details, at) => (details.open ||= open[at] ?? false));
  const at = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  old.replaceWith(fresh);
  if (at) find("a", fresh).find((link) => link.getAttribute("href") === at)?.focus({ preventScroll: true });
  copies(fresh);
  return fresh;
};

// Numbers, and the whole when what it says in words is out of date.
let live = document.querySelector("[data-live]");
if (live) {
  const number = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: "min2" });
  const some = ["in_doubt", "held", "delivered", "practiced", "cancelled"];
  const version = (now) => [now.tone, now.alarms, ...some.map((name) => Number(now[name] > 0))].join("-");
  let [moved, waits] = ["", false];
  const says = (place) => place.textContent + find("a", place).map((link) => link.getAttribute("href"));
  // What became of the last run is said in words, and what is to be done about it; and each library has its numbers.
  const retell = async () => {
    waits = false;
    const page = await again().catch(() => undefined);
    for (const place of page ? find("[data-retold]", live) : []) {
      const fresh = page.querySelector(`[data-retold="${place.dataset.retold}"]`);
      if (fresh && says(fresh) !== says(place)) renew(place, fresh);
    }
  };
  hears(async (now) => {
    const before = moved;
    moved = JSON.stringify(now);
    let news = before !== "" && before !== moved;
    for (const place of find("[data-count]", live)) {
      const count = number.format(now[place.dataset.count] ?? 0);
      if (place.textContent === count) continue;
      place.textContent = count;
      news = true; // also where it moved before this page heard of anything
    }
    if (news && !waits) {
      waits = true;
      setTimeout(retell, REST * (0.3 + Math.random() / 2));
    }
    if (version(now) === live.dataset.live) return;
    const fresh = (await again())?.querySelector("[data-live]");
    if (!fresh) return location.reload();
    live = renew(live, fresh);
  });
}

// A message, or the lines of the queue: looked at again when mail has moved, and not more often than every few seconds. Lines stay where
// they are and keep their ticks; newer mail is told of, and shown by whoever wants it.
const REST = 10_000;
let shown = document.querySelector("[data-renews]");
if (shown) {
  const message = (page) => {
    const fresh = page.querySelector("[data-renews]") ?? page.querySelector("main > div");
    if (fresh && fresh.dataset.renews !== shown.dataset.renews) shown = renew(shown, fresh);
    return shown.dataset.renews !== undefined;
  };
  const lines = (page) => {
    const fresh = find("[data-renews] > li", page);
    const known = new Map(find("li", shown).map((line) => [line.dataset.id, line]));
    for (const line of fresh) {
      const old = known.get(line.dataset.id);
      if (!old) continue;
      old.className = line.className;
      const [was, is] = [old.querySelector(".how"), line.querySelector(".how")];
      if (was.innerHTML !== is.innerHTML) was.replaceWith(is);
    }
    const hint = document.querySelector("[data-new]");
    const newest = Math.max(...[...known.keys()].map(Number));
    const count = fresh.filter((line) => Number(line.dataset.id) > newest).length;
    if (shown.dataset.renews === "new" && count > 0) {
      hint.hidden = false;
      hint.firstElementChild.textContent = `${count}${count === fresh.length ? "+" : ""} ${hint.dataset.new}`;
    }
    return true;
  };
  const take = shown.matches("ol") ? lines : message;
  let [known, waits, over, looks] = ["", false, false, 0];
  hears((now) => {
    const moved = JSON.stringify(now);
    if (known === moved || over) return;
    // Where something is going on it may have ended since the page was made.
    const first = known === "" && !("eager" in shown.dataset);
    known = moved;
    if (first || waits) return;
    waits = true;
    // Whoever has just sent one mail looks at nothing else, for the moment.
    const soon = "eager" in shown.dataset && ++looks < 10;
    setTimeout(async () => {
      waits = false;
      const page = await again().catch(() => undefined);
      if (page) over = !take(page);
    }, (soon ? 1_000 : REST) * (0.5 + Math.random()));
  });
}
