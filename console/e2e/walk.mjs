// Walks the console in a headless Chromium and says everything that is not as promised.
// What to walk comes on standard input as JSON (see crates/tenure/tests/it/console.rs); it acts on nothing but what the task
// names for it. Next: keys.mjs, what the keyboard must do; acts.mjs, what is done with forms.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";
import { planWithLess, walkActs } from "./acts.mjs";
import { checkKeys, checkTabOrder } from "./keys.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const BYTES_MAX = 150 * 1024;
const VARIANTS = [390, 1280].flatMap((width) => ["light", "dark"].map((scheme) => ({ width, scheme })));

const task = JSON.parse(readFileSync(0, "utf8"));
const faults = [];
const fault = (place, what) => faults.push(`${place}: ${what}`);

// Notes what a page does behind its content: errors, foreign requests, bytes.
async function watch(page) {
  const seen = { place: "", bytes: 0 };
  const own = new URL(task.address).host;
  page.on("console", (message) => {
    const isExpected = (seen.expected && message.text().includes(`status of ${seen.expected}`)) || message.text().includes("status of 422");
    if ((message.type() === "error" || message.type() === "warn") && !isExpected) fault(seen.place, `console: ${message.text()}`);
  });
  page.on("pageerror", (error) => fault(seen.place, `script: ${error}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.host !== own) fault(seen.place, `request to ${url.protocol}//${url.host}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && ![seen.expected, 422].includes(response.status())) fault(seen.place, `${response.status()} ${response.url()}`);
  });
  const session = await page.createCDPSession();
  await session.send("Network.enable");
  session.on("Network.loadingFinished", (event) => (seen.bytes += event.encodedDataLength));
  return seen;
}

async function open(page, seen, place, path, expected, { anywhere = false } = {}) {
  Object.assign(seen, { place, bytes: 0, expected });
  const answer = await page.goto(new URL(path, task.address).href, { waitUntil: "load" });
  if (!anywhere && new URL(page.url()).pathname !== new URL(path, task.address).pathname) fault(place, `led to ${page.url()}`);
  if (answer.status() !== (expected ?? 200)) fault(place, `answered ${answer.status()}`);
}

async function signIn(page, seen, code) {
  await open(page, seen, "sign-in", "/sign-in");
  await page.type("#code", code);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  if (new URL(page.url()).pathname !== "/") throw new Error(`signing in led to ${page.url()}: ${await words(page)}`);
}

async function checkAccess(page, place) {
  await page.evaluate(AXE);
  const found = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules }), RULES);
  for (const violation of found.violations) {
    const nodes = violation.nodes.map((node) => `${node.target} (${node.failureSummary})`).join("; ");
    fault(place, `axe ${violation.id}: ${violation.help}: ${nodes}`);
  }
}

async function checkWidth(page, place) {
  const wide = await page.evaluate(() => {
    const most = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= most) return null;
    const outside = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > most + 1);
    return outside.slice(0, 3).map((one) => one.outerHTML.slice(0, 120));
  });
  if (wide) fault(place, `scrolls sideways: ${wide.join(" | ")}`);
}

// On paper nothing is cut off and nothing is left of what only a screen needs.
async function checkPrint(page, place) {
  // A4 without its margins, at 96 pixels an inch.
  await page.setViewport({ width: 680, height: 1010 });
  await page.emulateMediaType("print");
  const cut = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  if (cut) fault(place, "is cut off on paper");
  const kept = await page.$$eval(".top, .filter, .acts, .act, .screen", (all) => all.filter((one) => one.checkVisibility()).length);
  if (kept > 0) fault(place, `${kept} things that only a screen needs are printed`);
  await page.emulateMediaType(null);
  const sheet = await page.pdf({ format: "A4", preferCSSPageSize: true });
  if (!Buffer.from(sheet.slice(0, 5)).equals(Buffer.from("%PDF-"))) fault(place, "cannot be printed");
}

const words = (page) => page.$eval("main", (main) => main.innerText.replace(/\s+/g, " ").trim());

async function shoot(page, name, { width, scheme }) {
  if (!task.screenshots) return;
  mkdirSync(task.screenshots, { recursive: true });
  await page.evaluate(() => document.activeElement?.blur());
  const path = `${task.screenshots}/${name}-${width}-${scheme}.png`;
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  // A list repeats itself: its beginning tells.
  const most = (await page.$(".filter")) ? 1000 : width === 390 ? 1700 : 1500;
  const height = Math.min(Math.max(whole, width === 390 ? 700 : 600), most);
  await page.screenshot({ path, clip: { x: 0, y: 0, width, height }, captureBeyondViewport: true });
}

async function walk(browser) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setCacheEnabled(false);
  const seen = await watch(page);
  await open(page, seen, "sign-in", "/sign-in");
  for (const variant of VARIANTS) await look(page, seen, { name: "sign-in", path: "/sign-in" }, variant);
  await signIn(page, seen, task.codes[0]);
  for (const variant of VARIANTS) {
    for (const one of task.pages) await look(page, seen, one, variant);
  }
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await checkKeys(page, (path) => open(page, seen, `keys ${path}`, path), fault, task);
  await context.close();
}

async function look(page, seen, one, variant) {
  const place = `${one.name} ${variant.width} ${variant.scheme}`;
  await page.setViewport({ width: variant.width, height: variant.width === 390 ? 844 : 800 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: variant.scheme }]);
  await open(page, seen, place, one.path, one.status);
  if (seen.bytes > BYTES_MAX) fault(place, `${seen.bytes} bytes were loaded, at most ${BYTES_MAX} may be`);
  if ((await page.$$("h1")).length !== 1) fault(place, "has not exactly one h1");
  await checkWidth(page, place);
  await checkAccess(page, place);
  if (variant.scheme === "light") await checkTabOrder(page, place, fault);
  await shoot(page, one.name, variant);
  if (one.prints && variant.scheme === "light") await checkPrint(page, place);
}

// Without script every page says the same, and filtering and signing in work.
async function walkPlain(browser) {
  const context = await browser.createBrowserContext();
  const plain = await context.newPage();
  await plain.setJavaScriptEnabled(false);
  const seen = await watch(plain);
  await signIn(plain, seen, task.codes[1]);
  const scripted = await context.newPage();
  const other = await watch(scripted);
  for (const one of task.pages) {
    await open(plain, seen, `${one.name} without script`, one.path, one.status);
    await open(scripted, other, one.name, one.path, one.status);
    // Relative times go on while we look.
    const still = (text) => text.replace(/\b(just now|(in )?\d+ (s|min)( ago)?)\b/g, "").replace(/\d+/g, "0");
    const [without, having] = [still(await words(plain)), still(await words(scripted))];
    if (!one.live && without !== having) fault(`${one.name} without script`, `says something else: ${without} <> ${having}`);
    if (without.length < 40) fault(`${one.name} without script`, `says next to nothing: ${without}`);
  }
  await open(plain, seen, "filter without script", "/identities");
  await plain.type("#q", task.filter.text);
  await Promise.all([plain.waitForNavigation(), plain.keyboard.press("Enter")]);
  const found = await words(plain);
  if (!plain.url().includes("q=") || !found.includes(task.filter.finds) || found.includes(task.filter.hides)) {
    fault("filter without script", `${plain.url()} says ${found}`);
  }
  await act(plain, seen);
  await fill(plain, seen);
  // What is shown before it is written, held against the rules of accessibility: that needs script.
  await open(scripted, other, "charter previewed", task.form.charter);
  await scripted.type("#purpose", "loads the orders");
  await Promise.all([scripted.waitForNavigation(), scripted.keyboard.press("Enter")]);
  await checkAccess(scripted, "charter previewed");
  await walkActs(plain, handOf(seen, false), task.acts[0]);
  await walkActs(scripted, handOf(other, true), task.acts[1]);
  await planWithLess(scripted, handOf(other, true), task.form.less);
  await context.close();
}

// How acts.mjs opens, reads and checks a page. Without script the rules of accessibility cannot be asked: width alone.
function handOf(seen, hasScript) {
  const at = (place) => (seen.place = `${place}, ${hasScript ? "with" : "without"} script`);
  const place = () => seen.place;
  const check = async (page, picture) => {
    for (const width of [390, 1280]) {
      await page.setViewport({ width, height: 844 });
      await checkWidth(page, `${place()} ${width}`);
      if (!hasScript) continue;
      await checkAccess(page, place());
      if (picture) await shoot(page, picture, { width, scheme: "light" });
    }
  };
  return { hasScript, at, place, check, fault, words, open: (page, name, path, how) => open(page, seen, at(name), path, undefined, how) };
}

// A plan is drafted, and not decided under a wrong name, with forms alone; nothing outside is touched.
async function act(page, seen) {
  await open(page, seen, "forms without script", task.form.path);
  await page.type("#reason", "a rehearsal");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  if (!new URL(page.url()).pathname.startsWith("/plans/")) fault("forms", `drafting led to ${page.url()}: ${await words(page)}`);
  await page.type("#name", "another-name");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]).catch(() => fault("forms", "deciding led nowhere"));
  if (!(await words(page)).includes("Another name was typed")) fault("forms", `a wrong name: ${await words(page)}`);
}

// A charter is shown before it is written, and what is wrong stands beside its field.
async function fill(page, seen) {
  await page.setViewport({ width: 1280, height: 800 });
  await open(page, seen, "charter without script", task.form.charter);
  await page.type("#rotation_days", "soon");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  const described = await page.$eval("#rotation_days", (one) => document.getElementById(one.getAttribute("aria-describedby").split(" ").at(-1)).innerText);
  if (!described.includes("no number of days")) fault("charter", `says beside its field: ${described}`);
  await page.$eval("#rotation_days", (one) => (one.value = "90"));
  await page.focus("#rotation_days");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  if (!(await words(page)).includes("What would change")) fault("charter", `shows: ${await words(page)}`);
  await shoot(page, "charter-previewed", { width: 1280, scheme: "light" });
  await page.focus("#foreseen ~ form button");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  if (!(await words(page)).includes("every 90 days")) fault("charter", `was not written: ${await words(page)}`);
}

const browser = await puppeteer.launch({
  executablePath: task.chromium,
  headless: true,
  // The sandbox needs an account that is not the administrator's; the pages are our own.
  args: [...(process.getuid() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"],
});
try {
  await walk(browser);
  await walkPlain(browser);
} catch (error) {
  fault("the walk", `broke off: ${error.stack}`);
} finally {
  await browser.close();
}
for (const one of [...new Set(faults)]) console.log(one);
console.log(`${task.pages.length} pages walked, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
