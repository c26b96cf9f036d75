// The chat's small helpers: open a clause in the full text, copy a quotation. No request is made.
(() => {
  const pane = () => document.querySelector("#policy .fulltext");

  // bring the last question to the top, so that an answer is read from its beginning
  function toLastQuestion() {
    const asked = [...document.querySelectorAll("#chat .user-row")].pop();
    let box = asked?.parentElement;
    while (box && box.scrollHeight <= box.clientHeight + 1) box = box.parentElement;
    if (asked && box && box.closest("#chat")) {
      box.scrollTop += asked.getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
    }
  }

  function answered(anchor) {
    open(anchor);
    requestAnimationFrame(toLastQuestion);
  }

  function open(anchor) {
    document.querySelectorAll("#policy .current").forEach((old) => old.classList.remove("current"));
    const clause = anchor && document.getElementById(anchor);
    if (!clause) return false;
    clause.classList.add("current");
    const box = pane();
    if (box && box.scrollHeight > box.clientHeight) {
      // scroll the pane only: the page, and with it the question box, stays where it is
      const top = clause.getBoundingClientRect().top - box.getBoundingClientRect().top;
      box.scrollTo({ top: box.scrollTop + top - box.clientHeight / 3 });
    }
    return true;
  }

  async function copy(button) {
    const quote = button.dataset.quote;
    try {
      await navigator.clipboard.writeText(quote);
    } catch {
      // without a secure context the clipboard is closed to scripts, selecting and copying still works
      const area = Object.assign(document.createElement("textarea"), { value: quote });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "已复制";
    setTimeout(() => (button.textContent = "复制引用"), 1500);
  }

  document.addEventListener("click", (event) => {
    const locate = event.target.closest?.("a.locate");
    if (locate) {
      event.preventDefault();
      const anchor = locate.getAttribute("href").slice(1);
      if (open(anchor) && matchMedia("(max-width: 900px)").matches) {
        document.getElementById(anchor).scrollIntoView({ block: "center", behavior: "smooth" });
      }
      return;
    }
    const button = event.target.closest?.("button.copy");
    if (button) copy(button);
  });

  window.policyAssistant = { answered };
})();
