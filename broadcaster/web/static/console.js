// What the console does better with a script; every page works without one.
(() => {
  "use strict";
  const QUICK = 2000, SLOW = 15000;

  // Parts of a page that move are asked for anew: quickly while they change, slower when not, never in a hidden tab.
  const follow = (part) => {
    let wait = Number(part.dataset.pace) || QUICK, last = "", timer = 0;
    const schedule = () => { clearTimeout(timer); timer = setTimeout(ask, wait); };
    const ask = async () => {
      const here = document.getElementById(part.id);
      if (!here || !here.dataset.poll) return;
      if (document.hidden) return;
      if (here.contains(document.activeElement)) return schedule(); // nobody's place is taken away under their hands
      try {
        const answer = await fetch(here.dataset.poll, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
        if (answer.headers.get("HX-Refresh")) return location.reload();
        if (!answer.ok) throw new Error(String(answer.status));
        const html = await answer.text();
        if (html === last) { wait = Math.min(wait * 1.5, SLOW); } else { wait = Number(here.dataset.pace) || QUICK; last = html; swap(here, html); }
      } catch { wait = Math.min(wait * 2, SLOW); }
      schedule();
    };
    const swap = (here, html) => {
      const fresh = new DOMParser().parseFromString(html, "text/html").getElementById(part.id);
      // The buttons around it depend on the state: a new state is a new page.
      if (fresh && fresh.dataset.state !== here.dataset.state) return location.reload();
      if (fresh) { here.replaceWith(fresh); tick(); }
    };
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { wait = QUICK; ask(); } });
    schedule();
  };
  document.querySelectorAll("[data-poll]").forEach((part) => { if (part.dataset.poll) follow(part); });

  // Promises are counted down by the server's clock: only the distance since the page was made is ours.
  const began = new WeakMap();
  const tick = () => document.querySelectorAll("[data-due]").forEach((here) => {
    if (!began.has(here)) began.set(here, Number(here.dataset.now) - performance.now());
    const left = Math.round((Number(here.dataset.due) - began.get(here) - performance.now()) / 1000);
    const whole = Math.abs(left), two = (number) => String(number).padStart(2, "0"), hours = Math.floor(whole / 3600);
    const clock = `${hours ? `${hours}:` : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
    here.textContent = left < 0 ? `(${here.dataset.over} ${clock})` : `(${clock})`;
    here.classList.toggle("late", left < 0);
  });
  if (document.querySelector("[data-due], [data-poll]")) { tick(); setInterval(tick, 1000); }

  // The first complaint is where the reader should be.
  const wrong = document.querySelector("#problems, #wrong, #conflict");
  if (wrong) wrong.focus({ preventScroll: false });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const shown = document.getElementById("preview");
    const asked = event.detail.requestConfig && event.detail.requestConfig.elt.matches("button");
    if (asked && shown && event.detail.target.id === "preview") { shown.scrollIntoView({ block: "start" }); shown.focus({ preventScroll: true }); }
  });
  // Texts that failed are answers too: show them.
  document.body.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; } });

  // What is typed is kept as it is typed. When the network is away it says so, and goes on trying.
  const keeper = document.getElementById("live");
  if (keeper) {
    let lost = false, waiting = 0;
    const words = (text, isLost) => {
      const line = document.getElementById("saved");
      if (!line) return;
      line.classList.toggle("lost", isLost);
      const shown = document.getElementById("saved-words");
      if (shown) { shown.textContent = text; if (isLost) shown.setAttribute("role", "alert"); }
    };
    const away = (event) => {
      if (event.detail.elt !== keeper) return;
      lost = true;
      const line = document.getElementById("saved");
      words(line ? line.dataset.lost : "", true);
      clearTimeout(waiting);
      waiting = setTimeout(() => window.htmx.trigger(keeper, "again"), 4000);
    };
    for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.body.addEventListener(name, away);
    document.body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.elt === keeper && event.detail.successful) lost = false; });
    window.addEventListener("beforeunload", (event) => { if (lost) event.preventDefault(); });
    document.getElementById("compose").addEventListener("submit", () => { lost = false; });
  }

  // A complaint leads to the first control of its field, and opens what it is folded into.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('.note a[href^="#"], .wrong a[href^="#"]');
    const part = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!part) return;
    for (let each = part; each; each = each.parentElement) if (each.matches("details")) each.open = true;
    const control = part.matches("input, select, textarea") ? part : part.querySelector("input:not([type=hidden]), select, textarea");
    if (control) setTimeout(() => control.focus(), 0);
  });

  // A line for another log is copied; without a script it is selected by hand.
  document.querySelectorAll("[data-copy]").forEach((button) => {
    const line = document.getElementById(button.dataset.copy);
    line.addEventListener("focus", () => line.select());
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => { await navigator.clipboard.writeText(line.value); button.textContent = button.dataset.done; });
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (button && button.name === "action" && button.hasAttribute("hx-post")) return;
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 5000);
  });
})();
