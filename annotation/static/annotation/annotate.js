// The annotate page: the form works without this; with it, drafts save themselves, the lease is kept, and the next item is
// there before it is wanted.
(() => {
  const work = document.getElementById("work");
  const words = work.dataset;
  const state = document.getElementById("state");
  const trouble = document.getElementById("trouble");
  const feedback = document.getElementById("feedback");
  let form, drafts, ahead, active, lastSign, sending = false;

  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  const say = (text) => { state.textContent = text; };
  const headers = (more) => ({ "X-CSRFToken": token(), ...more });

  function begin() {
    form = document.getElementById("answer");
    if (!form) return;
    drafts = new Drafts(words.api, form.dataset.assignment, read, token(), (how) => say(words[how]));
    const kept = drafts.newerThan(Number(form.dataset.at));
    if (kept) write(kept);
    active = 0;
    lastSign = Date.now();
    document.querySelector("#skip-form [name=assignment]").value = form.dataset.assignment;
    measure();
    mark(firstUnrated());
    (form.output ?? form.querySelector("input[type=radio]")).focus({ preventScroll: true });
    look();
  }

  function read() {
    const data = new FormData(form);
    const flags = [...form.querySelectorAll("[name^=flag-]:checked")].map((box) => box.name.slice(5));
    if (words.kind === "write") return { output: data.get("output"), flags };
    const ratings = {};
    for (const [name, value] of data) if (name.startsWith("rating-")) ratings[name.slice(7)] = Number(value);
    return { ratings, flags };
  }

  function write(draft) {
    if (form.output && typeof draft.output === "string") form.output.value = draft.output;
    for (const [name, value] of Object.entries(draft.ratings ?? {})) {
      const box = form.querySelector(`[name="rating-${CSS.escape(name)}"][value="${Number(value)}"]`);
      if (box) box.checked = true;
    }
    for (const flag of draft.flags ?? []) {
      const box = form.querySelector(`[name="flag-${CSS.escape(flag)}"]`);
      if (box) box.checked = true;
    }
  }

  // Seconds of work: the page in view, and a sign of life within the last minute.
  setInterval(() => {
    if (!document.hidden && Date.now() - lastSign < 60_000) active += 1;
  }, 1000);
  for (const sign of ["keydown", "pointermove", "scroll"]) addEventListener(sign, () => { lastSign = Date.now(); }, { capture: true, passive: true });

  setInterval(() => {
    if (form && !document.hidden) fetch(`${words.api}assignments/${form.dataset.assignment}/heartbeat/`, { method: "POST", headers: headers() }).catch(() => {});
  }, Math.min(60_000, 20_000 * Number(words.lease)));

  async function look() {
    ahead = null;
    try {
      const response = await fetch(words.next, { method: "POST", headers: headers({ "Content-Type": "application/x-www-form-urlencoded" }), body: "ahead=1" });
      if (response.status === 200) ahead = await response.text();
    } catch { /* asked again after the submit */ }
  }

  async function following() {
    if (ahead) return ahead;
    const response = await fetch(words.next, { method: "POST", headers: headers() });
    if (response.status === 403) location.reload();
    return response.status === 200 ? response.text() : null;
  }

  async function advance() {
    const html = await following();
    work.innerHTML = html ?? "";
    document.getElementById("nothing").hidden = Boolean(html);
    for (const button of document.querySelectorAll("[data-needs-item]")) button.hidden = !html;
    form = null;
    document.getElementById("length").textContent = "";
    document.getElementById("content").scrollTop = 0;
    begin();
  }

  async function submit() {
    if (sending || !form.reportValidity()) return;
    sending = true;
    trouble.hidden = true;
    const body = JSON.stringify({ ...read(), lead_time: Math.max(1, active), guideline: Number(form.guideline.value) });
    try {
      await sendUntilAnswered(body, form.key.value);
    } finally { sending = false; }
  }

  async function sendUntilAnswered(body, key) {
    for (;;) {
      const response = await fetch(`${words.api}assignments/${form.dataset.assignment}/submit/`, {
        method: "POST", body, headers: headers({ "Content-Type": "application/json", "Idempotency-Key": key }),
      }).catch(() => null);
      if (response && response.status < 500) return answered(response);
      drafts.changed();
      say(words.retry);
      await new Promise((wake) => setTimeout(wake, 5000));
    }
  }

  async function answered(response) {
    if (response.status > 201) return refused(await response.json());
    const said = await response.json();
    drafts.done();
    say("");
    const today = document.getElementById("today");
    today.textContent = Number(today.textContent) + 1;
    tell(said.feedback);
    await advance();
  }

  function tell(said) {
    feedback.hidden = !said;
    if (!said) return;
    feedback.className = `notice ${said.passed ? "good" : "warn"}`;
    feedback.textContent = [said.passed ? words.right : words.wrong, said.text, said.passed ? "" : said.missed.join(", ")].filter(Boolean).join(" ");
  }

  const OVER = ["lost", "already_submitted"];

  async function refused(said) {
    if (said.code === "paused") location.reload();
    if (OVER.includes(said.code)) {
      drafts.done();
      await advance();
    }
    document.getElementById("trouble-text").textContent = [said.message, ...said.errors.map((fault) => fault.reason)].join(" ");
    document.getElementById("trouble-drafts").hidden = said.code !== "lost";
    trouble.hidden = false;
  }

  async function comment() {
    const box = document.getElementById("comment");
    if (!box.value.trim()) return;
    const response = await fetch(`${words.api}items/${form.dataset.item}/comments/`, {
      method: "POST", body: JSON.stringify({ text: box.value }), headers: headers({ "Content-Type": "application/json" }),
    }).catch(() => null);
    if (!response?.ok) return;
    const said = await response.json(), line = document.createElement("p"), name = document.createElement("b");
    name.textContent = said.author;
    line.append(name, ` ${said.text}`);
    box.closest(".row").before(line);
    box.value = "";
  }

  async function skip(event) {
    event.preventDefault();
    const reason = document.getElementById("reason"), release = event.submitter?.value === "release";
    if (release) await drafts.send();
    await fetch(`${words.api}assignments/${form.dataset.assignment}/${release ? "release" : "skip"}/`, {
      method: "POST", body: release ? null : JSON.stringify({ reason: reason.value }), headers: headers({ "Content-Type": "application/json" }),
    });
    if (release) return location.assign(document.querySelector(".top a").href);
    reason.value = "";
    document.getElementById("skip").close();
    drafts.done();
    await advance();
  }

  // Hints: how long it is, and whether it is in the language that the item asks for.
  function measure() {
    const length = document.getElementById("length");
    if (!form?.output) { length.textContent = ""; return; }
    const text = form.output.value, han = (text.match(/\p{Script=Han}/gu) ?? []).length, runs = (text.match(/[\p{Letter}\p{Number}']+/gu) ?? []).length;
    const asked = form.dataset.language, chinese = asked.startsWith("zh") || (asked !== "en" && han > runs / 2);
    length.textContent = (chinese ? words.characters : words.words).replace("%n", chinese ? [...text].length : runs);
    const latin = (text.match(/[A-Za-z]+/g) ?? []).length;
    const wrong = text.length > 20 && (asked.startsWith("zh") ? latin > han : asked === "en" && han > latin);
    document.getElementById("hint").textContent = wrong ? words[asked.startsWith("zh") ? "languageZh" : "languageEn"] : text && text.length < 5 ? words.short : "";
  }

  const dimensions = () => [...form.querySelectorAll(".dimension")];
  const firstUnrated = () => dimensions().find((one) => !one.querySelector(":checked")) ?? dimensions()[0];

  function mark(one) {
    for (const other of dimensions()) delete other.dataset.current;
    if (!one) return;
    one.dataset.current = "";
    one.scrollIntoView({ block: "nearest" });
  }

  function rate(value) {
    const all = dimensions(), at = all.findIndex((one) => "current" in one.dataset);
    if (at < 0) return;
    const box = all[at].querySelector(`[value="${value}"]`);
    box.checked = true;
    box.focus({ preventScroll: true });
    form.dispatchEvent(new Event("input", { bubbles: true }));
    mark(all[Math.min(at + 1, all.length - 1)]);
  }

  function step(by) {
    const all = dimensions(), at = all.findIndex((one) => "current" in one.dataset);
    mark(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  }

  const KEYS = {
    e: () => form?.output?.focus(), s: () => form && document.getElementById("skip").showModal(),
    g: () => document.getElementById("guidelines")?.showModal(), "?": () => document.getElementById("keys").showModal(),
    c: () => { const box = document.getElementById("comments"); if (box) { box.open = true; document.getElementById("comment").focus(); } },
    j: () => step(1), k: () => step(-1),
  };
  for (const value of "12345") KEYS[value] = () => rate(value);

  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && form) { event.preventDefault(); submit(); return; }
    const typing = event.target.matches("textarea, input:not([type=radio], [type=checkbox])");
    if (event.key === "Escape" && typing) { event.target.blur(); return; }
    if (typing && event.target.id === "comment" && event.key === "Enter") { event.preventDefault(); comment(); return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  work.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  work.addEventListener("click", (event) => { if (event.target.id === "send-comment") comment(); });
  work.addEventListener("input", (event) => {
    if (!form || event.target.id === "comment") return;
    drafts.changed();
    measure();
  });
  document.getElementById("skip-form").addEventListener("submit", skip);
  addEventListener("pagehide", () => drafts?.send(true));
  document.addEventListener("visibilitychange", () => { if (document.hidden) drafts?.send(true); });
  begin();
})();
