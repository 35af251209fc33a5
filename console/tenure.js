// Progressive enhancement: every page works without this.
"use strict";

// A code after `#` in the address never reaches the server: fill it in and forget it.
const code = document.getElementById("code");
if (code && /^#[0-9-]{12,14}$/.test(location.hash)) {
  code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}

// `/` goes to the filter, as long as nothing is being typed.
document.addEventListener("keydown", (event) => {
  const filter = document.getElementById("q");
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select");
  if (event.key === "/" && filter && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
    filter.select();
  }
});

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
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("live");
        const shown = document.getElementById("live");
        if (fresh && shown) {
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
