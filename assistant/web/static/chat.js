// The chat's small helpers beside Gradio: asking by a click, keeping the conversation of this tab, judging, exporting.
(() => {
  const { choose, chosen, open, store, lang, query } = window.policyPages;
  const SAVED = "policy-conversation";
  const DRAFT = "policy-draft";
  const SCOPE = "policy-scope";
  const box = () => document.querySelector("#question textarea");

  // a draft belongs to the address it was typed at: another prefilled question comes before it, the same one after
  const prefilled = query.get("q") || "";
  const keep = (words) => store.set("sessionStorage", DRAFT, JSON.stringify([prefilled, words]));
  function draft() {
    const [asked, words] = read(DRAFT);
    return asked === prefilled && typeof words === "string" ? words : prefilled;
  }

  // what this tab has kept; anything damaged counts as nothing
  const read = (key) => list(store.get("sessionStorage", key));
  function list(text) {
    try {
      const kept = JSON.parse(text);
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  let conversation = store.get("sessionStorage", SAVED) || "[]";
  let sent = "";
  let aside = "";
  const sending = (event) => {
    const entered = event.type === "keydown" && event.key === "Enter" && !event.shiftKey && event.target === box();
    if (entered || event.target.closest?.("#send")) sent = box().value;
  };
  for (const kind of ["keydown", "click"]) document.addEventListener(kind, sending, true);

  // what the page is opened with; Gradio hands it to the server when it has loaded
  function opening() {
    const address = { lang, policy: query.getAll("policy").join(",") || store.get("sessionStorage", SCOPE) || "" };
    return [conversation, JSON.stringify(address)];
  }

  function opened() {
    document.documentElement.lang = lang || "zh-CN";
    document.title = document.getElementById("judged")?.dataset.title ?? document.title;
    if (!box().value && draft()) fill(draft()); // unless something was typed while the page was on its way
    whenDrawn(list(conversation).length, () => {
      const linked = query.get("clause");
      open(query.get("policy") || document.getElementById("text").dataset.wanted, linked || lastAnchor(), Boolean(linked));
      toLastQuestion();
    });
  }

  const lastAnswer = () => [...document.querySelectorAll("#chat .answer")].pop();
  const lastAnchor = () => lastAnswer()?.querySelector(":scope > .citation")?.dataset.anchor;

  // bring the last question to the top, so that an answer is read from its beginning
  function toLastQuestion() {
    const refused = lastAnswer() && !lastAnswer().dataset.question; // a message about the question itself stands alone
    const asked = refused ? lastAnswer() : [...document.querySelectorAll("#chat .user-row")].pop();
    let frame = asked?.parentElement;
    while (frame && frame.scrollHeight <= frame.clientHeight + 1) frame = frame.parentElement;
    if (asked && frame && frame.closest("#chat")) {
      frame.scrollTop += asked.getBoundingClientRect().top - frame.getBoundingClientRect().top - 8;
    }
  }

  // Gradio draws the answer some frames after it has arrived
  function whenDrawn(turns, act, patience = 60) {
    const drawn = document.querySelectorAll("#chat .answer[data-question]").length;
    if (drawn < turns && patience) requestAnimationFrame(() => whenDrawn(turns, act, patience - 1));
    else act();
  }

  function answered(saved) {
    const fresh = saved !== conversation;
    conversation = saved;
    store.set("sessionStorage", SAVED, saved);
    // what was typed while the answer was on its way stays, and so does a question that could not be answered
    if (fresh && list(saved).length && box().value === sent) fill(aside);
    aside = "";
    whenDrawn(list(saved).length, () => {
      const cited = lastAnswer()?.querySelector(":scope > .citation");
      if (cited) open(cited.dataset.policy, cited.dataset.anchor);
      toLastQuestion();
    });
  }

  // Gradio hears of a change only through the event that typing causes
  function fill(words, field = box()) {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, words);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // a suggestion is asked at once; what stood half typed in the box comes back after it
  function ask(question) {
    const half = box().value;
    fill(question);
    aside = half;
    requestAnimationFrame(() => document.querySelector("#send").click());
  }

  async function judge(button) {
    const group = button.closest(".feedback");
    const { useful, reason } = button.dataset;
    group.querySelectorAll("[data-useful]").forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
    group.querySelector(".reasons").hidden = useful === "1";
    const body = JSON.stringify({ id: group.dataset.id, useful: useful === "1", reason: reason ?? "" });
    const words = document.getElementById("judged").dataset;
    try {
      const reply = await fetch("feedback", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      group.querySelector("output").textContent = reply.ok ? words.thanks : words.unsaved;
    } catch {
      group.querySelector("output").textContent = words.unsaved;
    }
  }

  function exportAs(form) {
    const turns = [...document.querySelectorAll("#chat .answer[data-question]")].map(({ dataset: { question, note, citations } }) => ({ question, note, citations }));
    const sheet = Object.assign(document.createElement("form"), { method: "post", action: `export${lang && "?lang=en"}`, hidden: true });
    if (form === "print") sheet.target = "_blank";
    for (const [name, value] of Object.entries({ turns: JSON.stringify(turns), form })) {
      sheet.append(Object.assign(document.createElement("input"), { name, value }));
    }
    document.body.append(sheet);
    sheet.submit();
    sheet.remove();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.matches(".ask")) ask(button.textContent);
    else if (button.matches(".feedback [data-useful]")) judge(button);
    else if (button.matches("[data-export]")) exportAs(button.dataset.export);
  });
  document.addEventListener("input", (event) => {
    if (event.target === box()) keep(event.target.value);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.understood")) return;
    event.preventDefault();
    ask(event.target.elements.q.value);
  });

  // what is chosen is Gradio's to know, and the address's
  document.addEventListener("scoped", () => {
    fill(chosen().join(","), document.querySelector("#scope-asked textarea, #scope-asked input"));
    const here = new URL(location.href);
    for (const name of ["policy", "clause"]) here.searchParams.delete(name);
    chosen().forEach((policy) => here.searchParams.append("policy", policy));
    history.replaceState(history.state, "", here);
  });

  // the policy that is asked is also the one to read
  function show(policies) {
    store.set("sessionStorage", SCOPE, policies);
    choose(policies.split(","));
    if (policies) open(policies.split(",")[0]);
  }

  window.policyChat = { opening, opened, answered, show };
})();
