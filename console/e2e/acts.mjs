// What a person does in the console with its forms: ask for an exception, dismiss what is mended in one place, tighten a file, change a source.
// It acts on the planted machine that the task names and on nothing else. Each step is walked by keyboard alone. Next:
// walk.mjs, which calls this with script and without.

const TABS_MAX = 150;
const LOOKS_MAX = 20;

// Walks all of it; `hand` is how walk.mjs opens, reads and checks a page.
export async function walkActs(page, hand, one) {
  await except(page, hand, one);
  await dismiss(page, hand, one);
  await tighten(page, hand, one);
  await change(page, hand, one);
}

// To an element by Tab alone.
async function reach(page, hand, selector) {
  for (let pressed = 0; pressed < TABS_MAX; pressed += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return true;
  }
  hand.fault(hand.place(), `Tab does not reach ${selector}`);
  return false;
}

// Presses a key that leads to another page.
async function follow(page, hand, key = "Enter") {
  await Promise.all([page.waitForNavigation({ timeout: 10000 }), page.keyboard.press(key)]).catch((error) =>
    hand.fault(hand.place(), `leads nowhere: ${error.message}`),
  );
}

// Writes something else into the field that is reached.
async function write(page, text) {
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.type(text);
}

async function says(page, hand, ...texts) {
  const said = await hand.words(page);
  for (const text of texts.filter((text) => !said.includes(text))) hand.fault(hand.place(), `does not say "${text}": ${said}`);
}

// After a form was refused its address still leads to the page it stands on.
async function checkAgain(page, hand) {
  await hand.open(page, "after a refusal", new URL(page.url()).pathname, { anywhere: true });
  if ((await page.$$("h1")).length !== 1) hand.fault(hand.place(), "the address of a refused form leads to no page");
}

// An exception: what is missing is said, it is asked for, whoever asked does not decide, and it is taken back.
async function except(page, hand, one) {
  await hand.open(page, "a finding that may be excepted", one.findings[0]);
  await reach(page, hand, `a[href$="/except"]`);
  await follow(page, hand);
  await reach(page, hand, "#reason");
  await page.keyboard.type("made for this walk");
  await reach(page, hand, "#compensation");
  await page.keyboard.type("nothing real lies there");
  await reach(page, hand, "#until");
  await page.keyboard.type("some day");
  await follow(page, hand);
  await says(page, hand, "neither a day such as");
  await hand.check(page);
  await checkAgain(page, hand);
  await reach(page, hand, "#reason");
  await page.keyboard.type("made for this walk");
  await reach(page, hand, "#compensation");
  await page.keyboard.type("nothing real lies there");
  await reach(page, hand, "#until");
  await page.keyboard.type(one.until);
  await follow(page, hand);
  await says(page, hand, "requested", "You asked for it: somebody else decides.", "made for this walk");
  await hand.check(page, "exception-own");
  await reach(page, hand, "#why");
  await page.keyboard.type("the walk is over");
  await follow(page, hand);
  await says(page, hand, "withdrawn", "taken back: the walk is over");
}

// What is mended in one place: shown first, then agreed to with one box.
async function dismiss(page, hand, one) {
  await hand.open(page, "a group of findings", one.findings[0]);
  await says(page, hand, `${one.findings.length - 1} more finding`, "mended in the same place", one.file);
  const names = await page.$$eval("fieldset li", (all) => all.filter((line) => line.checkVisibility()).length);
  if (names !== one.findings.length - 1) hand.fault(hand.place(), `shows ${names} of the others before they are agreed to`);
  await hand.check(page);
  await reach(page, hand, "#reason");
  await page.keyboard.type("made for this walk");
  await reach(page, hand, "#until");
  await page.keyboard.type(one.until);
  await reach(page, hand, "#all");
  await page.keyboard.press("Space");
  await follow(page, hand);
  await says(page, hand, "dismissed", "made for this walk");
  for (const finding of one.findings) {
    await hand.open(page, "a dismissed finding", finding);
    await says(page, hand, "Dismissed by", "made for this walk");
  }
}

// A file that others can read: planned, decided with its name typed, watched until it is proved.
async function tighten(page, hand, one) {
  await hand.open(page, "a file that others can read", one.identity);
  await hand.check(page);
  await reach(page, hand, `input[name="file"] ~ button`);
  await follow(page, hand, "Space");
  const plan = new URL(page.url()).pathname;
  await says(page, hand, "Mode", "0644 → 0600", "Lose reading it", "mate", "What lies in it goes on working");
  await hand.check(page, "plan-tighten");
  await reach(page, hand, "#name");
  await page.keyboard.type("another-file");
  // With script the refused page, too, shows itself again; what was wrong stays on it.
  const isAgain = (answer) => answer.request().resourceType() === "fetch" && new URL(answer.url()).pathname === plan && answer.ok();
  const again = hand.hasScript && page.waitForResponse(isAgain, { timeout: 10000 }).catch(() => hand.fault(hand.place(), "does not show itself again"));
  await follow(page, hand);
  await again;
  await says(page, hand, "Another name was typed. Nothing was done.");
  await hand.check(page);
  await checkAgain(page, hand);
  if (new URL(page.url()).pathname !== plan) hand.fault(hand.place(), `leads to ${page.url()}, not back to the plan`);
  const name = await page.$eval(`label[for="name"] strong`, (typed) => typed.textContent);
  await reach(page, hand, "#name");
  await page.keyboard.type(name);
  await follow(page, hand);
  hand.at("a file being tightened");
  // With script the page shows itself again; without, the browser asks for it again.
  const state = () => page.$eval(".lead .state", (shown) => shown.textContent).catch(() => "");
  for (let look = 0; look < LOOKS_MAX && (await state()) !== "✓ proved"; look += 1) {
    if (hand.hasScript) await page.waitForFunction(() => document.querySelector(".lead .state")?.textContent === "✓ proved", { timeout: 60000 });
    else await page.waitForNavigation({ timeout: 10000 });
  }
  await says(page, hand, "✓ proved", "closed to others", "what lies in it goes on working", "as a file that verifies offline");
  await hand.check(page, "plan-tightened");
}

// A plan about what may not log in says what it can reach, before anybody decides.
export async function planWithLess(page, hand, path) {
  await hand.open(page, "what may not log in", path);
  await reach(page, hand, "#reason");
  await page.keyboard.type("nobody uses it");
  await reach(page, hand, `input[name="kind"]`);
  await page.keyboard.press("ArrowDown");
  await follow(page, hand);
  await says(page, hand, "Can reach", "P2 only", "it may not log in now");
  await hand.check(page, "plan-with-less");
}

// Other options of a source: refused where they are no options, shown before they are changed.
async function change(page, hand, one) {
  const form = `/sources/${one.source}/change`;
  await hand.open(page, "a source's options", form);
  await hand.check(page);
  await reach(page, hand, "#options");
  await write(page, "lag-seconds=1\nno-such-option=1");
  await reach(page, hand, `button[value="preview"]`);
  await follow(page, hand);
  await says(page, hand, "no-such-option", "is not known");
  if (!(await page.$eval("#options", (typed) => typed.value)).includes("no-such-option=1")) hand.fault(hand.place(), "forgets what was typed");
  await hand.check(page);
  await checkAgain(page, hand);
  await reach(page, hand, "#options");
  await write(page, `lag-seconds=1\nseconds-max=${one.seconds}`);
  await reach(page, hand, `button[value="preview"]`);
  await follow(page, hand);
  await says(page, hand, "What would change", `becomes ${one.seconds}`);
  await hand.check(page, "source-change-previewed");
  await reach(page, hand, "#foreseen ~ form button");
  await follow(page, hand);
  if (new URL(page.url()).pathname !== `/sources/${one.source}`) hand.fault(hand.place(), `changing leads to ${page.url()}`);
  await says(page, hand, "seconds-max", one.seconds);
}
