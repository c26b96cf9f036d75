// What every page needs: light and dark, copying, the full text beside the answers. No request leaves this server.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const query = new URLSearchParams(location.search);
  if (query.get("embed") === "1") root.classList.add("embed");
  const lang = /^en/i.test(query.get("lang") ?? "") ? "en" : "";

  // a browser may forbid storage, for example in another company's frame
  const store = {
    get: (area, key) => { try { return window[area].getItem(key); } catch { return null; } },
    set: (area, key, value) => { try { window[area].setItem(key, value); } catch { /* only kept for comfort */ } },
  };

  const system = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => query.get("__theme") || store.get("localStorage", "theme") || (system.matches ? "dark" : "light");
  function paint(name) {
    root.classList.toggle("dark", name === "dark");
    document.body?.classList.toggle("dark", name === "dark");
  }
  paint(theme());
  document.addEventListener("DOMContentLoaded", () => paint(theme()));
  window.addEventListener("load", () => paint(theme()));

  function toast(words) {
    const box = document.getElementById("toast");
    if (!box) return;
    box.textContent = words;
    box.classList.add("shown");
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => box.classList.remove("shown"), 1800);
  }

  async function copy(words, link, label) {
    const text = link ? `${words}\n${new URL(link, document.baseURI)}` : words;
    const said = document.getElementById("toast")?.dataset;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // without a secure context the clipboard is closed to scripts; selecting and copying still works
      const focused = document.activeElement;
      const area = Object.assign(document.createElement("textarea"), { value: text });
      (document.querySelector("dialog[open]") ?? document.body).append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
      focused?.focus();
    }
    toast(done ? `${said?.copied ?? "已复制"} ${label ?? ""}` : said?.failed ?? "");
  }

  const phone = matchMedia("(max-width: 900px)");
  const narrow = () => root.classList.contains("narrow");
  const fit = () => root.classList.toggle("narrow", phone.matches || root.classList.contains("embed"));
  phone.addEventListener("change", fit);
  fit();
  const reading = () => document.getElementById("reading");
  const pane = () => document.getElementById("text");

  function mark(anchor) {
    pane()?.querySelectorAll(".current").forEach((old) => old.classList.remove("current"));
    const clause = anchor && pane()?.querySelector(`[id="${CSS.escape(anchor)}"]`);
    if (!clause) return false;
    clause.classList.add("current");
    const box = pane().querySelector(".fulltext");
    if (box.scrollHeight > box.clientHeight + 1) {
      // scroll the text only: the page, and with it the question box, stays where it is
      const top = clause.getBoundingClientRect().top - box.getBoundingClientRect().top;
      box.scrollTo({ top: box.scrollTop + top - box.clientHeight / 4 });
    } else clause.scrollIntoView({ block: "center" });
    return true;
  }

  // one text is fetched once, however many ask for it while it is on its way; the last one asked for is the one shown
  const coming = {};
  let wanted = "";
  function load(policy) {
    const box = pane();
    if (!box) return Promise.resolve(false);
    wanted = policy;
    if (box.dataset.policy === policy && box.firstElementChild) return Promise.resolve(true);
    coming[policy] ??= fetched(policy, box).finally(() => { delete coming[policy]; });
    return coming[policy];
  }

  async function fetched(policy, box) {
    box.setAttribute("aria-busy", "true");
    try {
      const reply = await fetch(`text?${new URLSearchParams({ policy, lang })}`);
      const text = await reply.text();
      if (reply.ok && wanted === policy) {
        const outlined = box.querySelector(".outline")?.open;
        box.innerHTML = text; // our own server's page, escaped there
        if (outlined) box.querySelector(".outline")?.setAttribute("open", ""); // as the reader has left it
        box.dataset.policy = policy;
      }
      return reply.ok;
    } catch {
      return false;
    } finally {
      if (wanted === policy) box.removeAttribute("aria-busy");
    }
  }

  // show a clause in the full text; on a phone the text lies over the page when it was asked for
  let latest = 0;
  async function open(policy, anchor, asked) {
    if (!anchor && !asked && wanted === policy) return load(policy); // on its way already, perhaps to a clause of it
    const mine = ++latest;
    if (!(await load(policy))) return false;
    if (mine !== latest) return true; // something else was asked for meanwhile
    if (asked && narrow() && reading()) {
      if (!history.state?.reading) history.pushState({ reading: 1 }, "");
      root.classList.add("reading-open");
      reading().querySelector(".close-reading")?.focus();
    }
    return anchor ? mark(anchor) : true;
  }

  // every step inside the text is a step of the browser's own way back; closing takes all of them
  function close() {
    if (!root.classList.contains("reading-open")) return;
    root.classList.remove("reading-open");
    if (history.state?.reading) history.go(-history.state.reading);
  }

  const tip = Object.assign(document.createElement("div"), { id: "tip", hidden: true });
  tip.setAttribute("role", "tooltip");
  function explain(event) {
    const term = event.target.closest?.("[data-definition]");
    tip.hidden = !term;
    if (!term) return;
    if (!tip.isConnected) document.body.append(tip);
    tip.textContent = term.dataset.definition;
    term.setAttribute("aria-describedby", "tip");
    const at = term.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, innerWidth - tip.offsetWidth - 8));
    const above = at.top - tip.offsetHeight - 6;
    Object.assign(tip.style, { left: `${left}px`, top: `${above > 8 ? above : at.bottom + 6}px` });
  }
  for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, explain);

  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("a, button");
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (target.matches(".theme")) {
      const next = root.classList.contains("dark") ? "light" : "dark";
      store.set("localStorage", "theme", next);
      query.delete("__theme");
      paint(next);
    } else if (target.matches("a.language")) {
      event.preventDefault();
      const here = new URL(location.href);
      here.searchParams.set("lang", new URL(target.href).searchParams.get("lang"));
      location.href = here;
    } else if (target.matches("button.copy")) {
      copy(target.dataset.quote, target.dataset.link);
    } else if (target.matches(".close-reading")) {
      close();
    } else if (target.matches("a[data-anchor]") && pane()) {
      event.preventDefault();
      const policy = target.dataset.policy || pane().dataset.policy;
      document.dispatchEvent(new CustomEvent("located", { detail: { policy, anchor: target.dataset.anchor } }));
      open(policy, target.dataset.anchor, true).then((found) => found || (location.href = target.href));
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      tip.hidden = true;
      if (root.classList.contains("reading-open")) event.preventDefault();
      close();
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (document.body.matches(".desk, .library")) {
        document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
        close();
        document.getElementById("question").select();
      } else document.querySelector("#question textarea")?.select();
    }
  });

  // which policies are asked: none checked means all; what is chosen is named beside the box
  const picker = () => document.querySelector("details.scope");
  const chosen = () => [...document.querySelectorAll("details.scope [name=policy]:checked")].map((box) => box.value);
  function named() {
    const titles = [...picker().querySelectorAll("[name=policy]:checked + span")].map((title) => title.textContent);
    const { all, some } = picker().dataset;
    picker().querySelector("summary b").textContent = titles.length > 1 ? some.replace("{}", titles.length) : titles[0] ?? all;
  }
  function choose(policies) {
    picker()?.querySelectorAll("[name=policy]").forEach((box) => { box.checked = policies.includes(box.value); });
    if (picker()) named();
  }
  function changed() {
    named();
    document.dispatchEvent(new CustomEvent("scoped"));
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("details.scope [name=policy]")) changed();
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("details.scope [type=search]")) return;
    const wanted = event.target.value.trim().toLowerCase();
    picker().querySelectorAll("label").forEach((label) => { label.hidden = !label.textContent.toLowerCase().includes(wanted); });
  });
  document.addEventListener("click", (event) => {
    if (event.target.matches?.("details.scope button")) {
      choose([]);
      changed();
    } else if (picker()?.open && !event.target.closest?.("details.scope")) picker().open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (!picker()?.open || !event.target.closest?.("details.scope")) return;
    if (event.key === "Escape") {
      picker().open = false;
      picker().querySelector("summary").focus();
    } else if (event.key !== "Enter" || !event.target.matches("[type=search]")) return;
    event.preventDefault(); // the box keeps its question, and the filter is no question
  }, true);

  window.addEventListener("popstate", () => root.classList.toggle("reading-open", Boolean(history.state?.reading)));
  window.policyPages = { chosen, choose, open, mark, narrow, copy, toast, store, lang, query };
})();
