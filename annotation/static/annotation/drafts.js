// Drafts: to the server a moment after typing stops and on leaving the page, and always to this browser as well, so that
// neither a closed tab nor a server that is away loses a word. The newer of the two comes back.
class Drafts {
  constructor(api, assignment, read, token, report) {
    Object.assign(this, { url: `${api}assignments/${assignment}/draft/`, name: `draft:${assignment}`, read, token, report });
  }

  newerThan(at) {
    try {
      const kept = JSON.parse(localStorage.getItem(this.name));
      return kept && kept.at > at ? kept : null;
    } catch { return null; }
  }

  changed() {
    this.draft = { ...this.read(), at: Date.now() };
    try { localStorage.setItem(this.name, JSON.stringify(this.draft)); } catch { /* private window: the server's copy remains */ }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), 800);
  }

  async send(keepalive = false) {
    clearTimeout(this.timer);
    const draft = this.draft;
    if (!draft) return;
    try {
      const response = await fetch(this.url, {
        method: "PUT", keepalive, body: JSON.stringify(draft),
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      });
      if (response.status >= 500) throw new Error(response.status);
      if (this.draft === draft) this.draft = null;
      this.report("saved");
    } catch {
      this.report("local");
      this.timer = setTimeout(() => this.send(), 5000);
    }
  }

  done() {
    clearTimeout(this.timer);
    this.draft = null;
    localStorage.removeItem(this.name);
  }
}
