// The rating page: keys, the next comparison fetched ahead, votes sent in order, drafts, differences, two panes in step.
(() => {
  const stage = document.getElementById("stage");
  const said = stage.dataset;
  const undoForm = document.getElementById("undo");
  const phone = matchMedia("(max-width: 760px)");
  const form = () => document.getElementById("comparison");
  const actions = document.querySelector("footer.actions");
  let next = null;
  let sending = Promise.resolve();
  let waiting = 0;
  let seen = new Set();
  let spent = 0;
  let since = performance.now();
  let draftTimer = 0;

  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  const state = (text) => { document.getElementById("state").textContent = text; };

  async function post(fields) {
    const body = new URLSearchParams([...fields, ["csrfmiddlewaretoken", token()]]);
    for (let pause = 1; ; pause = Math.min(pause * 2, 30)) {
      try {
        const response = await fetch(location.pathname, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
        if (response.status < 500) return { ok: response.ok, body: await response.json() };
      } catch { /* no connection: the vote is kept here and sent again; the service saves it once */ }
      state(said.offline);
      await new Promise((resume) => setTimeout(resume, 1000 * pause));
    }
  }

  function inOrder(fields, then) {
    waiting += 1;
    sending = sending.then(async () => {
      const blank = !form() || form().inert;
      const answer = await post(blank ? [...fields, ["current", "yes"]] : fields);
      waiting -= 1;
      if (!answer.ok) return refuse(answer.body);
      progress(answer.body.mine);
      then(answer.body);
    });
  }

  function refuse(body) {
    state(body.message);
    if (body.code === "paused" || body.code === "closed" || body.code === "exposed") lock();
    else setTimeout(() => location.reload(), 2500);
  }

  const lock = () => { for (const button of actions.querySelectorAll("button")) button.disabled = true; };

  function progress(mine) {
    const bar = document.querySelector("#progress progress");
    bar.max = mine.done + mine.left;
    bar.value = mine.done;
    document.getElementById("count").textContent = `${mine.done} / ${mine.done + mine.left}`;
  }

  function show(html) {
    stage.innerHTML = html;
    begin();
  }

  function begin() {
    const now = form();
    for (const button of actions.querySelectorAll(".vote, [value=skip]")) {
      button.disabled = !now;
      button.classList.remove("chosen");
    }
    clearTimeout(draftTimer);
    if (!now) return;
    spent = 0;
    since = performance.now();
    seen = new Set();
    restore(now);
    pane(now.dataset.first);
    inStep(now);
    if (document.getElementById("differences")?.getAttribute("aria-pressed") === "true") differ(true);
    markNext();
    document.getElementById("content").focus({ preventScroll: true });
  }

  function restore(now) {
    const kept = JSON.parse(document.getElementById("kept").textContent || "{}");
    for (const [side, scores] of Object.entries(kept.scores ?? {}))
      for (const [key, point] of Object.entries(scores)) {
        const input = now.elements[`${side}-${key}`];
        if (input) input.value = String(point);
      }
    for (const input of now.querySelectorAll(".scale input:checked")) anchor(input);
    const chosen = kept.choice && actions.querySelector(`.vote[value="${CSS.escape(kept.choice)}"]`);
    if (chosen) chosen.classList.add("chosen");
  }

  // Time with the texts in view.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) spent += performance.now() - since;
    else since = performance.now();
  });
  const seconds = () => ((spent + (document.hidden ? 0 : performance.now() - since)) / 1000).toFixed(1);

  // On a phone one pane at a time; both must have been looked at, and which comes first is by chance.
  function pane(side) {
    for (const part of stage.querySelectorAll(".answer[data-side], .scored[data-side]")) part.classList.toggle("shown", part.dataset.side === side);
    for (const tab of stage.querySelectorAll("[role=tab]")) tab.setAttribute("aria-selected", String(tab.dataset.side === side));
    seen.add(side);
  }
  stage.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) pane(tab.dataset.side);
  });
  let touch = null;
  stage.addEventListener("touchstart", (event) => { touch = event.touches[0].clientX; }, { passive: true });
  stage.addEventListener("touchend", (event) => {
    const moved = event.changedTouches[0].clientX - touch;
    if (phone.matches && Math.abs(moved) > 60) pane(moved < 0 ? "right" : "left");
  }, { passive: true });

  function inStep(now) {
    const panes = [...now.querySelectorAll(".pair .answer")];
    let leader = null;
    for (const one of panes)
      one.addEventListener("scroll", () => {
        if (leader && leader !== one) return;
        leader = one;
        const share = one.scrollTop / Math.max(1, one.scrollHeight - one.clientHeight);
        for (const other of panes) if (other !== one) other.scrollTop = share * (other.scrollHeight - other.clientHeight);
        requestAnimationFrame(() => requestAnimationFrame(() => { leader = null; }));
      });
  }

  function vote(choice) {
    const now = form();
    if (!now) return;
    if (phone.matches && said.compares === "yes" && seen.size < 2) return state(said.bothFirst);
    const missing = unscored();
    if (missing) {
      pane(missing.closest(".scored").dataset.side);
      missing.querySelector("input").focus();
      return state(said.unscored);
    }
    now.elements.lead_time.value = seconds();
    now.elements.layout.value = phone.matches && said.compares === "yes" ? "tabs" : "columns";
    const fields = [...new FormData(now)].filter(([name]) => name !== "csrfmiddlewaretoken");
    if (choice) fields.push(["choice", choice]);
    const rating = now.dataset.rating;
    state(said.saving);
    leave();
    inOrder([...fields, ["action", "vote"]], (body) => {
      state(body.feedback ?? said.saved);
      takeNext(body);
      if (waiting === 0) offerUndo(rating);
    });
    offerUndo("");
  }

  const offerUndo = (rating) => {
    undoForm.elements.rating.value = rating;
    undoForm.querySelector("button").disabled = !rating;
  };

  // The next one is shown at once if it is here, else when it comes.
  function leave() {
    clearTimeout(draftTimer);
    if (next) {
      show(next);
      next = null;
    } else {
      form().inert = true;
    }
  }

  function takeNext(body) {
    if (body.current !== null) show(body.current);
    else if (body.empty) show(document.getElementById("done").innerHTML);
    if (form()?.inert && body.next !== null) show(body.next);
    else next = body.next;
  }

  function skip() {
    const now = form();
    if (!now) return;
    next = null;
    now.inert = true;
    inOrder([["rating", now.dataset.rating], ["action", "skip"], ["comment", now.elements.comment.value]], takeNext);
  }

  function undo() {
    const rating = undoForm.elements.rating.value;
    if (!rating || waiting) return;
    offerUndo("");
    next = null;
    inOrder([["rating", rating], ["action", "undo"]], (body) => {
      takeNext(body);
      state(said.undone);
    });
  }

  actions.addEventListener("submit", (event) => {
    event.preventDefault();
    undo();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "comparison") return;
    event.preventDefault();
    if (event.submitter?.value === "skip") skip();
    else vote(event.submitter?.name === "choice" ? event.submitter.value : "");
  });
  actions.addEventListener("click", (event) => {
    const button = event.target.closest("button[form=comparison]");
    if (!button) return;
    event.preventDefault();
    if (button.value === "skip") skip();
    else vote(button.name === "choice" ? button.value : "");
  });

  // Scores: digits fill the next dimension, backspace empties the last.
  const dimensions = () => [...stage.querySelectorAll(".dimension")];
  const unscored = () => dimensions().find((one) => !one.querySelector("input:checked"));
  function anchor(input) {
    const line = input.closest(".dimension").querySelector(".anchor");
    line.textContent = input.closest("label").title;
  }
  function markNext() {
    const first = unscored();
    for (const one of dimensions()) one.classList.toggle("next", one === first);
  }
  function score(point) {
    const open = document.activeElement?.closest?.(".dimension") ?? unscored();
    const input = open?.querySelector(`input[value="${point}"]`);
    if (!input) return;
    input.checked = true;
    document.activeElement.blur?.();
    anchor(input);
    markNext();
    keepDraft();
    (unscored() ?? open).scrollIntoView({ block: "nearest" });
    if (phone.matches && unscored()) pane(unscored().closest(".scored").dataset.side);
  }
  function unscore() {
    const last = dimensions().filter((one) => one.querySelector("input:checked")).pop();
    if (!last) return;
    last.querySelector("input:checked").checked = false;
    last.querySelector(".anchor").textContent = "";
    markNext();
  }
  stage.addEventListener("change", (event) => {
    if (event.target.matches(".scale input")) { anchor(event.target); markNext(); }
    keepDraft();
  });
  stage.addEventListener("input", (event) => { if (event.target.id === "comment") keepDraft(); });

  function keepDraft() {
    clearTimeout(draftTimer);
    const now = form();
    draftTimer = setTimeout(() => {
      if (form() !== now) return;
      const scores = {};
      for (const input of now.querySelectorAll(".scale input:checked")) {
        const [side, key] = [input.name.slice(0, input.name.indexOf("-")), input.name.slice(input.name.indexOf("-") + 1)];
        (scores[side] ??= {})[key] = Number(input.value);
      }
      const list = (name) => [...now.querySelectorAll(`[name=${name}]:checked`)].map((input) => input.value);
      call("PUT", now.dataset.rating, "draft", { scores, reasons: list("reasons"), harmful: list("harmful"), comment: now.elements.comment.value });
    }, 800);
  }
  function call(method, rating, verb, body) {
    const headers = { "X-CSRFToken": token(), "Content-Type": "application/json" };
    return fetch(`/api/v1/ratings/${rating}/${verb}/`, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
  }
  setInterval(() => {
    const now = form();
    if (now && !document.hidden) call("POST", now.dataset.rating, "heartbeat");
  }, Math.max(20, said.lease * 20) * 1000);

  // Differences: words (in Chinese, characters) that the longest common sequence leaves out, marked alike on both sides.
  const WORDS = /[A-Za-z0-9_]+|[^\sA-Za-z0-9_]/g;
  function words(pane) {
    const found = [];
    const walker = document.createTreeWalker(pane, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      for (const match of node.data.matchAll(WORDS)) found.push({ node, at: match.index, word: match[0] });
    return found;
  }
  function common(a, b) {
    const width = b.length + 1;
    const table = new Uint16Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        table[i * width + j] = a[i].word === b[j].word ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    for (let i = 0, j = 0; i < a.length && j < b.length; ) {
      if (a[i].word === b[j].word) { a[i++].same = b[j++].same = true; }
      else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i++;
      else j++;
    }
  }
  function wrap(found) {
    for (const one of found.filter((word) => !word.same).reverse()) {
      const range = document.createRange();
      range.setStart(one.node, one.at);
      range.setEnd(one.node, one.at + one.word.length);
      range.surroundContents(document.createElement("mark"));
    }
  }
  function differ(on) {
    for (const mark of stage.querySelectorAll(".pair mark")) mark.replaceWith(...mark.childNodes);
    const panes = [...stage.querySelectorAll(".pair .answer .text")];
    for (const pane of panes) pane.normalize();
    if (!on || panes.length < 2) return;
    const [a, b] = panes.map(words);
    if (a.length * b.length > 16_000_000) return;
    common(a, b);
    wrap(a);
    wrap(b);
  }
  const differences = document.getElementById("differences");
  differences?.addEventListener("click", () => {
    const on = differences.getAttribute("aria-pressed") !== "true";
    differences.setAttribute("aria-pressed", String(on));
    differ(on);
  });

  const KEYS = {
    a: () => said.compares === "yes" && vote("left"), b: () => said.compares === "yes" && vote("right"),
    t: () => said.compares === "yes" && vote("tie"), x: () => said.compares === "yes" && vote("both_bad"),
    s: skip, u: undo, d: () => differences?.click(),
    c: () => { const more = stage.querySelector(".more"); more.open = true; document.getElementById("comment").focus(); },
    "?": () => document.getElementById("keys").showModal(),
    enter: () => said.compares === "no" && vote(""), backspace: unscore,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return document.activeElement.blur();
    if (event.target.closest("textarea, select, input:not([type=radio], [type=checkbox])")) return;
    const key = event.key.toLowerCase();
    if (key === "enter" && event.target.closest("button, a, summary")) return;
    if (said.scores === "yes" && /^[1-5]$/.test(key)) score(key);
    else if (Object.hasOwn(KEYS, key) && form() && !form().inert) KEYS[key]();
    else if (key === "u") undo();
    else return;
    event.preventDefault();
  });

  begin();
  if (form()) inOrder([["action", "ahead"]], takeNext);
})();
