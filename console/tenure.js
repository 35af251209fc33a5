// Progressive enhancement: every page works without this.
"use strict";

// A code after `#` in the address never reaches the server: fill it in and forget it.
const code = document.getElementById("code");
if (code && /^#[0-9-]{12,14}$/.test(location.hash)) {
  code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}

// Keys: `/` to the filter, `g` and a letter to a place, `j` and `k` along the rows, `?` for these keys. None while
// something is being typed.
let leads = false;
function step(by) {
  const rows = [...document.querySelectorAll("a.row")];
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  if (next) next.focus();
}
function press(key) {
  if (leads) {
    leads = false;
    const place = document.querySelector(`.top nav a[data-key="${CSS.escape(key)}"]`);
    if (place) place.click();
    return Boolean(place);
  }
  const help = document.getElementById("help");
  const filter = document.getElementById("q") || document.getElementById("find");
  if (key === "g") leads = true;
  else if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "?" && help) help.showModal();
  else if (key === "/" && filter) {
    filter.focus();
    filter.select();
  } else return false;
  return true;
}
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (press(event.key)) event.preventDefault();
});

// The proof of an entry, checked once more here: SHA-256 over the entry's bytes, then over each pair (RFC 6962).
async function recompute() {
  const proof = document.getElementById("inclusion");
  const said = document.getElementById("recomputed");
  if (!proof || !said || !globalThis.crypto?.subtle) return;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const hash = async (...parts) => {
    const all = new Uint8Array(parts.flatMap((part) => [...part]));
    return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  };
  const text = (hash) => btoa(String.fromCharCode(...hash));
  let at = await hash([0], bytes(proof.dataset.raw));
  let holds = text(at) === proof.dataset.leaf;
  for (const one of proof.querySelectorAll("[data-sibling]")) {
    const other = bytes(one.dataset.sibling);
    at = one.dataset.left === "true" ? await hash([1], other, at) : await hash([1], at, other);
  }
  holds &&= text(at) === proof.dataset.root;
  said.textContent = holds ? "✓ Computed again in this browser: it leads to the same root." : "▲ Computed again in this browser: it leads to another root. Do not trust this page.";
  said.className = holds ? "good" : "bad";
}
recompute();

// A plan that is being carried out shows itself again whenever it has changed.
function follow() {
  const live = document.getElementById("live");
  if (!live || !live.dataset.live) return;
  const events = new EventSource(live.dataset.live);
  let busy = false;
  let again = false;
  async function refresh() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      // Led elsewhere it may be: a form's address leads to its page, and the sign-in has nothing that lives.
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("live");
        const shown = document.getElementById("live");
        const typing = shown && shown.contains(document.activeElement) && document.activeElement.matches("input[type=text]");
        if (fresh && shown && !typing) {
          shown.replaceChildren(...fresh.childNodes);
          if (!fresh.dataset.live) {
            delete shown.dataset.live;
            events.close();
          }
        }
      }
    } finally {
      busy = false;
      if (again) {
        again = false;
        refresh();
      }
    }
  }
  events.addEventListener("plan", refresh);
}
follow();

// A survey that is running: its page is read again until it is over.
function again() {
  const live = document.getElementById("live");
  const seconds = Number(live?.dataset.again);
  if (!seconds) return;
  setTimeout(async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page && page.getElementById("live");
    if (fresh) live.replaceWith(fresh);
    again();
  }, seconds * 1000);
}
again();
