// The documents: choosing or dropping files, the progress of an import, and letting go of it. The forms work without this.
(() => {
  const { lang } = window.policyPages;
  const POLL = 400;
  const form = document.getElementById("import");
  const bar = document.getElementById("progress");
  const problem = document.querySelector(".problem");
  const field = document.getElementById("files");
  if (!form) return;

  const words = (text, ...values) => values.reduce((said, value) => said.replace("{}", value), text);
  const here = `documents${lang && "?lang=en"}`;
  let sending = null;

  function complain(said) {
    problem.textContent = said;
    problem.hidden = !said;
  }

  function show({ stage, done, total }) {
    bar.hidden = false;
    form.hidden = true;
    bar.querySelector(".stage").textContent = stage;
    const drawn = bar.querySelector("progress");
    if (total > 1) Object.assign(drawn, { max: total, value: done });
    else drawn.removeAttribute("value"); // it only says that something is going on
    const sent = stage === bar.dataset.sending;
    bar.querySelector(".count").textContent = total > 1 ? (sent ? `${Math.floor((100 * done) / total)}%` : `${done} / ${total}`) : "";
    document.querySelectorAll(".ended, .read").forEach((each) => each.remove()); // they told of the change before
  }

  function rest() {
    bar.hidden = true;
    form.hidden = false;
    sending = null;
  }

  async function follow() {
    try {
      const reply = await fetch(`documents/progress${lang && "?lang=en"}`);
      const state = await reply.json();
      if (!state.running) {
        location.replace(here); // the table and the report as they are now
        return;
      }
      show(state);
    } catch {
      bar.querySelector(".stage").textContent = bar.dataset.lost;
    }
    setTimeout(follow, POLL);
  }

  // what the server would refuse is said before anything is sent
  function refused(files) {
    const { largest, most, large, many } = field.dataset;
    if (files.length > Number(most)) return words(many, most, files.length);
    const huge = files.find((file) => file.size > Number(largest));
    return huge ? words(large, huge.name, Number(largest) / 1e6) : "";
  }

  function send(files) {
    complain(refused(files));
    if (!files.length || !problem.hidden) return;
    const body = new FormData();
    files.forEach((file) => body.append("files", file));
    sending = new XMLHttpRequest();
    sending.open("POST", here);
    sending.setRequestHeader("Accept", "application/json");
    sending.upload.addEventListener("progress", ({ loaded, total }) => show({ stage: bar.dataset.sending, done: loaded, total }));
    sending.addEventListener("load", (event) => {
      const { status, responseText } = event.target;
      sending = null;
      if (status === 202) follow();
      else {
        rest();
        complain(said(responseText) || String(status));
      }
    });
    sending.addEventListener("error", () => { rest(); complain(bar.dataset.lost); });
    sending.addEventListener("abort", rest);
    show({ stage: bar.dataset.sending, done: 0, total: 0 });
    sending.send(body);
  }

  function said(text) {
    try {
      return JSON.parse(text).error;
    } catch {
      return "";
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send([...field.files]);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.toggle("over", kind === "dragover");
      if (kind === "drop") send([...event.dataTransfer.files]);
    });
  }
  bar.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending) sending.abort();
    else fetch(here, { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams({ cancel: 1 }) }).catch(() => {});
  });

  if (bar.dataset.running) follow();
})();
