// Signs in by an OpenID provider in a headless Chromium, without script, and says where that ended.
// What to do comes on standard input as JSON (see crates/tenure/tests/it/sign_in.rs). The provider is the private one of the
// test; nothing else is visited.
import { mkdirSync, readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const task = JSON.parse(readFileSync(0, "utf8"));
const browser = await puppeteer.launch({
  executablePath: task.chromium,
  headless: true,
  // The sandbox needs an account that is not the administrator's; the pages are our own.
  args: [...(process.getuid() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"],
});
try {
  const page = await browser.newPage();
  await page.setJavaScriptEnabled(false);
  await page.goto(new URL("/sign-in", task.address).href);
  for (const [width, scheme] of task.screenshots ? [[390, "light"], [390, "dark"], [1280, "light"], [1280, "dark"]] : []) {
    mkdirSync(task.screenshots, { recursive: true });
    await page.setViewport({ width, height: 700 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.screenshot({ path: `${task.screenshots}/sign-in-provider-${width}-${scheme}.png` });
  }
  const going = (act) => Promise.all([page.waitForNavigation({ waitUntil: "networkidle0" }), act()]);
  await going(() => page.click('a[href="/sign-in/provider"]'));
  await page.type('input[name="login"]', task.login);
  await page.type('input[name="password"]', "any");
  await going(() => page.click('button[type="submit"]'));
  // It asks for consent the first time only.
  if (await page.$('button[type="submit"]')) await going(() => page.click('button[type="submit"]'));
  const text = await page.$eval("body", (body) => body.innerText).catch(() => page.content());
  const cookies = await browser.cookies();
  const session = cookies.find((cookie) => cookie.name === "tenure_session");
  console.log(JSON.stringify({
    url: page.url(),
    text,
    session: session && { httpOnly: session.httpOnly, sameSite: session.sameSite },
  }));
} finally {
  await browser.close();
}
