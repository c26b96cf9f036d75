// The desk: results while typing, everything by keyboard. One request is under way at a time; the last text typed wins.
(() => {
  const { chosen, open, copy, toast, store, lang } = window.policyPages;
  const byId = (id) => document.getElementById(id);
  const box = byId("question");
  const list = byId("hits");
  const status = byId("status");
  const SHORTEST = 2;
  const KEPT = 12;
  const RETRY = 1500;
  let busy = false;
  let waiting = false;
  let answered = box.value.trim();

  const items = () => [...list.querySelectorAll(".hit")];
  const selected = () => list.querySelector(".hit.selected");

  function select(item, focus) {
    items().forEach((other) => other.classList.toggle("selected", other === item));
    if (!item) return;
    if (focus) item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  }

  function say(words, kind = "") {
    status.textContent = words;
    status.className = kind;
  }

  function show(html, question) {
    list.innerHTML = html; // our own server's page, escaped there
    answered = question;
    const first = items()[0];
    select(first);
    say("");
    if (first) open(first.dataset.policy, first.dataset.anchor);
    const here = new URL(location.href);
    here.searchParams.delete("policy");
    chosen().forEach((policy) => here.searchParams.append("policy", policy));
    if (question) here.searchParams.set("q", question);
    else here.searchParams.delete("q");
    here.searchParams.delete("clause");
    history.replaceState(history.state, "", here);
  }

  async function search() {
    const question = box.value.trim();
    byId("empty").hidden = question.length >= SHORTEST;
    if (question.length < SHORTEST) {
      show("", "");
      say(question ? status.dataset.short : "");
      return;
    }
    if (busy) {
      waiting = true;
      return;
    }
    busy = true;
    const slow = setTimeout(() => say(status.dataset.slow, "slow"), 400);
    let retry = false;
    try {
      const reply = await fetch(`desk/hits?${new URLSearchParams([["q", question], ["lang", lang], ...chosen().map((policy) => ["policy", policy])])}`);
      if (reply.status >= 500) throw new Error(String(reply.status));
      const html = await reply.text();
      // what was cleared or changed meanwhile is not overwritten by an older answer
      if (box.value.trim() === question) show(html, question);
      else waiting = true;
    } catch {
      retry = true;
      say(status.dataset.lost, "lost");
    } finally {
      clearTimeout(slow);
      busy = false;
    }
    clearTimeout(search.again);
    if (retry) search.again = setTimeout(search, RETRY);
    else if (waiting) {
      waiting = false;
      search();
    }
  }

  function read(key) {
    try {
      const rows = JSON.parse(store.get("localStorage", `policy-${key}`));
      return Array.isArray(rows) ? rows : [];
    } catch {
      return [];
    }
  }
  const write = (key, rows) => store.set("localStorage", `policy-${key}`, JSON.stringify(rows));

  function draw() {
    const recent = byId("recent");
    recent.replaceChildren(...read("recent").map((question) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: question });
      button.addEventListener("click", () => { box.value = question; grow(); search(); box.focus(); });
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
    const pinned = byId("pinned");
    pinned.replaceChildren(...read("pinned").map((pin) => {
      const link = Object.assign(document.createElement("a"), { href: pin.link, textContent: pin.where });
      link.dataset.policy = pin.policy;
      link.dataset.anchor = pin.anchor;
      const copying = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "⧉", title: pinned.dataset.copy });
      copying.setAttribute("aria-label", `${pinned.dataset.copy} ${pin.where}`);
      copying.dataset.quote = pin.quote;
      copying.dataset.link = pin.link;
      const away = Object.assign(document.createElement("button"), { type: "button", textContent: "×", title: pinned.dataset.unpin });
      away.setAttribute("aria-label", `${pinned.dataset.unpin} ${pin.where}`);
      away.addEventListener("click", () => unpin(pin));
      const item = document.createElement("li");
      item.append(link, copying, away);
      return item;
    }));
    for (const each of [recent, pinned]) {
      if (!each.children.length) each.append(Object.assign(document.createElement("li"), { className: "none", textContent: each.dataset.none }));
    }
  }

  const others = ({ policy, anchor }) => read("pinned").filter((pin) => pin.policy !== policy || pin.anchor !== anchor);

  function unpin(pin) {
    write("pinned", others(pin));
    toast(`– ${pin.where}`);
    draw();
  }

  function pinOrNot({ policy, anchor, where, link, quote }) {
    const pin = { policy, anchor, where, link, quote };
    if (others(pin).length < read("pinned").length) {
      unpin(pin);
      return;
    }
    write("pinned", [pin, ...others(pin)]);
    toast(`📌 ${where}`);
    draw();
  }

  // a question counts as asked once the agent has acted on what it found
  function used() {
    if (!answered || read("recent")[0] === answered) return;
    write("recent", [answered, ...read("recent").filter((question) => question !== answered)].slice(0, KEPT));
    draw();
    fetch("desk/used", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ q: answered, policy: chosen() }) }).catch(() => {});
  }

  function copyHit(item, aloud) {
    if (!item) return;
    copy(aloud ? item.dataset.spoken : item.dataset.quote, aloud ? "" : item.dataset.link, item.dataset.number);
    used();
  }

  function openHit(item) {
    if (!item) return;
    select(item, true);
    open(item.dataset.policy, item.dataset.anchor, true);
    used();
  }

  // from the box, the first step down goes to the hit that is selected already
  function step(by) {
    const all = items();
    const at = all.indexOf(selected());
    const to = document.activeElement === box ? Math.max(at, 0) : at + by;
    if (to < 0) box.focus();
    else select(all[Math.min(to, all.length - 1)], true);
  }

  function clear() {
    box.value = "";
    grow();
    search();
    box.focus();
  }

  function grow() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 160)}px`;
  }

  const digit = (event) => /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
    const inBox = event.target === box;
    const inField = event.target.matches?.("input, select, textarea") && !inBox;
    if (event.ctrlKey || event.metaKey || inField) return;
    const number = digit(event);
    if (number && (event.altKey || !inBox)) {
      event.preventDefault();
      copyHit(items()[number - 1], event.shiftKey);
    } else if (event.altKey) return;
    else if (event.key === "ArrowDown" && (!inBox || box.selectionEnd === box.value.length)) {
      event.preventDefault();
      step(1);
    } else if (event.key === "ArrowUp" && !inBox) {
      event.preventDefault();
      step(-1);
    } else if (event.key === "Enter" && !event.shiftKey && (inBox || event.target.matches(".hit, body"))) {
      event.preventDefault();
      openHit(selected());
    } else if (event.key === "Escape") clear();
    else if (!inBox && event.key === "/") {
      event.preventDefault();
      box.focus();
    } else if (!inBox && event.key === "?") byId("help").showModal();
    else if (!inBox && event.key.toLowerCase() === "p" && selected()) pinOrNot(selected().dataset);
    else if (!inBox && event.key.length === 1 && event.key !== " ") box.focus(); // typing goes on in the box
  });

  box.addEventListener("input", (event) => {
    grow();
    if (!event.isComposing) search();
  });
  box.addEventListener("compositionend", search);
  document.addEventListener("scoped", search);
  byId("ask").addEventListener("submit", (event) => event.preventDefault());
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  list.addEventListener("click", (event) => {
    const item = event.target.closest(".hit");
    if (!item) return;
    select(item);
    if (event.target.closest(".pin")) pinOrNot(item.dataset);
    else if (event.target.closest(".copy, .locate")) used();
  });

  draw();
  grow();
  window.addEventListener("storage", draw); // another tab has pinned or asked
  const linked = byId("reading").dataset.clause;
  if (linked) open(byId("text").dataset.policy, linked, true);
  if (items().length) {
    select(items()[0]);
    if (!linked) open(items()[0].dataset.policy, items()[0].dataset.anchor);
  } else if (box.value.trim()) search();
})();
