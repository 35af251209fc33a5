// What the keyboard must do: reach everything in order and show it, and the few shortcuts. Changes nothing.

// Every element that can be used is reached by Tab, in the order of the document, and shows it.
export async function checkTabOrder(page, place, fault) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    window.scrollTo(0, 0);
  });
  const wanted = await page.evaluate(() => {
    const usable = "a[href], button, input, select, textarea, summary, [tabindex='0']";
    const all = [...document.querySelectorAll(usable)].filter((one) => {
      const rect = one.getBoundingClientRect();
      const style = getComputedStyle(one);
      // Of radio buttons Tab reaches the chosen one, or the first where none is; the arrow keys reach the others.
      if (one.type === "radio" && !one.checked) {
        const group = [...one.form.elements].filter((other) => other.type === "radio" && other.name === one.name);
        if (group[0] !== one || group.some((other) => other.checked)) return false;
      }
      return one.tabIndex >= 0 && !one.disabled && style.visibility !== "hidden" && rect.width > 0 && one.type !== "hidden" && one.checkVisibility();
    });
    all.forEach((one, index) => one.setAttribute("data-walk", index));
    // From the first on: a page may have put the focus elsewhere.
    all[0]?.focus();
    return all.length;
  });
  // The first ones tell: a list repeats itself.
  const most = Math.min(wanted, 40);
  for (let index = 1; index < most; index += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      const shown = one.matches(":focus-visible") && (parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none");
      const rect = one.getBoundingClientRect();
      const inView = rect.bottom > 0 && rect.top < innerHeight && rect.right > 0 && rect.left < innerWidth;
      return { index: Number(one.getAttribute("data-walk") ?? -1), shown: shown && inView, html: one.outerHTML.slice(0, 100) };
    });
    if (at.index !== index) return fault(place, `Tab ${index} reaches ${at.html} (${at.index})`);
    if (!at.shown) fault(place, `does not show that it is reached: ${at.html}`);
  }
}

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

const focused = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());

// The shortcuts, on pages that have them.
export async function checkKeys(page, open, fault, task) {
  await page.setViewport({ width: 1280, height: 800 });
  await open("/");
  await press(page, "/");
  if (!["q", "find"].includes(await focused(page))) fault("keys", `/ reaches ${await focused(page)}`);
  for (const [letter, path] of Object.entries(task.keys ?? {})) {
    await open("/");
    await Promise.all([page.waitForNavigation({ timeout: 5000 }).catch(() => fault("keys", `g ${letter} leads nowhere`)), press(page, "g", letter)]);
    if (new URL(page.url()).pathname !== path) fault("keys", `g ${letter} leads to ${page.url()}`);
  }
  if (!task.keys) return;
  await open("/identities");
  await press(page, "j", "j", "k");
  const first = await page.$eval("table a.row", (one) => one.textContent.trim());
  if ((await focused(page)) !== first) fault("keys", `j j k reaches ${await focused(page)}, not ${first}`);
  await Promise.all([page.waitForNavigation(), press(page, "Enter")]);
  if (!new URL(page.url()).pathname.startsWith("/identities/")) fault("keys", `Enter leads to ${page.url()}`);
  await press(page, "?");
  const isOpen = () => page.$eval("dialog#help", (one) => one.open).catch(() => false);
  if (!(await isOpen())) fault("keys", "? opens no help");
  await press(page, "Escape");
  if (await isOpen()) fault("keys", "Escape does not close the help");
  await open("/identities");
  await page.focus("#q");
  await page.keyboard.type("gi?jk/");
  if ((await page.$eval("#q", (one) => one.value)) !== "gi?jk/") fault("keys", "shortcuts work while something is typed");
}
